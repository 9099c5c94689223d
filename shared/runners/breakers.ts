import {GitHubDown, QuotaExceeded, RateLimited, type RetryableError, Unavailable, UncertainAtGitHub} from '../errors';
import {
  type BreakerDocument,
  bootBreaker,
  fullBreaker,
  GITHUB_DOWN,
  githubBreaker,
  isOfQuota,
  quotaBreaker,
  quotaBreakers,
} from '../model/breaker';
import type {FullPlacement} from '../model/full-placements';
import type {Pool} from '../model/pool';
import {type Context, poolOf} from '../ports';
import type {Store} from '../store/store';

/** Time between two probes of an open breaker. */
const PROBE_INTERVAL_MS = 60_000;

/** How long a breaker stays on record after its latest failure. */
const BREAKER_RETENTION_MS = 24 * 3600 * 1000;

/**
 * 5xx answers of GitHub that open its breaker. Later ones do not put off the next probe: the sweep may meet them for ever at runs that GitHub
 * cannot list, while everything else of GitHub answers.
 */
const GITHUB_LIMITS = {most: 5, openMs: 60_000, withinMs: 120_000, putsOff: false};

/** Runners of a template that did not come online and open its breaker. */
const BOOT_LIMITS = {most: 3, openMs: 600_000, withinMs: 6 * 3600_000, putsOff: true};

/** Names of the breakers that may hold a pool back. */
export function breakersOf(context: Pick<Context, 'pools'>, poolName: string, repository: string): string[] {
  return [...breakersOfGitHub(repository), ...breakersOfMachines(context, poolName)];
}

/** Names of the breakers that may hold back calls to GitHub for the repository. */
export function breakersOfGitHub(repository: string): string[] {
  return [githubBreaker(repository), GITHUB_DOWN];
}

function breakersOfMachines(context: Pick<Context, 'pools'>, poolName: string): string[] {
  const pool = poolOf(context, poolName);
  const boot = pool && bootBreaker(pool);
  return [...(pool ? quotaBreakers(pool) : []), ...(boot ? [boot] : [])];
}

/** Opens the breaker of a quota that is used up. `scope`: what the provider counts the quota for. A pool that was removed has no breakers. */
export async function openQuotaBreaker(
  context: Context,
  poolName: string,
  scope: string,
  reason: string,
  seconds: number,
): Promise<void> {
  const pool = poolOf(context, poolName);
  if (pool) await openBreaker(context, quotaBreaker(pool, scope), reason, seconds);
}

/** Opens the breaker of GitHub's rate limit, or counts a 5xx or a lost answer of GitHub. Other errors change nothing. */
export async function recordGitHubFailure(context: Context, repository: string, error: unknown): Promise<void> {
  if (error instanceof RateLimited) {
    await openBreaker(context, githubBreaker(repository), error.message, error.retryAfterSeconds);
  }
  if (error instanceof GitHubDown || error instanceof UncertainAtGitHub) {
    await countAndLogFailure(context, GITHUB_DOWN, error.message, GITHUB_LIMITS);
  }
}

/** Counts a VM whose runner did not come online; `what` says it in other words. The third in a row holds the pools of its template back for ten minutes. */
export async function recordBootFailure(
  context: Context,
  poolName: string,
  runner: string,
  what = "did not come online; check the template's startup script or workflow in the log of its machine",
): Promise<void> {
  const pool = poolOf(context, poolName);
  const name = pool && bootBreaker(pool);
  if (!name) return;
  const reason = `${runner} ${what}`;
  await countAndLogFailure(context, name, reason, BOOT_LIMITS);
}

async function countAndLogFailure(
  context: Context,
  name: string,
  reason: string,
  limits: Omit<Failures, 'reason' | 'now'>,
): Promise<void> {
  const now = context.clock.now();
  if ((await countFailure(context.store, name, {reason, now, ...limits})) === 'opened') {
    context.logger.error(`breaker ${name} is open: ${reason}`, {decision: 'breaker_open', reason: name});
  }
}

