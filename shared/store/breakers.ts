import type {Store} from './store';

const PROBE_INTERVAL_MS = 60_000;
const REMEMBER_MS = 24 * 3600 * 1000;

/** `closed`: go on. `probe`: the breaker is open, and this one may try. `open`: come back later. */
export type Passage =
  | {readonly kind: 'closed'}
  | {readonly kind: 'probe'}
  | {readonly kind: 'open'; readonly retryAfterSeconds: number; readonly reason: string};

/** While a breaker is open, one caller a minute passes, as a probe; who succeeds closes it. */
export async function passBreaker(store: Store, name: string, now: number): Promise<Passage> {
  if (!(await store.get('breakers', name))) return {kind: 'closed'};
  return store.transaction<Passage>(async (transaction) => {
    const breaker = await transaction.get('breakers', name);
    if (!breaker) return {kind: 'closed'};
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
      openedAt: breaker?.openedAt ?? now,
      nextProbeAt: Math.max(untilMs, breaker?.nextProbeAt ?? 0),
      expireAt: now + REMEMBER_MS,
    });
  });
}

export async function closeBreaker(store: Store, name: string): Promise<void> {
  await store.transaction(async (transaction) => transaction.delete('breakers', name));
}
