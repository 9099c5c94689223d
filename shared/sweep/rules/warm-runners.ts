import {cronMatches} from '../../config/cron';
import {isEphemeral, type Pool} from '../../config/pool';
import type {RunnerScope} from '../../github/github';
import {isEnding} from '../../lifecycle/runner';
import {isSpeltOut} from '../../model/names';
import type {RunnerDocument} from '../../store/documents';
import {type Observed, roomOfAll} from '../observed';
import type {PlannedAction, Rule, RunnersToRequest} from '../rule';

const MINUTE_MS = 60_000;

/** A warm runner is replaced when it waited for so long: beyond, its VM would end before a job had its `jobMinutes`. */
export const WARM_MINUTES = 12 * 60;

/** How long a runner of the pool may wait for a job: what its VM's own end has to leave room for. */
export function longestIdleMinutes({
  minIdle = 0,
  idleMinutes,
}: Partial<Pick<Pool, 'minIdle'>> & Pick<Pool, 'idleMinutes'>): number {
  const isWarm = typeof minIdle === 'number' ? minIdle > 0 : minIdle.some(({count}) => count > 0);
  return isWarm ? WARM_MINUTES + idleMinutes : idleMinutes;
}

/** How many runners without a job the pool is to have now; of schedules that match at once the highest count. */
export function wantedWarm({minIdle, maxRunners}: Pick<Pool, 'minIdle' | 'maxRunners'>, now: number): number {
  if (typeof minIdle === 'number') return Math.min(minIdle, maxRunners);
  const counts = minIdle
    .filter(({cron, timezone}) => cronMatches(cron, timezone, now))
    .map(({count}) => Math.min(count, maxRunners));
  return Math.max(0, ...counts);
}

/** Which of the pool's spare runners are the warm ones: the youngest, which have most of their VMs' time before them, but for those that had theirs. */
export function warmOnes(
  spares: readonly Pick<RunnerDocument, 'name' | 'createdAt'>[],
  wanted: number,
  now: number,
): ReadonlySet<string> {
  const young = spares.filter(({createdAt}) => now - createdAt < WARM_MINUTES * MINUTE_MS);
  const youngest = young.sort((a, b) => b.createdAt - a.createdAt || (a.name < b.name ? -1 : 1));
  return new Set(youngest.slice(0, wanted).map(({name}) => name));
}

interface Warm extends PlannedAction, RunnersToRequest {
  readonly kind: 'warm';
  readonly reason: 'warm';
}

/** Runners that the pools lack, as far as slots are free that no job waits for. */
export const keepWarm: Rule<Warm> = {
  plan: planWarm,
  act: async ({pool, scope, count, key}, repairs) => {
    await repairs.requestRunners({pool, scope, count, key});
    return {decision: 'requested'};
  },
  subject: ({pool}) => ({pool}),
};

function planWarm(observed: Observed, now: number): Warm[] {
  const {runners} = observed;
  if (runners === undefined) return [];
  const queue = [...observed.jobs.values()].filter(({demand}) => demand === 'open').length;
  let left = roomOfAll(observed) - (observed.maxRunners === undefined ? 0 : queue);
  return observed.pools.flatMap((pool): Warm[] => {
    const scope = warmScope(pool);
    if (!scope || !isEphemeral(pool) || observed.held.has(pool.name)) return [];
    const live = runners.filter((runner) => runner.pool === pool.name);
    const idle = live.filter((runner) => runner.covers === null && runner.runs === null && !isEnding(runner));
    const waiting = [...observed.jobs.values()].filter(
      ({pool: name, demand}) => name === pool.name && (demand === 'open' || demand === 'reserved'),
    );
    const room = pool.maxRunners - live.filter(({slot}) => slot !== null).length - waiting.length;
    const count = Math.min(wantedWarm(pool, now) - idle.length, room, left);
    if (count <= 0) return [];
    left -= count;
    const key = `warm-${pool.name}-${Math.floor(now / MINUTE_MS)}`;
    return [{kind: 'warm', reason: 'warm', pool: pool.name, scope, count, key}];
  });
}

/** Where a runner without a job is registered: in the organization, or in the first repository that the pool spells out. */
export function warmScope({scope}: Pick<Pool, 'scope'>): RunnerScope | undefined {
  if (scope.kind === 'organization') return {kind: 'organization', org: scope.org};
  const spelt = scope.patterns.find(isSpeltOut);
  const [owner, repo] = spelt?.split('/') ?? [];
  return owner && repo ? {kind: 'repository', owner, repo} : undefined;
}