/** Opens the breaker for `seconds` at least, and logs it; `warning`: of one that holds no job back. A breaker that is open already may stay open longer. */
export async function openBreaker(
  context: Pick<Context, 'store' | 'clock' | 'logger'>,
  name: string,
  reason: string,
  seconds: number,
  level: 'error' | 'warning' = 'error',
): Promise<void> {
  const now = context.clock.now();
  await context.store.transaction(async (transaction) => {
    const breaker = await transaction.get('breakers', name);
    transaction.set('breakers', name, {
      name,
      reason,
      open: true,
      failures: breaker?.failures ?? 1,
      failedAt: now,
      openedAt: breaker?.open ? breaker.openedAt : now,
      nextProbeAt: Math.max(now + seconds * 1000, breaker?.nextProbeAt ?? 0),
      expireAt: now + BREAKER_RETENTION_MS,
    });
  });
  context.logger[level](`breaker ${name} is open: ${reason}`, {decision: 'breaker_open', reason: name});
}

/** Runs work that passed the breakers, and records its result on them. `full`: placements of the pool that other executions found full. */
export type Guarded = <T>(work: (full: readonly FullPlacement[]) => Promise<T>) => Promise<T>;

/**
 * Passes while the pool's breakers are closed; while one is open, passes as its probe once a minute. Otherwise throws a retryable error, so
 * that the queue slows down. Returns the function in which the caller runs the work: success closes the breakers that were probed, and an
 * error of GitHub counts against GitHub's breakers.
 */
export async function passBreakers(context: Context, pool: string, repository: string): Promise<Guarded> {
  return orThrow(await pass(context, breakersOf(context, pool, repository), repository, pool));
}

/** The same for work that makes a machine and asks nothing of GitHub, so that its success says nothing of GitHub. */
export async function passMachineBreakers(context: Context, pool: string, repository: string): Promise<Guarded> {
  return orThrow(await pass(context, breakersOfMachines(context, pool), repository));
}

/** The same for work that only calls GitHub: what holds machines back neither holds it back nor is probed by it. */
export async function passGitHubBreakers(context: Context, repository: string): Promise<Guarded> {
  return orThrow(await pass(context, breakersOfGitHub(repository), repository));
}

/** The same for callers that come again every few seconds. Undefined: a breaker is open, which was logged when it opened. */
export async function tryPassGitHubBreakers(context: Context, repository: string): Promise<Guarded | undefined> {
  const passed = await pass(context, breakersOfGitHub(repository), repository);
  return passed instanceof Error ? undefined : passed;
}

function orThrow(passed: Guarded | RetryableError): Guarded {
  if (passed instanceof Error) throw passed;
  return passed;
}

async function pass(
  context: Context,
  names: readonly string[],
  repository: string,
  pool?: string,
): Promise<Guarded | RetryableError> {
  const probed: string[] = [];
  const {open, full} = await readOpenBreakers(context.store, names, pool);
  // A probe that another breaker holds back would be wasted.
  const holding = await findHolding(context, open);
  if (holding) {
    const seconds = Math.ceil((holding.nextProbeAt - context.clock.now()) / 1000);
    return errorOf(holding.name)(`breaker ${holding.name} is open: ${holding.reason}`, seconds);
  }
  for (const name of open) {
    const passed = await tryPass(context.store, name, context.clock.now());
    if (passed.kind === 'open') {
      return errorOf(name)(`breaker ${name} is open: ${passed.reason}`, passed.retryAfterSeconds);
    }
    // A created VM does not show that its runner comes online. The sweep sees that, and closes the breaker of boots.
    if (passed.kind === 'probe' && !name.startsWith('boot.')) probed.push(name);
  }
  return async (work) => {
    try {
      const result = await work(full);
      for (const name of probed) await closeBreaker(context.store, name);
      return result;
    } catch (error) {
      await recordGitHubFailure(context, repository, error);
      throw error;
    }
  };
}

/** The constructor of the error while the breaker of this name is open. */
function errorOf(name: string): (message: string, seconds: number) => RetryableError {
  if (isOfQuota(name)) return (message, seconds) => new QuotaExceeded(message, seconds);
  if (name.startsWith('github.')) return (message, seconds) => new RateLimited(message, seconds);
  return (message, seconds) => new Unavailable(message, seconds);
}

/** `closed`: the caller passes. `probe`: the breaker is open, and the caller passes as its probe. `open`: the caller has to retry later. */
export type Passage =
  | {readonly kind: 'closed'}
  | {readonly kind: 'probe'}
  | {readonly kind: 'open'; readonly retryAfterSeconds: number; readonly reason: string};

