import type {DiscoveredJob, Registration, RepositoryAccess} from '../github/github';
import type {KnownHost} from '../hosts/hosts';
import type {BreakerDocument} from '../model/breaker';
import type {ContainerDocument} from '../model/container';
import type {HookReading} from '../model/deliveries';
import type {FailedAttempt, JobDocument, JobKey} from '../model/job';
import type {Pool} from '../model/pool';
import type {RunnerDocument} from '../model/runner';
import type {DeadLetterDocument} from '../model/tasks';
import type {VmDocument} from '../model/vm';
import type {Vm} from '../vms/vms';

/** Which job a person asks about. */
export interface JobReference {
  readonly jobId: number;
  /** Left out: the newest. */
  readonly runAttempt?: number;
  /** `owner/name`; left out: not known. */
  readonly repository?: string;
}

/**
 * The job at GitHub. `not_asked`: the verdict comes from the record alone. `absent`: GitHub does not know it, where it was looked for (`where`,
 * in words). `no_answer`: `because` says who did not answer. `no_access`: GitHub does not show its repository.
 */
export type JobLook =
  | {readonly kind: 'not_asked'}
  | {readonly kind: 'seen'; readonly job: DiscoveredJob; readonly repository: string; readonly isPublic: boolean | null}
  | {readonly kind: 'absent'; readonly where: string}
  | {readonly kind: 'no_answer'; readonly because: string}
  | {
      readonly kind: 'no_access';
      readonly repository: string;
      readonly access: Exclude<RepositoryAccess, 'granted'>;
    };

/** A runner's registration at GitHub. `unknown`: not asked, or no answer. */
export type RegistrationLook = Registration | 'absent' | 'unknown';

/** So far a queue is read job by job. */
export const MOST_READ = 200;

/** How full a pool is, and who is before the job. */
export interface QueuePlace {
  /** From 1; undefined: the job is not among the first 200 of the queue. */
  readonly position: number | undefined;
  /** Slots of the pool in use, and how many there are. */
  readonly taken: number;
  readonly limit: number;
  /** The same of all pools together; undefined: they have no limit of their own. */
  readonly all?: {readonly taken: number; readonly limit: number};
}

/** The persistent VM of the job's pool. */
export interface VmLook {
  readonly vm: Vm;
  /** Undefined: nothing was asked of it yet. */
  readonly document: VmDocument | undefined;
  /** Jobs of the VM that wait and were queued before this one. */
  readonly before: number;
}

/** What the sweep and the webhook's deliveries say of themselves on record. */
export interface Eyes {
  /** When the last sweep ended; null: none yet. */
  readonly sweptAt: number | null;
  readonly sweepSeconds: number;
  readonly webhooks: 'on' | 'off';
  /** Of the webhook whose newest deliveries all failed; undefined: none. */
  readonly webhookDown: Pick<HookReading, 'failedWith'> | undefined;
  /** Why the provision queue of the job's owner hands out no task, in words; left out: it was not asked, or it does. */
  readonly queueDown?: string | undefined;
}

/** Everything that a verdict is made of. Undefined or absent: there is none. */
export interface LookedAt {
  readonly now: number;
  readonly asked: JobReference;
  readonly pools: readonly Pool[];
  readonly job: JobDocument | undefined;
  /** Why the newest attempt to get the job a runner failed, where a retry is to make it good. */
  readonly failed: FailedAttempt | undefined;
  readonly github: JobLook;
  /** The configured pool that the job is for. */
  readonly pool: Pool | undefined;
  /** The dead letter of the job. */
  readonly letter: DeadLetterDocument | undefined;
  /** The runner that is there for the job, or runs it. */
  readonly runner: RunnerDocument | undefined;
  readonly registration: RegistrationLook;
  /** Open ones that keep work from the pool. */
  readonly breakers: readonly BreakerDocument[];
  readonly queue: QueuePlace | undefined;
  readonly vm: VmLook | undefined;
  /** The persistent VM whose runner runs the job is down; left out: it is up, or nobody knows. */
  readonly lostVm?: {readonly instance: string; readonly status: string} | undefined;
  /** The Docker hosts of the pool; empty: it has none. */
  readonly hosts: readonly KnownHost[];
  /** The container of the runner on one of them. */
  readonly container?: ContainerDocument | undefined;
  readonly eyes: Eyes;
  /** How long a boot usually takes in the pool: the median of the last 50, in milliseconds. Undefined: not known, or the runner does not boot. */
  readonly usualBootMs: number | undefined;
  /** Runners that were made for the job before, and whose machines did not boot; oldest first. */
  readonly failedBoots: readonly RunnerDocument[];
  /** Placements that are tried for the job's runner, in words; empty: not known. */
  readonly placements: readonly string[];
}

/** The same job in the words of whoever knows it: the record, else GitHub. */
export function jobName(looked: LookedAt): JobKey | string {
  const {job, github, asked} = looked;
  if (job) return `${job.jobId}-${job.runAttempt}`;
  if (github.kind === 'seen') return `${github.job.id}-${github.job.runAttempt}`;
  return asked.runAttempt === undefined ? String(asked.jobId) : `${asked.jobId}-${asked.runAttempt}`;
}

/** `owner/name` of the job, as far as anybody knows it. */
export function repositoryOf({job, github, asked}: LookedAt): string | undefined {
  if (job) return job.repository;
  return github.kind === 'seen' || github.kind === 'no_access' ? github.repository : asked.repository;
}

/** Since when the job is in the queue: by GitHub, else by the record. */
export function queuedSince({job, github, now}: LookedAt): number {
  const atGitHub = github.kind === 'seen' ? github.job.queuedAt : null;
  return job?.queuedAt ?? atGitHub ?? now;
}
