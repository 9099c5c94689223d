import type {JobEvent} from './job-event';
import {foreignLabels, missingLabels, wildcardMatches} from './labels';
import {impossibleLabels, parseRunnerName} from './names';
import {chooseOptions} from './options';
import {isPersistent, type Pool} from './pool';

/** The properties of a job by which it is matched. */
export interface JobToMatch {
  /** `owner/name` */
  readonly repository: string;
  readonly isPublic: boolean;
  readonly labels: readonly string[];
}

export type IgnoreReason = 'labels' | 'no_labels' | 'no_matching_pool' | 'public_repository' | 'option_not_allowed';

export type Match =
  | {readonly kind: 'matched'; readonly pool: Pool}
  | {readonly kind: 'ignored'; readonly reason: IgnoreReason; readonly detail: string};

/**
 * The pool of a job. A pool matches if it serves the job's repository and `requires ⊆ job labels ⊆ offers`, compared without case, where
 * `*` in either list stands for any characters. A job without labels matches the pools of its organization with `acceptsUnlabeled`, whatever
 * they require. A label that is an option is compared with the pool's `options`, and not with `offers`. Of several pools the one with the highest `priority` is taken, then the one with the most `requires`, then the first. A job
 * of a public repository matches only pools that allow it. A job with a label that no runner can have matches none.
 */
export function matchJob(job: JobToMatch, pools: readonly Pool[]): Match {
  const impossible = impossibleLabels(job.labels);
  if (impossible) return {kind: 'ignored', reason: 'labels', detail: `the job ${impossible}`};
  const labels = [...new Set(job.labels.map((label) => label.toLowerCase()))];
  const refusals = pools.map((pool) => refusalOf({...job, labels}, pool));
  const allowed = pools.filter((_, index) => refusals[index] === undefined);
  const best = allowed.reduce<Pool | undefined>(
    (winner, pool) => (winner && !hasPrecedence(pool, winner) ? winner : pool),
    undefined,
  );
  if (best) return {kind: 'matched', pool: best};
  const closed = pools[refusals.findIndex((refusal) => refusal?.kind === 'public')];
  if (closed) {
    return {
      kind: 'ignored',
      reason: 'public_repository',
      detail: `${job.repository} is public and pool ${closed.name} ${
        closed.allowPublicRepos ? 'has a persistent VM, which serves no public one' : 'does not set allowPublicRepos'
      }`,
    };
  }
  const strict = refusals.flatMap((refusal, index) =>
    refusal?.kind === 'option' ? [`pool ${pools[index]?.name} ${refusal.because}`] : [],
  );
  if (strict.length > 0) return {kind: 'ignored', reason: 'option_not_allowed', detail: strict.join('; ')};
  if (labels.length === 0) return {kind: 'ignored', reason: 'no_labels', detail: explainUnlabeled(job)};
  return {kind: 'ignored', reason: 'no_matching_pool', detail: explainMismatch(job, labels, pools)};
}

/** Why a pool does not take a job. */
export type PoolRefusal =
  | {readonly kind: 'repository'}
  /** The job has a label that no runner can have. `because`: a part of a sentence about the job. */
  | {readonly kind: 'impossible'; readonly because: string}
  /** The job asks for no label, and the pool takes no such jobs. */
  | {readonly kind: 'unlabeled'}
  /** Texts of `requires` that the job does not ask for, and labels of the job that the pool does not offer. Lower case. */
  | {readonly kind: 'labels'; readonly missing: readonly string[]; readonly foreign: readonly string[]}
  | {readonly kind: 'public'}
  /** A label of the job that is an option which the pool does not allow. `because`: a part of a sentence about the pool. */
  | {readonly kind: 'option'; readonly label: string; readonly because: string};

/** Why this pool alone would not take the job; undefined: it would, unless another pool has precedence. */
export function refusalOf(job: JobToMatch, pool: Pool): PoolRefusal | undefined {
  if (!takesRepository(pool, job.repository)) return {kind: 'repository'};
  const impossible = impossibleLabels(job.labels);
  if (impossible) return {kind: 'impossible', because: impossible};
  const labels = [...new Set(job.labels.map((label) => label.toLowerCase()))];
  if (labels.length === 0) {
    if (!pool.acceptsUnlabeled || pool.scope.kind !== 'organization') return {kind: 'unlabeled'};
  } else {
    const missing = missingLabels(pool, labels);
    const foreign = foreignLabels(pool, labels);
    if (missing.length + foreign.length > 0) return {kind: 'labels', missing, foreign};
  }
  return refusalBesidesLabels(job, pool);
}

/** Why the pool would not take a job of its repositories and labels, as `refusalOf` says it. */
function refusalBesidesLabels({isPublic, labels}: JobToMatch, pool: Pool): PoolRefusal | undefined {
  if (isPublic && !takesPublic(pool)) return {kind: 'public'};
  const chosen = chooseOptions(pool, labels);
  return chosen.kind === 'refused' ? {...chosen, kind: 'option'} : undefined;
}

