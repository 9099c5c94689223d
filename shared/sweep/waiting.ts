import {openBreakers} from '../diagnosis/facts';
import {MOST_READ} from '../diagnosis/looked-at';
import {steady} from '../diagnosis/verdict';
import {type Records, type WaitingJob, waitingJobs} from '../diagnosis/waiting-jobs';
import {type JobDocument, jobKeyOf} from '../model/job';
import type {Context} from '../ports';
import {scrubSecrets} from '../secret';
import type {Sweep} from './context';
import type {Observed} from './observed';

/**
 * The queued jobs on record that GitHub does not show in another state, and why each has no runner, by the record alone; of more than 200 the
 * oldest have a verdict, and the oldest of each pool.
 */
export async function explainWaiting(
  {context, webhooks, intervalSeconds}: Pick<Sweep, 'webhooks' | 'intervalSeconds'> & {readonly context: Records},
  observed: Pick<Observed, 'jobs' | 'seen' | 'absent' | 'runners'>,
): Promise<Waiting> {
  const jobs = [...observed.jobs].flatMap(([key, job]) => {
    const status = observed.seen.get(key)?.job.status ?? 'queued';
    return job.status === 'queued' && status === 'queued' && !observed.absent.has(key) ? [job] : [];
  });
  if (jobs.length === 0) return {jobs, explained: []};
  const explained = await waitingJobs(context, oldestOf(jobs), {
    now: context.clock.now(),
    sweepSeconds: intervalSeconds,
    webhooks,
    runners: new Map((observed.runners ?? []).map((runner) => [runner.name, runner])),
    breakers: await openBreakers(context.store),
  });
  return {jobs, explained};
}

/** The oldest 200, and the oldest of each pool, which the many of another pool must not hide. */
function oldestOf(jobs: readonly JobDocument[]): JobDocument[] {
  const seen = new Set<string>();
  return [...jobs]
    .sort((a, b) => a.queuedAt - b.queuedAt)
    .filter(({pool}, index) => {
      const isFirst = !seen.has(pool);
      seen.add(pool);
      return isFirst || index < MOST_READ;
    });
}

export interface Waiting {
  readonly jobs: readonly JobDocument[];
  /** The oldest first. */
  readonly explained: readonly WaitingJob[];
}

/**
 * Logs one line for each pool with jobs that wait for a runner, and one more when there are none any more. Returns the pools that have any.
 * `before`: those of the sweep before.
 */
export function logWaiting(
  {context}: {readonly context: Pick<Context, 'clock' | 'logger'>},
  {jobs, explained}: Waiting,
  before: readonly string[],
): string[] {
  const now = context.clock.now();
  const pools = new Map<string, JobDocument[]>();
  for (const job of jobs) pools.set(job.pool, [...(pools.get(job.pool) ?? []), job]);
  for (const [pool, ofPool] of pools) {
    const reasons = explained.filter(({job}) => job.pool === pool);
    const [oldest] = reasons;
    if (!oldest) continue;
    const {job, explanation} = oldest;
    const key = jobKeyOf(job);
    const verdicts: Record<string, number> = {};
    for (const {explanation: one} of reasons) verdicts[one.verdict] = (verdicts[one.verdict] ?? 0) + 1;
    context.logger.info(`job ${key} of pool ${pool} waits: ${scrubSecrets(steady(explanation.because))}`, {
      decision: 'waiting',
      pool,
      count: ofPool.length,
      oldest_age_seconds: Math.max(0, Math.round((now - job.queuedAt) / 1000)),
      oldest_job: key,
      oldest_url: job.url,
      verdict: explanation.verdict,
      verdicts,
    });
  }
  for (const pool of before) {
    if (pools.has(pool)) continue;
    context.logger.info(`no job of pool ${pool} waits any more`, {
      decision: 'waiting',
      pool,
      count: 0,
      oldest_age_seconds: 0,
      oldest_job: null,
      oldest_url: null,
      verdict: null,
      verdicts: {},
    });
  }
  return [...pools.keys()];
}
