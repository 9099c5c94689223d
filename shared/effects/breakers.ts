import {GitHubDown, QuotaExceeded, RateLimited, type RetryableError, Unavailable} from '../errors';
import {bootBreaker, GITHUB_DOWN, githubBreaker, quotaBreaker} from '../model/breaker';
import {quotaScope} from '../model/pool';
import {type Context, poolOf} from '../ports';
import {closeBreaker, countFailure, openBreaker, passBreaker, perhapsOpen} from '../store/breakers';

/** The breakers that keep work from a pool. */
export function breakersOf(context: Context, poolName: string, repository: string): string[] {
  const pool = poolOf(context, poolName);
  const scope = pool && quotaScope(pool);
  const boot = pool && bootBreaker(pool);
  return [githubBreaker(repository), GITHUB_DOWN, quotaBreaker(poolName, scope), ...(boot ? [boot] : [])];
}

/** What a failure of GitHub means for the calls to come. */
export async function noteGitHubFailure(context: Context, repository: string, error: unknown): Promise<void> {
  if (error instanceof RateLimited) {
    await tripBreaker(context, githubBreaker(repository), error.message, error.retryAfterSeconds);
  }
  if (!(error instanceof GitHubDown)) return;
  await countedFailure(context, GITHUB_DOWN, error.message, {most: 5, openMs: 60_000, withinMs: 120_000});
}

/** The runner of a VM did not come online: three in a row stop the making of more for ten minutes. */
export async function noteBootFailure(context: Context, poolName: string, runner: string): Promise<void> {
  const pool = poolOf(context, poolName);
  const name = pool && bootBreaker(pool);
  if (!name) return;
  const reason = `${runner} did not come online; check the template's start-up script in its serial port log`;
  await countedFailure(context, name, reason, {most: 3, openMs: 600_000, withinMs: 6 * 3600_000});
}

async function countedFailure(
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
  for (const name of await perhapsOpen(context.store, breakersOf(context, pool, repository))) {
    const passed = await passBreaker(context.store, name, context.clock.now());
    if (passed.kind === 'open') {
      throw refusalOf(name)(`breaker ${name} is open: ${passed.reason}`, passed.retryAfterSeconds);
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
      await noteGitHubFailure(context, repository, error);
      throw error;
    }
  };
}

function refusalOf(name: string): (message: string, seconds: number) => RetryableError {
  if (name.startsWith('quota.')) return (message, seconds) => new QuotaExceeded(message, seconds);
  if (name.startsWith('github.')) return (message, seconds) => new RateLimited(message, seconds);
  return (message, seconds) => new Unavailable(message, seconds);
}
