import type {RunnerDocument} from '../model/runner';
import {wantedWarm, warmOnes} from '../model/warm';
import {type Context, poolOf} from '../ports';

/** Whether a spare runner is one that `minIdle` of its pool wants. */
export async function isKeptWarm(context: Context, runner: RunnerDocument): Promise<boolean> {
  const pool = poolOf(context, runner.pool);
  const now = context.clock.now();
  const wanted = pool ? wantedWarm(pool, now) : 0;
  if (!pool || wanted === 0) return false;
  const spares = await context.store.find('runners', {
    where: {pool: pool.name, spare: true},
    limit: pool.maxRunners,
  });
  return warmOnes(
    spares.map(({data}) => data),
    wanted,
    now,
  ).has(runner.name);
}
