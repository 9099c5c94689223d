import {QuotaExceeded, RateLimited, type RetryableError} from '../errors';
import {closeBreaker, openBreaker, passBreaker} from '../store/breakers';
import {type Context, poolOf} from './context';

/** A project's quotas are a region's: one breaker for all pools there. */
export function quotaBreaker(pool: string, region: string | undefined): string {
  return region ? `quota.${region}` : `quota.pool.${pool}`;
}

/** Rate limits are an installation's, which has one account. */
export function githubBreaker(repository: string): string {
  return `github.${repository.split('/')[0]?.toLowerCase()}`;
}

export async function tripBreaker(context: Context, name: string, reason: string, seconds: number): Promise<void> {
  const now = context.clock.now();
  await openBreaker(context.store, name, {reason, now, untilMs: now + seconds * 1000});
  context.logger.error(`breaker ${name} is open: ${reason}`, {decision: 'breaker_open', reason: name});
}

/**
 * Lets work through while the pool's breakers are closed; while one is open, one probe a minute. Throws what the queue should slow down
 * for. Returns what to call when the work succeeded: it closes the breakers that this probed.
 */
export async function passBreakers(context: Context, pool: string, repository: string): Promise<() => Promise<void>> {
  const provider = poolOf(context, pool)?.provider;
  const region = provider?.type === 'gce' ? provider.region : undefined;
  const probed: string[] = [];
  const gates: [string, (message: string, seconds: number) => RetryableError][] = [
    [githubBreaker(repository), (message, seconds) => new RateLimited(message, seconds)],
    [quotaBreaker(pool, region), (message, seconds) => new QuotaExceeded(message, seconds)],
  ];
  for (const [name, refuse] of gates) {
    const passed = await passBreaker(context.store, name, context.clock.now());
    if (passed.kind === 'open') {
      throw refuse(`breaker ${name} is open: ${passed.reason}`, passed.retryAfterSeconds);
    }
    if (passed.kind === 'probe') probed.push(name);
  }
  return async () => {
    for (const name of probed) await closeBreaker(context.store, name);
  };
}