/** Never for a persistent VM: a stranger's pull request could leave something behind there that affects the next job. */
function takesPublic(pool: Pool): boolean {
  return pool.allowPublicRepos && !isPersistent(pool);
}

function hasPrecedence(pool: Pool, winner: Pool): boolean {
  if (pool.priority !== winner.priority) return pool.priority > winner.priority;
  return pool.requires.length > winner.requires.length;
}

/** Whether a pool serves a repository: its organization owns the repository, or one of its patterns matches and none with `!` excludes it. */
export function takesRepository(pool: Pick<Pool, 'scope'>, repository: string): boolean {
  const name = repository.toLowerCase();
  if (pool.scope.kind === 'organization') return name.startsWith(`${pool.scope.org.toLowerCase()}/`);
  const excluded = pool.scope.patterns.some(
    (pattern) => pattern.startsWith('!') && globMatches(pattern.slice(1), name),
  );
  return !excluded && pool.scope.patterns.some((pattern) => !pattern.startsWith('!') && globMatches(pattern, name));
}

/** Whether a pool of this name serves the repository. */
export function poolServes(pools: readonly Pool[], poolName: string, repository: string): boolean {
  return pools.some((pool) => pool.name === poolName && takesRepository(pool, repository));
}

/** `*` stands for any characters but `/`. */
function globMatches(pattern: string, name: string): boolean {
  const patterns = pattern.toLowerCase().split('/');
  const segments = name.split('/');
  return (
    patterns.length === segments.length &&
    patterns.every((segment, index) => wildcardMatches(segment, segments[index] ?? ''))
  );
}

function explainUnlabeled({repository}: JobToMatch): string {
  return (
    `job of ${repository} asks for no label, as with runs-on: {group: …} alone: add a label to runs-on, ` +
    'or set acceptsUnlabeled in a pool with org'
  );
}

/** Why no pool matches the job, for the log line that an operator reads when a job gets no runner. */
function explainMismatch(job: JobToMatch, labels: readonly string[], pools: readonly Pool[]): string {
  const near = pools.filter((pool) => takesRepository(pool, job.repository));
  if (near.length === 0) return `no pool serves the repository ${job.repository}`;
  const reasons = near.map((pool) => {
    const missing = missingLabels(pool, labels);
    if (missing.length > 0) return `${pool.name} requires ${missing.join(', ')}`;
    return `${pool.name} does not offer ${foreignLabels(pool, labels).join(', ')}`;
  });
  return `labels [${labels.join(', ')}] fit no pool of ${job.repository}: ${reasons.join('; ')}`;
}

/** A parsed webhook. `other`: it is no event of a job, and `detail` says why. */
export type Trigger =
  | {readonly kind: 'other'; readonly reason: 'event' | 'action'; readonly detail: string}
  | {readonly kind: 'job'; readonly event: Omit<JobEvent, 'pool' | 'delivery'>; readonly isPublic: boolean};

export type EventMatch =
  | {readonly kind: 'accepted'; readonly event: Omit<JobEvent, 'delivery'>}
  | {
      readonly kind: 'ignored';
      readonly reason: IgnoreReason | 'event' | 'action';
      readonly detail: string;
      /** Undefined: it is no event of a job that can be read. */
      readonly event?: Omit<JobEvent, 'pool' | 'delivery'>;
    };

/**
 * Whether an event concerns this deployment, and which pool. An event that names one of our runners always does, although no pool may
 * match its job: a runner may take such a job, and the configuration may change while a VM runs. Without the event the VM would not be
 * deleted when its job ends.
 */
export function matchEvent(
  trigger: Trigger,
  {deployment, pools}: {readonly deployment: string; readonly pools: readonly Pool[]},
): EventMatch {
  if (trigger.kind === 'other') return {kind: 'ignored', reason: trigger.reason, detail: trigger.detail};
  const {isPublic} = trigger;
  const event = {...trigger.event, isPublic};
  const match = matchJob({repository: event.repository, isPublic, labels: event.labels}, pools);
  if (match.kind === 'matched') return {kind: 'accepted', event: {...event, pool: match.pool.name}};

  // No runner of this deployment can have such a job, and the labels may not fit into a task.
  if (match.reason === 'labels') return {...match, event};
  const ours = event.runnerName ? parseRunnerName(deployment, event.runnerName) : undefined;
  if (ours) return {kind: 'accepted', event: {...event, pool: ours.pool}};
  const host = event.runnerName ? persistentPool(event.runnerName, event.repository, pools) : undefined;
  if (host) return {kind: 'accepted', event: {...event, pool: host.name}};
  return {...match, event};
}

/** The pool whose persistent VM has a runner of this name and serves the repository, for a job that no pool matches. */
function persistentPool(runnerName: string, repository: string, pools: readonly Pool[]): Pool | undefined {
  return pools.find(
    (pool) =>
      isPersistent(pool) &&
      (pool.provider.runnerName ?? pool.provider.instance).toLowerCase() === runnerName.toLowerCase() &&
      takesRepository(pool, repository),
  );
}
