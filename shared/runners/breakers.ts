import {GitHubDown, QuotaExceeded, RateLimited, type RetryableError, Unavailable} from '../errors';
import {bootBreaker, GITHUB_DOWN, githubBreaker, quotaBreaker} from '../model/breaker';
import {type Pool, quotaScope} from '../model/pool';
import {type Context, poolOf} from '../ports';
import type {Store} from '../store/store';

/** The breakers that keep work from a pool. */
function breakersOf(context: Context, poolName: string, repository: string): string[] {
  const pool = poolOf(context, poolName);
  const scope = pool && quotaScope(pool);
  const boot = pool && bootBreaker(pool);
  return [githubBreaker(repository), GITHUB_DOWN, quotaBreaker(poolName, scope), ...(boot ? [boot] : [])];
}

/** What a failure of GitHub means for the calls to come. */
export async function recordGitHubFailure(context: Context, repository: string, error: unknown): Promise<void> {
  if (error instanceof RateLimited) {
    await tripBreaker(context, githubBreaker(repository), error.message, error.retryAfterSeconds);
  }
  if (!(error instanceof GitHubDown)) return;
  await countAndLogFailure(context, GITHUB_DOWN, error.message, {most: 5, openMs: 60_000, withinMs: 120_000});
}

/** The runner of a VM did not come online: three in a row stop the making of more for ten minutes. */
export async function recordBootFailure(context: Context, poolName: string, runner: string): Promise<void> {
  const pool = poolOf(context, poolName);
  const name = pool && bootBreaker(pool);
  if (!name) return;
  const reason = `${runner} did not come online; check the template's start-up script in its serial port log`;
  await countAndLogFailure(context, name, reason, {most: 3, openMs: 600_000, withinMs: 6 * 3600_000});
}

async function countAndLogFailure(
  context: Context,
  name: string,
  reason: string,
  limits: {most: number; openMs: number; withinMs: number},
): Promise<void> {
  const now = context.clock.now();
  if ((await countFailure(context.store, name, {reason, now, ...limits})) === 'opened') {
    context.logger.error(`breaker ${name} is open: ${reason}`, {decision: 'breaker_open', reason: name});
  }
}

export async function tripBreaker(context: Context, name: string, reason: string, seconds: number): Promise<void> {
  const now = context.clock.now();
  await openBreaker(context.store, name, {reason, now, untilMs: now + seconds * 1000});
  context.logger.error(`breaker ${name} is open: ${reason}`, {decision: 'breaker_open', reason: name});
}

/** Runs work that the breakers let through, and tells them how it went. */
export type Guarded = <T>(work: () => Promise<T>) => Promise<T>;

/**
 * Lets work through while the pool's breakers are closed; while one is open, one probe a minute. Throws what the queue should slow down
 * for. Returns what to run the work in: success closes the breakers that it probed, and what GitHub refuses counts against GitHub's.
 */
export async function passBreakers(context: Context, pool: string, repository: string): Promise<Guarded> {
  const probed: string[] = [];
  for (const name of await findOpenBreakers(context.store, breakersOf(context, pool, repository))) {
    const passed = await tryPass(context.store, name, context.clock.now());
    if (passed.kind === 'open') {
      throw errorOf(name)(`breaker ${name} is open: ${passed.reason}`, passed.retryAfterSeconds);
    }
    // That a VM was made says nothing of its boot: the sweep, which sees runners online, closes that one.
    if (passed.kind === 'probe' && !name.startsWith('boot.')) probed.push(name);
  }
  return async (work) => {
    try {
      const result = await work();
      for (const name of probed) await closeBreaker(context.store, name);
      return result;
    } catch (error) {
      await recordGitHubFailure(context, repository, error);
      throw error;
    }
  };
}

function errorOf(name: string): (message: string, seconds: number) => RetryableError {
  if (name.startsWith('quota.')) return (message, seconds) => new QuotaExceeded(message, seconds);
  if (name.startsWith('github.')) return (message, seconds) => new RateLimited(message, seconds);
  return (message, seconds) => new Unavailable(message, seconds);
}

const PROBE_INTERVAL_MS = 60_000;
const BREAKER_RETENTION_MS = 24 * 3600 * 1000;

/** `closed`: go on. `probe`: the breaker is open, and this one may try. `open`: come back later. */
export type Passage =
  | {readonly kind: 'closed'}
  | {readonly kind: 'probe'}
  | {readonly kind: 'open'; readonly retryAfterSeconds: number; readonly reason: string};

/**
 * Those of the breakers that may be open: one query for all of them, which reads nothing while all is well. Where more are open than were
 * asked about, each has to be looked at.
 */
async function findOpenBreakers(store: Store, names: readonly string[]): Promise<readonly string[]> {
  const open = await store.find('breakers', {where: {open: true}, limit: names.length});
  if (open.length === names.length) return names;
  return names.filter((name) => open.some(({id}) => id === name));
}

/** While a breaker is open, one caller a minute passes, as a probe; who succeeds closes it. */
export async function tryPass(store: Store, name: string, now: number): Promise<Passage> {
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
      expireAt: now + BREAKER_RETENTION_MS,
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
async function countFailure(
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
      expireAt: now + BREAKER_RETENTION_MS,
    });
    return open ? 'opened' : 'counted';
  });
}

export async function closeBreaker(store: Store, name: string): Promise<void> {
  await store.transaction(async (transaction) => transaction.delete('breakers', name));
}

/** Pools for which nothing is to be made now. */
export async function findHeldPools(context: Context): Promise<Set<string>> {
  const {pools, store, clock} = context;
  const breakers = new Map(pools.map(({name, scope}) => [name, breakersOf(context, name, ownerIn(scope))]));
  const held = new Set<string>();
  for (const breaker of await findOpenBreakers(store, [...new Set([...breakers.values()].flat())])) {
    const found = await store.get('breakers', breaker);
    if (!found?.open || found.nextProbeAt <= clock.now()) continue;
    for (const [pool, names] of breakers) if (names.includes(breaker)) held.add(pool);
  }
  return held;
}

/** Whose installation acts for the pool, as far as its patterns tell. */
function ownerIn(scope: Pool['scope']): string {
  return scope.kind === 'organization' ? scope.org : (scope.patterns.find((each) => !each.startsWith('!')) ?? '');
}
