import type {GitHubRefusalReason} from '../errors';
import {describeScope, type RunnerScope} from '../model/scope';

/** A call to GitHub. Decides what an error means, and names the call in messages. */
export type GitHubCall =
  | {
      readonly kind: 'register';
      readonly scope: RunnerScope;
      readonly runnerGroup: {readonly id: number; readonly name: string};
    }
  | {readonly kind: 'runners'; readonly scope: RunnerScope}
  | {readonly kind: 'runner_groups'; readonly scope: RunnerScope}
  | {readonly kind: 'job'; readonly scope: RunnerScope; readonly repository: string; readonly jobId: number}
  | {readonly kind: 'installation'; readonly scope: RunnerScope}
  | {readonly kind: 'token'; readonly installationId: number}
  /** `what` names the call in messages; `permission` is the permission that it needs. */
  | {
      readonly kind: 'discovery';
      readonly scope: RunnerScope;
      readonly what: string;
      readonly permission: DiscoveryPermission;
    };

export type DiscoveryPermission = 'metadata' | 'actions' | 'rerun' | 'hooks';

export function describeCall(call: GitHubCall): string {
  switch (call.kind) {
    case 'register':
      return `the JIT config for ${describeScope(call.scope)} (runner_group_id ${call.runnerGroup.id}, "${call.runnerGroup.name}")`;
    case 'runners':
      return `the runners of ${describeScope(call.scope)}`;
    case 'runner_groups':
      return `the runner groups of ${describeScope(call.scope)}`;
    case 'job':
      return `job ${call.jobId} of repository ${call.repository}`;
    case 'installation':
      return `the App's installation on ${describeScope(call.scope)}`;
    case 'token':
      return `an access token of installation ${call.installationId}`;
    case 'discovery':
      return call.what;
  }
}

export type CredentialsKind = 'app' | 'token';

/** Reads the reason of a refusal from the text of the body: GitHub uses both 403 and 404 for `not allowed` and for `does not exist`. */
export function refusalReason(call: GitHubCall, status: number, text: string): GitHubRefusalReason {
  if (/IP allow ?list/i.test(text)) return 'ip_allow_list';
  if (/SAML/.test(text)) return 'saml';
  if (/suspended/i.test(text)) return 'installation';
  if (status === 401) return 'credentials';
  if (/not accessible by|must have admin rights|must be an? (org(anization)? )?(admin|owner)/i.test(text)) {
    return 'permission';
  }
  if (call.kind === 'token' || call.kind === 'installation') return status === 422 ? 'other' : 'installation';
  if (call.kind === 'register' && (status === 403 || status === 404)) return 'runner_group';
  if (call.kind === 'register' && status === 422) return 'registration';
  return 'other';
}

/** What the operator has to change. */
export function remedy(reason: GitHubRefusalReason, call: GitHubCall, credentials: CredentialsKind): string {
  switch (reason) {
    case 'credentials':
      return credentials === 'app'
        ? 'Check that GITHUB_APP_PRIVATE_KEY is a key of the App GITHUB_APP_ID, and that it was not deleted in the settings of the App.'
        : 'GITHUB_TOKEN is wrong, expired or revoked: make a new one.';
    case 'permission':
      return permissionRemedy(call, credentials);
    case 'ip_allow_list':
      return 'The organization has an IP allow list: give the functions static egress (a VPC connector with Cloud NAT) and add its address to the list.';
    case 'saml':
      return 'The organization enforces SAML: authorize GITHUB_TOKEN for it (Configure SSO in the settings of the token), or use a GitHub App.';
    case 'installation':
      return call.kind === 'token'
        ? `Installation ${call.installationId} is not there any more, or suspended, or belongs to another App than GITHUB_APP_ID: install the App again or unsuspend it, and check GITHUB_APP_INSTALLATION_ID.`
        : `The App is not installed on ${scopeOf(call)}, or the installation is suspended: install it there, or add the repository to the installation.`;
    case 'runner_group':
      return `Either the runner group is not there or not open to ${scopeOf(call)} (check runnerGroup of the pool), or self-hosted runners are disabled for it, or there is no access to it (check its name, and where the App is installed).`;
    case 'registration':
      return 'GitHub does not accept this name, these labels or this runner group: check the pool.';
    case 'other':
      return 'This is not expected: check the name of the repository or organization, and what the App may access.';
  }
}

const DISCOVERY_NEEDS: Record<DiscoveryPermission, {app: string; token: string}> = {
  metadata: {app: 'repository permission "Metadata: read"', token: 'scope repo (classic)'},
  actions: {app: 'repository permission "Actions: read"', token: 'scope repo (classic)'},
  rerun: {app: 'repository permission "Actions: write"', token: 'scope repo (classic)'},
  hooks: {app: 'permission "Webhooks: write"', token: 'scope admin:repo_hook or admin:org_hook (classic)'},
};

function permissionRemedy(call: GitHubCall, credentials: CredentialsKind): string {
  if (call.kind === 'discovery') {
    const needs = DISCOVERY_NEEDS[call.permission];
    return credentials === 'token'
      ? `Give GITHUB_TOKEN the ${needs.token}.`
      : `Give the App the ${needs.app}, and accept it in the settings of the installation.`;
  }
  if (call.kind === 'job') {
    return credentials === 'token'
      ? 'Give GITHUB_TOKEN the scope repo (classic), or the repository permission "Actions: read" (fine-grained).'
      : 'Give the App the repository permission "Actions: read", and accept it in the settings of the installation.';
  }
  const organization = call.kind !== 'token' && call.scope.kind === 'organization';
  if (credentials === 'token') {
    return organization
      ? 'Give GITHUB_TOKEN the scope admin:org (classic), or the organization permission "Self-hosted runners: write" (fine-grained).'
      : 'Give GITHUB_TOKEN the scope repo (classic), or the repository permission "Administration: write" (fine-grained), of a user who administers the repository.';
  }
  return `Give the App the ${
    organization
      ? 'organization permission "Self-hosted runners: write"'
      : 'repository permission "Administration: write"'
  }, and accept it in the settings of the installation.`;
}

function scopeOf(call: GitHubCall): string {
  return call.kind === 'token' ? `installation ${call.installationId}` : describeScope(call.scope);
}
