import type {Store} from './store';

const PROBE_INTERVAL_MS = 60_000;
const REMEMBER_MS = 24 * 3600 * 1000;

/** `closed`: go on. `probe`: the breaker is open, and this one may try. `open`: come back later. */
export type Passage =
  | {readonly kind: 'closed'}
  | {readonly kind: 'probe'}
  | {readonly kind: 'open'; readonly retryAfterSeconds: number; readonly reason: string};

/**
 * Those of the breakers that may be open: one query for all of them, which reads nothing while all is well. Where more are open than were
 * asked about, each has to be looked at.
 */
export async function perhapsOpen(store: Store, names: readonly string[]): Promise<readonly string[]> {
  const open = await store.find('breakers', {where: {open: true}, limit: names.length});
  if (open.length === names.length) return names;
  return names.filter((name) => open.some(({id}) => id === name));
}

/** While a breaker is open, one caller a minute passes, as a probe; who succeeds closes it. */
export async function passBreaker(store: Store, name: string, now: number): Promise<Passage> {
  if (!(await store.get('breakers', name))?.open) return {kind: 'closed'};
  return store.transaction<Passage>(async (transaction) => {
    const breaker = await transaction.get('breakers', name);
    if (!breaker?.open) return {kind: 'closed'};
    if (breaker.nextProbeAt > now) {
      return {kind: 'open', retryAfterSeconds: Math.ceil((breaker.nextProbeAt - now) / 1000), reason: breaker.reason};
    }
    transaction.set('breakers', name, {...breaker, nextProbeAt: now + PROBE_INTERVAL_MS});
    return {kind: 'probe'};
  });
}

/** Opens the breaker, or keeps it open, until `untilMs` at least. */
export async function openBreaker(
  store: Store,
  name: string,
  {reason, now, untilMs}: {reason: string; now: number; untilMs: number},
): Promise<void> {
  await store.transaction(async (transaction) => {
    const breaker = await transaction.get('breakers', name);
    transaction.set('breakers', name, {
      name,
      reason,
      open: true,
      failures: breaker?.failures ?? 1,
      failedAt: now,
      openedAt: breaker?.open ? breaker.openedAt : now,
      nextProbeAt: Math.max(untilMs, breaker?.nextProbeAt ?? 0),
      expireAt: now + REMEMBER_MS,
    });
  });
}

export interface Failures {
  readonly reason: string;
  readonly now: number;
  /** So many in a row open the breaker, for so long. */
  readonly most: number;
  readonly openMs: number;
  /** A failure that is older than this is no part of the row. */
  readonly withinMs: number;
}

/** Counts a failure; `opened` when it was one too many. */
export async function countFailure(
  store: Store,
  name: string,
  {reason, now, most, openMs, withinMs}: Failures,
): Promise<'counted' | 'opened'> {
  return store.transaction(async (transaction) => {
    const breaker = await transaction.get('breakers', name);
    const inRow = breaker && now - breaker.failedAt <= withinMs ? breaker.failures : 0;
    const failures = inRow + 1;
    const open = breaker?.open === true || failures >= most;
    transaction.set('breakers', name, {
      name,
      reason,
      open,
      failures,
      failedAt: now,
      openedAt: breaker?.open ? breaker.openedAt : now,
      nextProbeAt: open ? now + openMs : 0,
      expireAt: now + REMEMBER_MS,
    });
    return open ? 'opened' : 'counted';
  });
}

export async function closeBreaker(store: Store, name: string): Promise<void> {
  await store.transaction(async (transaction) => transaction.delete('breakers', name));
}
