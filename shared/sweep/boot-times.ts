import {DAY_MS} from '../durations';
import {type Boot, bootTimesId, withBoots} from '../model/facts';
import type {Context} from '../ports';
import type {Sweep} from './context';
import type {Observed} from './observed';

const RETENTION_MS = 90 * DAY_MS;

/**
 * Adds the boots of the runners that the sweep has read to the last 50 of their pools, with at most one write a pool, and none where nothing
 * is new. Among them are runners that are over and whose machine is still being deleted: one with a short job is seldom seen before. Never
 * throws: the next sweep sees most of the same runners.
 */
export async function recordBootTimes(
  {context, memory}: Pick<Sweep, 'context' | 'memory'>,
  {runners, former}: Pick<Observed, 'runners' | 'former'>,
): Promise<void> {
  const booted = [...(runners ?? []), ...former.values()].filter(({bootMs}) => bootMs !== undefined);
  const pools = Map.groupBy(booted, ({pool}) => pool);
  for (const pool of memory.booted.keys()) if (!pools.has(pool)) memory.booted.delete(pool);
  for (const [pool, ofPool] of pools) {
    if (ofPool.every(({name}) => memory.booted.get(pool)?.has(name))) continue;
    const boots = ofPool.map(({name, bootMs = 0, createdAt}): Boot => ({runner: name, ms: bootMs, at: createdAt}));
    try {
      await addBoots(context, pool, boots);
      memory.booted.set(pool, new Set(ofPool.map(({name}) => name)));
    } catch (error) {
      const fields = {decision: 'failed', reason: 'boot_times', pool, error} as const;
      context.logger.warning(`sweep: the boot times of pool ${pool} could not be recorded`, fields);
    }
  }
}

async function addBoots({store, clock}: Pick<Context, 'store' | 'clock'>, pool: string, seen: readonly Boot[]) {
  const id = bootTimesId(pool);
  await store.transaction(async (transaction) => {
    const found = await transaction.get('facts', id);
    const before = found?.kind === 'boot_times' ? found.boots : [];
    const boots = withBoots(before, seen);
    if (boots === before) return;
    transaction.set('facts', id, {kind: 'boot_times', boots, expireAt: clock.now() + RETENTION_MS});
  });
}
