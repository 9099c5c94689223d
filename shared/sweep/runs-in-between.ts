import {MINUTE_MS} from '../durations';
import {sweepTask} from '../model/tasks';
import type {Context} from '../ports';

/** The shortest interval of Cloud Scheduler, in milliseconds. */

/**
 * The times of the runs that the scheduler does not start, until it calls again, in milliseconds since the epoch: multiples of the interval
 * within each minute. The scheduler itself starts the run at the full minute.
 */
export function timesInBetween(intervalSeconds: number, now: number): number[] {
  const intervalMs = intervalSeconds * 1000;
  const minute = Math.floor(now / MINUTE_MS) * MINUTE_MS;
  const times: number[] = [];
  for (const start of [minute, minute + MINUTE_MS]) {
    for (let afterMs = intervalMs; afterMs < MINUTE_MS; afterMs += intervalMs) times.push(start + afterMs);
  }
  // The scheduler may be some seconds early or late: the times do not depend on that.
  return times.filter((time) => time > now && time < now + MINUTE_MS);
}

/**
 * With an interval below a minute: enqueues the runs until the scheduler's next call. Never throws: a run that could not be planned is made
 * up for by the next one.
 */
export async function planRunsInBetween(
  {clock, deployment, tasks, logger}: Pick<Context, 'clock' | 'deployment' | 'tasks' | 'logger'>,
  intervalSeconds: number,
): Promise<void> {
  const now = clock.now();
  const planned = await Promise.allSettled(
    timesInBetween(intervalSeconds, now).map((time) => tasks.enqueue(sweepTask(deployment, time, now))),
  );
  const failed = planned.find((one) => one.status === 'rejected');
  if (!failed) return;
  const count = planned.filter(({status}) => status === 'rejected').length;
  logger.warning(
    `sweep: ${count} of ${planned.length} runs until the next call of the scheduler could not be planned`,
    {
      decision: 'failed',
      reason: 'in_between',
      error: failed.reason,
    },
  );
}
