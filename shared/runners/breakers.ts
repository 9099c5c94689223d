import {QuotaExceeded, RateLimited, type RetryableError, Unavailable} from '../errors';
import {
  type BreakerDocument,
  bootBreaker,
  fullBreaker,
  GITHUB_DOWN,
  githubBreaker,
  isBootBreaker,
  isOfQuota,
  quotaBreakers,
} from '../model/breaker';
import type {FullPlacement} from '../model/full-placements';
import type {Pool} from '../model/pool';
import {type Context, poolOf} from '../ports';
import type {Store} from '../store/store';
import {closeBreaker, recordGitHubFailure} from './breaker-failures';

/** Time between two probes of an open breaker. */
const PROBE_INTERVAL_MS = 60_000;

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
    if (passed.kind === 'probe' && !isBootBreaker(name)) probed.push(name);
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

/** The breaker of the pool's machines whose runners do not come online is open. */
export class BootBreakerOpen extends Unavailable {}

/** The constructor of the error while the breaker of this name is open. */
function errorOf(name: string): (message: string, seconds: number) => RetryableError {
  if (isOfQuota(name)) return (message, seconds) => new QuotaExceeded(message, seconds);
  if (name.startsWith('github.')) return (message, seconds) => new RateLimited(message, seconds);
  if (isBootBreaker(name)) return (message, seconds) => new BootBreakerOpen(message, seconds);
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
