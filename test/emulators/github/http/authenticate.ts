import type {GitHubWorld} from '../model';
import {GitHubRefusal, notFound} from '../refusal';
import type {Identity} from './call';
import {checkAppJwt} from './json-web-token';

/** Operations of the App itself: an installation's token does not open them, and its JWT opens no other. */
const APP_OPERATIONS = new Set([
  'apps/get-authenticated',
  'apps/list-installations',
  'apps/get-installation',
  'apps/create-installation-access-token',
  'apps/list-webhook-deliveries',
  'apps/get-webhook-delivery',
  'apps/redeliver-webhook-delivery',
  'apps/get-webhook-config-for-app',
  'apps/update-webhook-config-for-app',
  'apps/get-repo-installation',
  'apps/get-org-installation',
]);

const TOKEN_OPERATION = 'apps/create-installation-access-token';

const OPEN_OPERATIONS = new Set(['meta/get', 'rate-limit/get', 'apps/create-from-manifest']);

/** Who asks. Throws 401 when the operation wants another kind of credentials, or these are wrong. */
export function authenticate(world: GitHubWorld, operationId: string, authorization: string | undefined): Identity {
  const credentials = /^(?:bearer|token) +(\S+)$/i.exec(authorization ?? '')?.[1];
  if (APP_OPERATIONS.has(operationId)) {
    if (!credentials?.includes('.')) throw new GitHubRefusal(401, 'A JSON web token could not be decoded');
    const app = checkAppJwt(world, credentials);
    // GitHub answers so for a moment when two processes send the same text.
    if (operationId === TOKEN_OPERATION && app.refusesTwins && !app.isNewJwt(credentials)) throw notFound();
    return {kind: 'app', app, caller: `app ID ${app.id}`};
  }
  if (credentials === undefined) {
    if (OPEN_OPERATIONS.has(operationId)) return {kind: 'nobody', caller: '127.0.0.1'};
    throw new GitHubRefusal(401, 'Requires authentication');
  }
  const token = world.apps.map((app) => app.tokenOwner(credentials)).find(Boolean);
  if (!token) throw new GitHubRefusal(401, 'Bad credentials');
  if (token.kind === 'personal') return {kind: 'token', token, caller: `user ${token.login}`};
  if (token.installation.suspended) throw new GitHubRefusal(403, 'This installation has been suspended');
  return {kind: 'token', token, caller: installationCaller(token.installation.id)};
}

export function installationCaller(installationId: number): string {
  return `installation ID ${installationId}`;
}
