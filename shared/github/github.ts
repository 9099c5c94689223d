import type {JobStatus} from '../model/job';
import type {JobFields} from '../model/job-json';
import type {RunnerScope} from '../model/scope';
import type {Secret} from '../secret';

export interface JitConfigRequest {
  /** Runner name, unique in the scope; ≤ 64 characters. */
  readonly name: string;
  /** All labels, spelt out: GitHub adds none to a JIT runner. 1 to 100. */
  readonly labels: readonly string[];
  /** Runner group by name; `Default` unless configured. */
  readonly runnerGroup: string;
}

export interface JitConfig {
  readonly runnerId: number;
  /** Single use. Goes into the VM's metadata and nowhere else. */
  readonly encodedJitConfig: Secret;
}

/** A runner as GitHub lists it. */
export interface Registration {
  readonly id: number;
  readonly name: string;
  readonly status: 'online' | 'offline';
  /** Lies for up to minutes around the start of a job: one `false` proves nothing. */
  readonly busy: boolean;
  readonly labels: readonly string[];
  /** Those of the labels that can be taken off: not `self-hosted`, the system and the architecture. */
  readonly customLabels: readonly string[];
}

/** How GitHub says that a job stands. */
export interface JobAtGitHub {
  readonly status: JobStatus;
  readonly runnerName: string | null;
  /** The runner's registration; null where GitHub does not say. */
  readonly runnerId: number | null;
}

/**
 * What Slipway asks of GitHub, for one scope. Every call has a time-out and throws `RateLimited`, `Unavailable`, `Uncertain`
 * or `Refused` (see shared/errors.ts); `createJitConfig` throws `NameTaken` on 409, and `Uncertain` when the registration
 * may exist although no answer came.
 *
 * @see https://docs.github.com/en/rest/actions/self-hosted-runners
 */
export interface GitHub {
  createJitConfig(request: JitConfigRequest): Promise<JitConfig>;
  /** The runner of exactly this name, or undefined. */
  findRunner(name: string): Promise<Registration | undefined>;
  getRunner(id: number): Promise<Registration | undefined>;
  /** Every runner of the scope: all pages, or an error. */
  listRunners(): Promise<Registration[]>;
  /** `busy`: GitHub refuses (422) because the runner runs a job. `absent`: it was not there. */
  deleteRunner(id: number): Promise<'deleted' | 'absent' | 'busy'>;
  /** Takes a custom label off the runner. `absent`: the runner or its label was not there. */
  removeLabel(runnerId: number, label: string): Promise<'removed' | 'absent'>;
  /** Gives the runner labels beside those that it has. `absent`: the runner is not there. */
  addLabels(runnerId: number, labels: readonly string[]): Promise<'added' | 'absent'>;
  /** The job of a repository, `owner/name`, that the scope covers; undefined when it is not there (any more). */
  getJob(repository: string, jobId: number): Promise<JobAtGitHub | undefined>;
}

/** GitHub for a scope. The installation id comes from the webhook's payload, else the configuration, else it is looked up. */
export type GitHubFor = (scope: RunnerScope, installationId?: number) => GitHub;

/** As much of a list as could be read: enough to add capacity; whether something is missing from GitHub only a complete list tells. */
export interface Listed<T> {
  readonly items: readonly T[];
  /** Why the list may lack items: one of the errors in shared/errors.ts. Undefined: it is complete. */
  readonly failure: unknown;
}

/** What `look` lists. A list that cannot be read at all is an empty, incomplete one, so that it does not stop the reading of others. */
export async function listOrFailure<T>(look: () => Promise<Listed<T>>): Promise<Listed<T>> {
  try {
    return await look();
  } catch (failure) {
    return {items: [], failure};
  }
}

/** The items of all lists, with the first failure of one. */
export function joinLists<T>(lists: readonly Listed<T>[]): Listed<T> {
  return {
    items: lists.flatMap(({items}) => items),
    failure: lists.find(({failure}) => failure !== undefined)?.failure,
  };
}

/** A repository that the App or the token can see. */
export interface DiscoveredRepository {
  /** `owner/name` */
  readonly fullName: string;
  readonly installationId: number | null;
  /** Null: nobody has asked GitHub. */
  readonly isPublic: boolean | null;
  /** Milliseconds since the epoch; null: not known. */
  readonly pushedAt: number | null;
}

/** A repository, and the installation in whose name it is asked about; null: to be looked up. */
export type NamedRepository = Pick<DiscoveredRepository, 'fullName' | 'installationId'>;

