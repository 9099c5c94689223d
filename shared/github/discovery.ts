import type {JobStatus} from '../model/job';
import type {RunnerScope} from '../model/scope';
import type {Registration} from './github';

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

/** As much of a list as could be read: enough to add capacity; whether something is missing from GitHub only a complete list tells. */
export interface Listed<T> {
  readonly items: readonly T[];
  /** Why the list may lack items: one of the errors in shared/errors.ts. Undefined: it is complete. */
  readonly failure: unknown;
}

export interface DiscoveredJob {
  readonly id: number;
  readonly runId: number;
  readonly runAttempt: number;
  readonly status: JobStatus;
  /** `success`, `failure`, `cancelled`, …; null while it is not over. */
  readonly conclusion: string | null;
  readonly labels: readonly string[];
  /** Of a job that runs or ran. */
  readonly runnerName: string | null;
  /** That runner's registration; null where GitHub does not say. */
  readonly runnerId: number | null;
  /** Name of the workflow; null where GitHub does not say. */
  readonly workflow: string | null;
  readonly url: string | null;
  /**
   * Of a job that waits: since when, which may be weeks after its run began. Else when GitHub created it. Milliseconds since the epoch; null
   * where GitHub's answer does not say.
   */
  readonly queuedAt: number | null;
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
  visible(): Promise<Listed<DiscoveredRepository>>;
  ofOrganization(org: string): Promise<Listed<DiscoveredRepository>>;
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
  job(
    repository: Pick<DiscoveredRepository, 'fullName' | 'installationId'>,
    id: number,
  ): Promise<DiscoveredJob | undefined>;
  /** Whether the run is completed, or not there: then nobody is given a job of it. */
  isOver(repository: Pick<DiscoveredRepository, 'fullName' | 'installationId'>, runId: number): Promise<boolean>;
  runners(scope: RunnerScope, installationId: number | null): Promise<Registration[]>;
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
  rerun(repository: Pick<DiscoveredRepository, 'fullName' | 'installationId'>, jobId: number): Promise<void>;
  /** How much of the hour's limit is left by GitHub's last answers, 0 to 1; 1 while it has given none. The lowest of all installations. */
  left(): number;
}
