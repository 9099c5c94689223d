import {DAY_MS, HOUR_MS} from '../durations';
import {GitHubDown, RateLimited, UncertainAtGitHub} from '../errors';
import {bootBreaker, GITHUB_DOWN, githubBreaker, quotaBreaker} from '../model/breaker';
import type {RunnerDocument} from '../model/runner';
import {type Context, poolOf} from '../ports';
import type {Store} from '../store/store';
import {hasChosenPower} from './chosen-machine';

/** How long a breaker stays on record after its latest failure. */
const BREAKER_RETENTION_MS = DAY_MS;

/**
 * 5xx answers of GitHub that open its breaker. Later ones do not put off the next probe: the sweep may meet them for ever at runs that GitHub
 * cannot list, while everything else of GitHub answers.
 */
const GITHUB_LIMITS = {most: 5, openMs: 60_000, withinMs: 120_000, putsOff: false};

/** Runners of a template that did not come online and open its breaker. */
const BOOT_LIMITS = {most: 3, openMs: 600_000, withinMs: 6 * HOUR_MS, putsOff: true};

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

/**
 * Counts a VM whose runner did not come online; `what` says it in other words. The third in a row holds the pools of its template back for ten
 * minutes. Where a job has chosen the size of its machine, it may be that: then it is counted of the job alone, see `reopenFailedBoot`.
 */
export async function recordBootFailure(
  context: Context,
  runner: RunnerDocument,
  what = "did not come online; check the template's startup script or workflow in the log of its machine",
): Promise<void> {
  const pool = poolOf(context, runner.pool);
  const name = pool && bootBreaker(pool);
  if (!name || hasChosenPower(context, runner)) return;
  const reason = `${runner.name} ${what}`;
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

interface Failures {
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