/**
 * Those of the named breakers that may be open. One query reads at most as many open breakers as there are names, usually none. If it reads
 * so many, further ones may be open, and all names are returned.
 */
async function findOpenBreakers(store: Store, names: readonly string[]): Promise<readonly string[]> {
  return (await readOpenBreakers(store, names)).open;
}

/** `full`: the full placements of the pool, as far as the query reads them. */
async function readOpenBreakers(store: Store, names: readonly string[], pool?: string) {
  const limit = names.length + (pool === undefined ? 0 : 1);
  const found = await store.find('breakers', {where: {open: true}, limit});
  const full = found.find(({id}) => pool !== undefined && id === fullBreaker(pool))?.data.full ?? [];
  if (found.length === limit) return {open: names, full};
  return {open: names.filter((name) => found.some(({id}) => id === name)), full};
}

/** Tries to pass one breaker. While the breaker is open, one caller a minute passes as its probe. */
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

export interface Failures {
  readonly reason: string;
  readonly now: number;
  /** Number of consecutive failures that opens the breaker. */
  readonly most: number;
  /** Time until the first probe. */
  readonly openMs: number;
  /** The count starts again when the previous failure is older than this. */
  readonly withinMs: number;
  /** Whether a failure of a breaker that is open already puts off its next probe. */
  readonly putsOff: boolean;
}

/** Counts a failure. `opened`: the breaker is open. */
async function countFailure(
  store: Store,
  name: string,
  {reason, now, most, openMs, withinMs, putsOff}: Failures,
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
      nextProbeAt: breaker?.open && !putsOff ? breaker.nextProbeAt : open ? now + openMs : 0,
      expireAt: now + BREAKER_RETENTION_MS,
    });
    return open ? 'opened' : 'counted';
  });
}

/** Closes the breaker, which also resets its count of failures. */
export async function closeBreaker(store: Store, name: string): Promise<void> {
  await store.transaction(async (transaction) => transaction.delete('breakers', name));
}

/** The open breaker that holds back a job of the repository in the pool, and lets no probe pass yet; undefined: none does. */
export async function findHoldingBreaker(
  context: Pick<Context, 'pools' | 'store' | 'clock'>,
  pool: string,
  repository: string,
): Promise<BreakerDocument | undefined> {
  return findHolding(context, await findOpenBreakers(context.store, breakersOf(context, pool, repository)));
}

async function findHolding(
  {store, clock}: Pick<Context, 'store' | 'clock'>,
  names: readonly string[],
): Promise<BreakerDocument | undefined> {
  for (const name of names) {
    const breaker = await store.get('breakers', name);
    if (breaker?.open && breaker.nextProbeAt > clock.now()) return breaker;
  }
  return undefined;
}

/**
 * Names of the pools that an open breaker holds back now. `byQuota`: those of them that breakers of quotas alone hold back, so that their
 * fallbacks serve their jobs.
 */
export async function findHeldPools(
  context: Context,
): Promise<{readonly held: ReadonlySet<string>; readonly byQuota: ReadonlySet<string>}> {
  const {pools, store, clock} = context;
  const others = new Set<string>();
  const breakers = new Map(pools.map((pool) => [pool.name, breakersOfPool(context, pool)]));
  const held = new Set<string>();
  for (const breaker of await findOpenBreakers(store, [...new Set([...breakers.values()].flat())])) {
    const found = await store.get('breakers', breaker);
    if (!found?.open || found.nextProbeAt <= clock.now()) continue;
    for (const [pool, names] of breakers) {
      if (!names.includes(breaker)) continue;
      held.add(pool);
      if (!isOfQuota(breaker)) others.add(pool);
    }
  }
  return {held, byQuota: new Set([...held].filter((pool) => !others.has(pool)))};
}

/** Names of the breakers that may hold any job of the pool back. */
export function breakersOfPool(context: Pick<Context, 'pools'>, {name, scope}: Pool): string[] {
  return breakersOf(context, name, ownerIn(scope));
}

/** Organization or repository pattern whose owner's installation acts for the pool. */
function ownerIn(scope: Pool['scope']): string {
  return scope.kind === 'organization' ? scope.org : (scope.patterns.find((each) => !each.startsWith('!')) ?? '');
}
