import {MINUTE_MS} from '../../durations';
import {maxLifetimeMs} from '../../model/runner';
import {longestIdleMinutes} from '../../model/warm';
import type {Execution, Run} from './client/run';
import type {CloudRunPool} from './job';

/** Pages of one job that are read at most: more executions than Cloud Run lets run in a region and keeps of a job, at a hundred to a page. */
const MAX_PAGES = 40;

/** Time by which the clocks of Cloud Run and of the functions may differ, in milliseconds. */
const SLACK_MS = 5 * MINUTE_MS;

/** Time-out of the task of a pool's executions. The pool's minutes, as with every other machine. */
export function taskTimeoutMs(pool: CloudRunPool): number {
  return maxLifetimeMs({...pool, idleMinutes: longestIdleMinutes(pool)});
}

/** The time before which no execution can have begun that still runs: the longest time-out of these pools. */
export function oldestAlive(pools: readonly CloudRunPool[], now: number): number {
  return now - Math.max(0, ...pools.map(taskTimeoutMs)) - SLACK_MS;
}

/**
 * The executions of a job that began at `since` or later, in milliseconds. They are listed newest first, so that reading ends at the first
 * older one.
 *
 * @throws RangeError when there are more than `MAX_PAGES` pages of them.
 */
export async function executionsSince(run: Run, job: string, since: number): Promise<readonly Execution[]> {
  const found: Execution[] = [];
  let pageToken: string | undefined;
  for (let pages = 0; pages < MAX_PAGES; pages++) {
    const page = await run.listExecutions(job, pageToken);
    for (const execution of page.executions) {
      // mutation: end of the list
      if (execution.createdAtMs !== undefined && execution.createdAtMs < since) return found;
      found.push(execution);
    }
    pageToken = page.nextPageToken;
    if (pageToken === undefined) return found;
  }
  throw new RangeError(`${job} has more than ${MAX_PAGES} pages of executions`);
}
