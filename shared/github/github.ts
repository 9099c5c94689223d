import type {RunnerDownload, RunnerVersionEnds} from '../model/facts';
import type {JobStatus} from '../model/job';
import type {JobFields} from '../model/job-json';
import type {RunnerScope} from '../model/scope';
import type {Secret} from '../secret';

export interface JitConfigRequest {
  /** Runner name, unique in the scope; ≤ 64 characters. */
  readonly name: string;
  /** All labels: GitHub adds none to a JIT runner. 1 to 100. */
  readonly labels: readonly string[];
  /** Name of the runner group; `Default` unless configured. */
  readonly runnerGroup: string;
}

export interface JitConfig {
  readonly runnerId: number;
  /** Works once. Passed only to the metadata of the VM. */
  readonly encodedJitConfig: Secret;
}

/** A registered runner. */
export interface Registration {
  readonly id: number;
  readonly name: string;
  readonly status: 'online' | 'offline';
  /** GitHub’s value is wrong for up to minutes around the start of a job: a single `false` proves nothing. */
  readonly busy: boolean;
  readonly labels: readonly string[];
  /** The labels that can be removed: not `self-hosted`, the operating system and the architecture. */
  readonly customLabels: readonly string[];
  /** Version of the runner application, e.g. `2.338.0`; missing before the runner first connects, and where GitHub does not say. */
  readonly version?: string;
}

/** The state of a job at GitHub. */
export interface JobAtGitHub {
  readonly status: JobStatus;
  readonly runnerName: string | null;
  /** Id of the registration of the runner; null if GitHub does not say. */
  readonly runnerId: number | null;
}

/**
 * The calls to GitHub for one scope. Every call has a time-out and throws `RateLimited`, `Unavailable`, `Uncertain` or `Refused` (see
 * shared/errors.ts). `createJitConfig` throws `NameTaken` on 409, and `Uncertain` when no answer came and the registration may exist.
 *
 * @see https://docs.github.com/en/rest/actions/self-hosted-runners
 */
export interface GitHub {
  createJitConfig(request: JitConfigRequest): Promise<JitConfig>;
  /** A token with which `config.sh` registers runners in the scope, for an hour. Each call makes another one. */
  createRegistrationToken(): Promise<Secret>;
  /** The runner of exactly this name, or undefined. */
  findRunner(name: string): Promise<Registration | undefined>;
  getRunner(id: number): Promise<Registration | undefined>;
  /** Every runner of the scope. Throws if a page cannot be read. */
  listRunners(): Promise<Registration[]>;
  /** `busy`: GitHub refused (422), because the runner runs a job. `absent`: no such registration. */
  deleteRunner(id: number): Promise<'deleted' | 'absent' | 'busy'>;
  /** Removes a custom label from the runner. `absent`: the runner or the label does not exist. */
  removeLabel(runnerId: number, label: string): Promise<'removed' | 'absent'>;
  /** Adds labels to the runner. `absent`: the runner does not exist. */
  addLabels(runnerId: number, labels: readonly string[]): Promise<'added' | 'absent'>;
  /** A job of the repository `owner/name`, which the scope covers; undefined if it does not exist. */
  getJob(repository: string, jobId: number): Promise<JobAtGitHub | undefined>;
}

/** GitHub for a scope. The id of the installation comes from the webhook, else from the configuration, else it is looked up. */
export type GitHubFor = (scope: RunnerScope, installationId?: number) => GitHub;

/** A list that may be incomplete. Enough to add capacity; only a complete list shows that an item does not exist. */
export interface Listed<T> {
  readonly items: readonly T[];
  /** Why items may be missing: one of the errors in shared/errors.ts. Undefined: the list is complete. */
  readonly failure: unknown;
}

/** Runs `look`. Turns an error into an empty, incomplete list, so that other lists are still read. */
export async function listOrFailure<T>(look: () => Promise<Listed<T>>): Promise<Listed<T>> {
  try {
    return await look();
  } catch (failure) {
    return {items: [], failure};
  }
}

/** Joins lists: all items, and the first failure. */
export function joinLists<T>(lists: readonly Listed<T>[]): Listed<T> {
  return {
    items: lists.flatMap(({items}) => items),
    failure: lists.find(({failure}) => failure !== undefined)?.failure,
  };
}

/** A repository to which the App or the token has access. */
export interface DiscoveredRepository {
  /** `owner/name` */
  readonly fullName: string;
  readonly installationId: number | null;
  /** Null: not known. */
  readonly isPublic: boolean | null;
  /** Milliseconds since the epoch; null: not known. */
  readonly pushedAt: number | null;
}

/** A repository and the installation that acts for it; null: to be looked up. */
export type NamedRepository = Pick<DiscoveredRepository, 'fullName' | 'installationId'>;

