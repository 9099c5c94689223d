import {sameName} from '../account';
import {covers, type Permissions, type Token} from '../app';
import type {GitHubWorld} from '../model';
import {GitHubRefusal, notFound} from '../refusal';
import {type Call, fullName, text} from './call';

/** What a token needs for an operation, by the beginning of the operation's path after the scope. */
const NEEDS: readonly {readonly path: RegExp; readonly permission: keyof Permissions & string}[] = [
  {path: /^\/repos\/[^/]+\/[^/]+\/actions\/runners(\/|$)/, permission: 'administration'},
  {path: /^\/orgs\/[^/]+\/actions\/(runners|runner-groups)(\/|$)/, permission: 'organization_self_hosted_runners'},
  {path: /^\/repos\/[^/]+\/[^/]+\/actions\//, permission: 'actions'},
  {path: /^\/repos\/[^/]+\/[^/]+\/hooks(\/|$)/, permission: 'repository_hooks'},
  {path: /^\/orgs\/[^/]+\/hooks(\/|$)/, permission: 'organization_hooks'},
];

/**
 * Whether who asks may. Throws 404 for what a token cannot see, as GitHub does for what is not there, and 403 for what it
 * sees and may not touch.
 */
export function authorize(call: Call, method: string, path: string): void {
  const {identity, world} = call;
  if (identity.kind !== 'token') return;
  const {token} = identity;
  if ('repo' in call.path) seeRepository(world, token, fullName(call));
  else if ('org' in call.path) seeOrganization(world, token, text(call, 'org'));
  const need = NEEDS.find((each) => each.path.test(path))?.permission;
  if (need !== undefined) checkPermission(token, need, method);
}

function seeRepository(world: GitHubWorld, token: Token, name: string): void {
  const repository = world.accounts.repository(name);
  const seen =
    token.kind === 'personal'
      ? covers(token.repositories, repository.fullName)
      : sameName(token.installation.account.login, repository.owner.login) &&
        covers(token.installation.repositories, repository.fullName);
  if (!seen) throw notFound();
}

function seeOrganization(world: GitHubWorld, token: Token, login: string): void {
  const organization = world.accounts.organization(login);
  if (token.kind === 'installation' && !sameName(token.installation.account.login, organization.login))
    throw notFound();
}

function checkPermission(token: Token, need: string, method: string): void {
  if (token.kind === 'personal') {
    if (!token.admin && need !== 'actions') throw new GitHubRefusal(403, 'Must have admin rights to Repository.');
    return;
  }
  const has = token.installation.permissions[need];
  if (has === 'write' || (has === 'read' && method === 'GET')) return;
  throw new GitHubRefusal(403, 'Resource not accessible by integration');
}