/** Statuses of a run that may hold queued jobs: a run is not its jobs. One that waits for an approval may have others in the queue. */
export const OPEN_RUNS: readonly string[] = ['queued', 'in_progress', 'waiting', 'pending', 'requested'];

/** A run that is not over. */
export interface DiscoveredRun {
  readonly id: number;
  /** Null where GitHub's answer does not say. */
  readonly isPublic: boolean | null;
  /** Milliseconds since the epoch; null where GitHub's answer does not say. A run that was run again keeps it. */
  readonly createdAt: number | null;
}

/** A job as the sweep finds it. */
export interface DiscoveredJob extends JobFields {
  readonly id: number;
  /** `success`, `failure`, `cancelled`, …; null while it is not over. */
  readonly conclusion: string | null;
  /** A step failed: the job did not fail for want of its machine. */
  readonly hasFailedStep: boolean;
}

/** The App's one hook, or one of a repository or organization. */
export type HookReference =
  | {readonly kind: 'app'}
  | {readonly kind: 'hook'; readonly scope: RunnerScope; readonly hookId: number};

/** One attempt to deliver an event. Attempts of one event share the `guid`. */
export interface DiscoveredDelivery {
  readonly hook: HookReference;
  readonly id: number;
  readonly guid: string;
  readonly event: string;
  readonly action: string | null;
  readonly deliveredAt: number;
  readonly redelivery: boolean;
  readonly ok: boolean;
}

/** A page of a hook's attempts, newest first. */
export interface DeliveryPage {
  readonly deliveries: readonly DiscoveredDelivery[];
  /** Where the list goes on, as GitHub names it; null at its end. */
  readonly next: string | null;
  /** Items that have another shape than GitHub describes: nothing is known of them. */
  readonly unreadable: number;
}

/**
 * What the sweep asks of GitHub beyond the runners of one scope. A list that is no `Listed` is complete or it is an error. Every call has a
 * time-out and throws `RateLimited`, `Unavailable` or `Refused`. An answer that GitHub has not changed since costs nothing of the hour's limit.
 *
 * @see https://docs.github.com/en/rest/actions/workflow-runs
 * @see https://docs.github.com/en/rest/apps/webhooks
 */
export interface Discovery {
  readonly credentials: 'app' | 'token';
  /** Of all installations of the App, or all that the token's user can see. */
  listRepositories(): Promise<Listed<DiscoveredRepository>>;
  listRepositoriesOf(org: string): Promise<Listed<DiscoveredRepository>>;
  /** The repository's newest runs since, in one call: those that are not over, and whether there were no more than these. */
  recentRuns(
    repository: DiscoveredRepository,
    sinceMs: number,
  ): Promise<{readonly open: readonly DiscoveredRun[]; readonly isAll: boolean}>;
  /** The runs created since that are not over: a run with one job that runs or waits may have others in the queue. */
  openRuns(repository: DiscoveredRepository, sinceMs: number): Promise<Listed<DiscoveredRun>>;
  /** The jobs of a run's latest attempt. */
  jobs(repository: DiscoveredRepository, run: Pick<DiscoveredRun, 'id'>): Promise<Listed<DiscoveredJob>>;
  /** Undefined when it is not there. */
  job(repository: NamedRepository, id: number): Promise<DiscoveredJob | undefined>;
  /** Whether the run is completed, or not there: then nobody is given a job of it. */
  isOver(repository: NamedRepository, runId: number): Promise<boolean>;
  listRunners(scope: RunnerScope, installationId: number | null): Promise<Registration[]>;
  /** Hooks that get `workflow_job`. None with an App, which has its own. */
  hooks(scope: RunnerScope): Promise<HookReference[]>;
  /**
   * One page of the attempts that GitHub has kept, newest first, from a place in the list on. `failuresOnly` leaves out what was answered
   * well, and what got no answer at all.
   */
  deliveries(
    hook: HookReference,
    from: {readonly cursor: string | null; readonly failuresOnly: boolean},
  ): Promise<DeliveryPage>;
  /** Sends the event of an attempt once more; any attempt of it will do. */
  redeliver(attempt: Pick<DiscoveredDelivery, 'hook' | 'id'>): Promise<void>;
  /** Runs a finished job once more, as the run's next attempt. */
  rerun(repository: NamedRepository, jobId: number): Promise<void>;
  /** How much of the hour's limit is left by GitHub's last answers, 0 to 1; 1 while it has given none. The lowest of all installations. */
  remainingQuota(): number;
}

/** All that Slipway asks of GitHub. Both parts share one connection: its tokens, installations and runner groups. */
export interface GitHubConnection {
  readonly forScope: GitHubFor;
  readonly discovery: Discovery;
}