/**
 * Whether who asks may see a repository. `no_app`: the App is not installed on its account; `suspended`: the account has suspended the
 * installation; `not_selected`: the installation leaves the repository out, or there is none of this name; `not_visible`: the token does not
 * see it.
 */
export type RepositoryAccess = 'granted' | 'no_app' | 'suspended' | 'not_selected' | 'not_visible';

/** `private`: everything but public, so `internal` too. */
export type RepositoryVisibility = 'public' | 'private';

/** Statuses of a run that may have queued jobs. A run that waits for an approval may have other, queued jobs. */
export const OPEN_RUNS: readonly string[] = ['queued', 'in_progress', 'waiting', 'pending', 'requested'];

/** A run that is not completed. */
export interface DiscoveredRun {
  readonly id: number;
  /** Null where GitHub's answer does not say. */
  readonly isPublic: boolean | null;
  /** Milliseconds since the epoch; null if GitHub does not say. A rerun keeps the time of its run. */
  readonly createdAt: number | null;
}

/** A job as GitHub shows it. */
export interface DiscoveredJob extends JobFields {
  readonly id: number;
  /** GitHub's own word for its status, of which `status` has fewer. */
  readonly word?: string;
  /** Milliseconds since the epoch; null or missing: GitHub does not say. A job that waits has a start, too: when it was queued. */
  readonly startedAt?: number | null;
  readonly completedAt?: number | null;
  /** `success`, `failure`, `cancelled`, …; null while the job is not completed. */
  readonly conclusion: string | null;
  /** A step failed, so the job did not fail for lack of its machine. */
  readonly hasFailedStep: boolean;
}

/** The one hook of an App, or a hook of a repository or organization. `app`: as `app-2`; left out of the first one, or the only one. */
export type HookReference =
  | {readonly kind: 'app'; readonly app?: string}
  | {readonly kind: 'hook'; readonly scope: RunnerScope; readonly hookId: number};

/** One attempt to deliver an event. All attempts of an event have the same `guid`. */
export interface DiscoveredDelivery {
  readonly hook: HookReference;
  readonly id: number;
  readonly guid: string;
  readonly event: string;
  readonly action: string | null;
  readonly deliveredAt: number;
  readonly redelivery: boolean;
  readonly ok: boolean;
  /** HTTP status of the answer; null: there was none. */
  readonly statusCode: number | null;
}

/** One page of the attempts of a hook, newest first. */
export interface DeliveryPage {
  readonly deliveries: readonly DiscoveredDelivery[];
  /** Cursor of the next page; null on the last page. */
  readonly next: string | null;
  /** Number of items whose shape GitHub does not describe. */
  readonly unreadable: number;
}

/**
 * The calls of the sweep to GitHub beyond the runners of one scope. A list that is not a `Listed` is complete, or an error is thrown. Every
 * call has a time-out and throws `RateLimited`, `Unavailable` or `Refused`. An unchanged answer does not count against the hourly limit.
 *
 * @see https://docs.github.com/en/rest/actions/workflow-runs
 * @see https://docs.github.com/en/rest/apps/webhooks
 */
