import {SlipwayError} from '../errors';
import {explainMatch} from '../model/explain-match';
import {fallbackRefusal, fallbacksOf} from '../model/fallback';
import {registrationLabels} from '../model/labels';
import type {IgnoreReason} from '../model/matching';
import {optionsOf} from '../model/options';
import type {Placement} from '../model/placement';
import {isEphemeral, isPersistent, type PersistentPool, type Pool} from '../model/pool';
import {scopeFor} from '../model/scope';
import type {Context} from '../ports';
import type {Finding} from '../providers/provider';
import {findHoldingBreaker} from './breakers';
import type {TestRunner} from './requests';
import {noSlotBecause} from './slots';

/**
 * What a pool would do for a job. `create`: a machine for a runner. `wait`: the same, once there is a slot or a breaker closes. `fail`: it
 * takes the job, and the provider's check says that no machine can be created now. `start`: its persistent VM. `other_pool`: another pool takes
 * the job. Else no pool does.
 */
export const TEST_DECISIONS = [
  'create',
  'wait',
  'fail',
  'start',
  'other_pool',
  'no_matching_pool',
  'labels',
  'no_labels',
  'public_repository',
  'option_not_allowed',
] as const satisfies readonly (IgnoreReason | 'create' | 'wait' | 'fail' | 'start' | 'other_pool')[];

/** A job that is imagined. */
export interface TestJob {
  /** `owner/name` */
  readonly repository: string;
  /** As GitHub has it now. `absent`: GitHub does not show it; `unknown`: GitHub did not answer. Both count as private. */
  readonly visibility: 'public' | 'private' | 'absent' | 'unknown';
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
  /** The pools that a job falls back to, in turn. Empty: there is none, or it was not asked for. */
  readonly fallbacks: readonly TestedFallback[];
  /** What would be requested; undefined: nothing. */
  readonly runner: TestRunner | undefined;
}

/** Where a job would be served for which its own pool has no capacity or quota. */
export interface TestedFallback {
  readonly pool: Pool;
  /** A sentence without a point at its end. */
  readonly because: string;
  /** In the order in which they would be tried. Empty: the fallback does not serve the job, or its provider did not tell. */
  readonly placements: readonly Placement[];
}

/**
 * Decides what `pool` would do for a job, without changing anything: which pool takes it, whether there is a slot, the placements of the
 * runner `name`, and, in a dry run, whether the provider's check finds what would fail, and the fallbacks: a runner that is requested has none.
 * Throws what `placements` of the pool's provider throws.
 */
export async function planTest(
  context: Context,
  pool: Pool,
  job: TestJob,
  {name, isDry}: {readonly name: string; readonly isDry: boolean},
): Promise<PoolTest> {
  const {match, taker, answers} = explainMatch({...job, isPublic: job.visibility === 'public'}, context.pools);
  const nothing = {taker, placements: [], fallbacks: [], runner: undefined};
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
  const provider = context.provider(pool.name);
  const findings = isDry ? await provider.check(pool.name) : [];
  const failures = findings.filter(({status}) => status === 'error');
  const asked = provider.placements({name, pool: pool.name, job: name, options: optionsOf(pool, labels)});
  const placements = await asked.catch((error: unknown) => {
    if (failures.length > 0 && error instanceof SlipwayError) return [];
    throw error;
  });
  const fallbacks = isDry ? await fallbacksFor(context, pool, job, name) : [];
  return {
    taker,
    placements,
    fallbacks,
    runner,
    ...(failureOf(pool, job, failures) ?? (await timeOf(context, pool, job))),
  };
}

/** In the order in which a job asks them. In each the zones come as for a runner of the name of the test: a job's runner has a name of its own there. */
async function fallbacksFor(context: Context, home: Pool, job: TestJob, name: string): Promise<TestedFallback[]> {
  const labels = job.labels.map((label) => label.toLowerCase());
  const isPublic = job.visibility === 'unknown' ? undefined : job.visibility === 'public';
  const asked = {repository: job.repository, labels, isPublic};
  return Promise.all(
    fallbacksOf(context.pools, home.name).map(async (pool): Promise<TestedFallback> => {
      const refusal = fallbackRefusal(pool, home, asked);
      if (refusal !== undefined) return {pool, because: `pool ${pool.name} ${refusal}`, placements: []};
      const request = {name, pool: pool.name, job: name, options: optionsOf(pool, labels)};
      try {
        const placements = await context.provider(pool.name).placements(request);
        return {pool, because: `pool ${pool.name} serves the job: repository and options fit`, placements};
      } catch (error) {
        // What is wrong with a fallback is no failure of the pool.
        if (!(error instanceof SlipwayError)) throw error;
        return {pool, because: error.message.replace(/\.$/, ''), placements: []};
      }
    }),
  );
}

function startOf({name, provider}: PersistentPool): Pick<PoolTest, 'decision' | 'because' | 'placements'> {
  const {instance, zone = ''} = provider;
  return {
    decision: 'start',
    because: `pool ${name} has the persistent VM ${instance}, which is started for its jobs; no machine is made`,
    placements: [{place: zone, spot: false}],
  };
}

/** What would end in a dead letter, in the provider's words and with what to do. */
function failureOf(
  {name}: Pool,
  {repository, visibility}: TestJob,
  failures: readonly Finding[],
): Pick<PoolTest, 'decision' | 'because'> | undefined {
  if (visibility === 'absent') {
    return {
      decision: 'fail',
      because: `pool ${name} takes the job, and GitHub shows no repository ${repository} to this deployment`,
    };
  }
  if (failures.length === 0) return undefined;
  const found = failures.map(({because, do: remedy}) => `${because} (${remedy.replace(/\.$/, '')})`);
  return {decision: 'fail', because: `pool ${name} takes the job, and no machine can be created: ${found.join('; ')}`};
}

/** Whether the machine would be created at once. */
async function timeOf(
  context: Context,
  pool: Pool,
  {repository, visibility}: TestJob,
): Promise<Pick<PoolTest, 'decision' | 'because'>> {
  const {name} = pool;
  const noSlot = await noSlotBecause(context, name);
  if (noSlot !== undefined) return {decision: 'wait', because: noSlot};
  const breaker = await findHoldingBreaker(context, name, repository);
  if (breaker) return {decision: 'wait', because: `breaker ${breaker.name} is open: ${breaker.reason}`};
  const isInDoubt = visibility === 'unknown' && !pool.allowPublicRepos;
  return {
    decision: 'create',
    because: `pool ${name} takes the job: repository and labels fit${
      isInDoubt
        ? `; GitHub was not heard: if ${repository} is public the pool does not, as allowPublicRepos is not set`
        : ''
    }`,
  };
}
