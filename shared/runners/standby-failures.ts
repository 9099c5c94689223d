import {DAY_MS, HOUR_MS, MINUTE_MS} from '../durations';
import {bootBreaker, standbyBreaker} from '../model/breaker';
import {type Context, poolOf} from '../ports';
import {closeBreaker, openBreaker} from './breaker-failures';

/** For so long a pool gets no other standby machine after one that could not be created. */
const HELD_BACK_MINUTES = 10;

/** The same after one that Compute Engine refuses to tell of: a person has to change something first. */
const REFUSED_MINUTES = 60;

/** A failure is in a row with the one before it, if that is not older. */
const IN_A_ROW_MS = 6 * HOUR_MS;

/** How long a pool's machines are held back when its standby machines do not boot, in seconds. */
const BOOT_SECONDS = 600;

const RETENTION_MS = DAY_MS;

/** Machines that failed to prepare themselves one after the other, and hold back every machine of their template. */
const MOST_FAILED_BOOTS = 2;

/** Holds the pool's standby machines back for a while, and nothing else: its jobs go their own way. Shown among the breakers. */
export function holdBackStandby(context: Context, pool: string, because: string): Promise<void> {
  return holdBack(context, pool, because, HELD_BACK_MINUTES);
}

/** The same for longer, because the provider refuses what only standby machines need, as by a policy of its organisation. */
export function holdBackRefused(context: Context, pool: string, because: string): Promise<void> {
  return holdBack(context, pool, because, REFUSED_MINUTES);
}

async function holdBack(context: Context, pool: string, because: string, minutes: number): Promise<void> {
  const now = context.clock.now();
  const name = standbyBreaker(pool);
  await context.store.transaction(async (transaction) => {
    const before = await transaction.get('breakers', name);
    transaction.set('breakers', name, {
      name,
      reason: because,
      open: true,
      failures: before?.failures ?? 0,
      failedAt: before?.failedAt ?? now,
      openedAt: before?.open ? before.openedAt : now,
      nextProbeAt: now + minutes * MINUTE_MS,
      expireAt: now + RETENTION_MS,
    });
  });
  context.logger.warning(`${because}; the pool gets no other one for ${minutes} minutes`, {
    decision: 'standby_failed',
    pool,
  });
}

/** Counts a machine that did not prepare itself in time. The second in a row opens the boot breaker of the pool. */
export async function recordStandbyBootFailure(context: Context, poolName: string, because: string): Promise<void> {
  const pool = poolOf(context, poolName);
  const boot = pool && bootBreaker(pool);
  if (!boot) return;
  const now = context.clock.now();
  const name = standbyBreaker(poolName);
  const failures = await context.store.transaction(async (transaction) => {
    const before = await transaction.get('breakers', name);
    const inRow = before && now - before.failedAt <= IN_A_ROW_MS ? before.failures : 0;
    const counted = {
      open: before?.open ?? false,
      openedAt: before?.openedAt ?? now,
      nextProbeAt: before?.nextProbeAt ?? 0,
    };
    transaction.set('breakers', name, {
      ...{name, reason: because, ...counted},
      ...{failures: inRow + 1, failedAt: now, expireAt: now + RETENTION_MS},
    });
    return inRow + 1;
  });
  if (failures < MOST_FAILED_BOOTS) return;
  await openBreaker(context, boot, because, BOOT_SECONDS);
  await closeBreaker(context.store, name);
}

/** A machine is ready: the failures before it are history. */
export async function forgetStandbyFailures(context: Context, pool: string): Promise<void> {
  const name = standbyBreaker(pool);
  if (await context.store.get('breakers', name)) await closeBreaker(context.store, name);
}