export interface Discovery {
  readonly credentials: 'app' | 'token';
  /** Lists the repositories of all installations of the App, or all to which the user of the token has access. */
  listRepositories(): Promise<Listed<DiscoveredRepository>>;
  listRepositoriesOf(org: string): Promise<Listed<DiscoveredRepository>>;
  /**
   * The newest runs of the repository since `sinceMs`, in one call. `open`: those that are not completed; `isAll`: there are no more runs.
   */
  recentRuns(
    repository: DiscoveredRepository,
    sinceMs: number,
  ): Promise<{readonly open: readonly DiscoveredRun[]; readonly isAll: boolean}>;
  /** The runs created since `sinceMs` that are not completed. A run whose jobs run or wait may also have queued jobs. */
  openRuns(repository: DiscoveredRepository, sinceMs: number): Promise<Listed<DiscoveredRun>>;
  /** The jobs of the latest attempt of a run. */
  jobs(repository: DiscoveredRepository, run: Pick<DiscoveredRun, 'id'>): Promise<Listed<DiscoveredJob>>;
  /** Undefined: the job does not exist. */
  job(repository: NamedRepository, id: number): Promise<DiscoveredJob | undefined>;
  /** Whether the run is completed or does not exist: then none of its jobs is given to a runner. */
  isOver(repository: NamedRepository, runId: number): Promise<boolean>;
  /** Undefined: the run does not exist. */
  run(repository: NamedRepository, runId: number): Promise<DiscoveredRun | undefined>;
  access(repository: NamedRepository): Promise<RepositoryAccess>;
  /** Undefined: the repository does not exist, or who asks does not see it. */
  visibility(repository: NamedRepository): Promise<RepositoryVisibility | undefined>;
  listRunners(scope: RunnerScope, installationId: number | null): Promise<Registration[]>;
  /** The runner application that GitHub offers now, for each platform. Every scope gives the same answer. */
  runnerDownloads(scope: RunnerScope, installationId: number | null): Promise<readonly RunnerDownload[]>;
  /** When GitHub ends the version. No end where GitHub does not know the version, or has no such answer (GitHub Enterprise Server). */
  runnerVersionEnds(scope: RunnerScope, installationId: number | null, version: string): Promise<RunnerVersionEnds>;
  /** The hooks that receive `workflow_job`. Empty with an App, whose own hook is used. */
  hooks(scope: RunnerScope): Promise<HookReference[]>;
  /** The hooks of the Apps that deliver to this deployment: that of the first one, and those of others with the same URL. Empty with a token. */
  appHooks(): Promise<readonly HookReference[]>;
  /**
   * One page of the attempts that GitHub keeps, newest first, from `cursor` on. `failuresOnly` leaves out attempts that were answered with
   * success, and those without an answer.
   */
  deliveries(
    hook: HookReference,
    from: {readonly cursor: string | null; readonly failuresOnly: boolean},
  ): Promise<DeliveryPage>;
  /** Asks GitHub to redeliver the event of an attempt; any of its attempts will do. */
  redeliver(attempt: Pick<DiscoveredDelivery, 'hook' | 'id'>): Promise<void>;
  /** Reruns a completed job, as the next attempt of its run. */
  rerun(repository: NamedRepository, jobId: number): Promise<void>;
  /** Remaining share of the hourly limit by GitHub’s latest answers, 0 to 1; the lowest of all installations. 1 before the first answer. */
  remainingQuota(): number;
}

/** Permissions of an App or of an installation: `read`, `write` or `admin`, by name. */
export type AppPermissions = Readonly<Record<string, string>>;

/** The App as its owner has set it up. */
export interface AppAtGitHub {
  readonly id: number;
  readonly slug: string;
  /** The App's page; undefined where GitHub does not say. */
  readonly htmlUrl?: string;
  readonly permissions: AppPermissions;
  /** The events that its webhook receives. */
  readonly events: readonly string[];
}

/** An account's installation of the App. It keeps the permissions that its account has accepted. */
export interface AppInstallation {
  readonly id: number;
  readonly login: string;
  readonly isSuspended: boolean;
  readonly permissions: AppPermissions;
}

/** The App's webhook. GitHub does not say whether it is active. */
export interface AppWebhook {
  /** Null: the App has no webhook. */
  readonly url: string | null;
  readonly hasSecret: boolean;
  /** Whether GitHub delivers although the certificate of the URL is not valid. */
  readonly isInsecure: boolean;
}

/** A runner group of an organization. */
export interface RunnerGroupAtGitHub {
  readonly name: string;
  readonly isDefault: boolean;
  readonly allowsPublicRepositories: boolean;
  /** Only these workflows get its runners; undefined: every workflow. */
  readonly onlyWorkflows?: readonly string[];
}

/**
 * What the doctor asks GitHub: how the App, its installations and the runner groups are set up. Changes nothing, keeps nothing. Every call has
 * a time-out and throws `RateLimited`, `Unavailable` or `Refused`.
 *
 * @see https://docs.github.com/en/rest/apps/apps
 * @see https://docs.github.com/en/rest/apps/webhooks
 */
export interface Inspection {
  readonly credentials: 'app' | 'token';
  /** Throws `Refused` with a personal access token; so do the next three calls. */
  app(): Promise<AppAtGitHub>;
  installations(): Promise<Listed<AppInstallation>>;
  webhook(): Promise<AppWebhook>;
  /** The App's newest deliveries, at most 100, newest first. */
  deliveries(): Promise<readonly DiscoveredDelivery[]>;
  /** The groups of the organization; with `repository` (its name without the owner), only those whose runners it may use. */
  runnerGroups(org: string, repository?: string): Promise<Listed<RunnerGroupAtGitHub>>;
  /** The scopes of a classic personal access token; null: GitHub does not say, as for a fine-grained token. Throws `Refused` for a wrong token. */
  tokenScopes(): Promise<readonly string[] | null>;
}

/** The ports to GitHub, which share tokens, installations and runner groups. */
export interface GitHubConnection {
  readonly forScope: GitHubFor;
  readonly discovery: Discovery;
  readonly inspection: Inspection;
  /** Whether the App is installed for the scope, and not suspended there; a token always acts. Asks GitHub afresh. Throws typed errors. */
  actsFor(scope: RunnerScope): Promise<boolean>;
  /** Share of the hour's requests that `forScope` has left in the scope by GitHub's latest answer, 0 to 1; 1 if not known. */
  left(scope: RunnerScope): number;
}
