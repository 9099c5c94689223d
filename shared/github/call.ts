import {describeScope, type RunnerScope} from '../model/scope';

/** What was asked of GitHub: decides what an error means, and names the call in messages. */
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
  /** `what` names it in messages; `permission` is what it takes. */
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
