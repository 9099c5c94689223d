import {explainMatch} from '../model/explain-match';
import {registrationLabels} from '../model/labels';
import type {IgnoreReason} from '../model/matching';
import type {Placement} from '../model/placement';
import {isEphemeral, isPersistent, type PersistentPool, type Pool} from '../model/pool';
import {scopeFor} from '../model/scope';
import type {Context} from '../ports';
import {findHoldingBreaker} from './breakers';
import type {TestRunner} from './requests';
import {reachedLimit} from './slots';

/**
 * What a pool would do for a job. `create`: a machine for a runner. `wait`: the same, once there is a slot or a breaker closes. `start`: its
 * persistent VM. `other_pool`: another pool takes the job. Else no pool does.
 */
export const TEST_DECISIONS = [
  'create',
  'wait',
  'start',
  'other_pool',
  'no_matching_pool',
  'no_labels',
  'public_repository',
] as const satisfies readonly (IgnoreReason | 'create' | 'wait' | 'start' | 'other_pool')[];

/** A job that is imagined. Its repository counts as private: GitHub is not asked. */
export interface TestJob {
  /** `owner/name` */
  readonly repository: string;
  readonly labels: readonly string[];
}

export interface PoolTest {
  readonly decision: (typeof TEST_DECISIONS)[number];
  /** A sentence without a point at its end. */
  readonly because: string;
  /** The pool that would take the job. */
  readonly taker: Pool | undefined;
  /** In the order in which they would be tried. Empty: this pool makes and starts nothing for such a job. */
  readonly placements: readonly Placement[];
  /** What would be requested; undefined: nothing. */
  readonly runner: TestRunner | undefined;
}

/**
 * Decides what `pool` would do for a job, without changing anything: which pool takes it, whether there is a slot, and the placements of the
 * runner `name`. Throws what `placements` of the provider throws.
 */
export async function planTest(context: Context, pool: Pool, job: TestJob, name: string): Promise<PoolTest> {
  const {match, taker, answers} = explainMatch({...job, isPublic: false}, context.pools);
  const nothing = {taker, placements: [], runner: undefined};
  if (match.kind === 'ignored') return {...nothing, decision: match.reason, because: match.detail};
  const because = answers.find((answer) => answer.pool === pool.name)?.because ?? '';
  if (match.pool !== pool) {
    return {
      ...nothing,
      decision: 'other_pool',
      because: `pool ${match.pool.name} takes the job; ${pool.name} ${because}`,
    };
  }
  if (isPersistent(pool)) return {...nothing, ...startOf(pool)};
  if (!isEphemeral(pool)) throw new RangeError(`pool ${pool.name} neither makes a machine nor has one`);
  const labels = job.labels.map((label) => label.toLowerCase());
  const runner = {name, pool, scope: scopeFor(pool, job), labels: registrationLabels(pool, labels)};
  const placements = await context.provider(pool.name).placements({name, pool: pool.name, job: name});
  return {taker, placements, runner, ...(await timeOf(context, pool, job))};
}

function startOf({name, provider}: PersistentPool): Pick<PoolTest, 'decision' | 'because' | 'placements'> {
  const {instance, zone = ''} = provider;
  return {
    decision: 'start',
    because: `pool ${name} has the persistent VM ${instance}, which is started for its jobs; no machine is made`,
    placements: [{place: zone, spot: false}],
  };
}

/** Whether the machine would be created at once. */
async function timeOf(
  context: Context,
  pool: Pool,
  {repository}: TestJob,
): Promise<Pick<PoolTest, 'decision' | 'because'>> {
  const {name, maxRunners} = pool;
  if (maxRunners === 0) return {decision: 'wait', because: `pool ${name} is drained: its maxRunners is 0`};
  const reached = await reachedLimit(context, name);
  if (reached === 'pool') {
    return {decision: 'wait', because: `all ${maxRunners} runners of pool ${name} are in use or on their way`};
  }
  if (reached) return {decision: 'wait', because: `all ${context.maxRunners} runners over all pools are in use`};
  const breaker = await findHoldingBreaker(context, name, repository);
  if (breaker) return {decision: 'wait', because: `breaker ${breaker.name} is open: ${breaker.reason}`};
  const isClosed = !pool.allowPublicRepos;
  return {
    decision: 'create',
    because: `pool ${name} takes the job: repository and labels fit${
      isClosed ? `; if ${repository} is public it does not, because allowPublicRepos is not set` : ''
    }`,
  };
}
