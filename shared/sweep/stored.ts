import {batches} from '../diagnosis/batches';
import {MINUTE_MS} from '../durations';
import {mayDrainByJob} from '../model/end-of-job';
import {type JobDocument, type JobKey, jobKeyOf} from '../model/job';
import {LIVE_STATES, type RunnerDocument, type RunnerState} from '../model/runner';
import type {StandbyDocument} from '../model/standby';
import type {Context} from '../ports';
import {readEnd} from '../runners/read-runner';
import type {Found, Store, Where} from '../store/store';

/** Documents of one state that a sweep reads. When there are more, nothing is concluded from a missing document. */
const MAX_DOCUMENTS = 20_000;
/** Documents per query: the client holds each answer in memory several times. */
// mutation: stored page size
const PAGE_SIZE = 500;
const JOB_STATUSES = ['queued', 'waiting', 'in_progress'] as const;
/**
 * How often slots are read, in milliseconds. They are read only to find lost slots; reading them every minute would be most of the bill.
 */
const SLOTS_INTERVAL_MS = 10 * MINUTE_MS;

/** Records of ended jobs that are read at once. */
const READS_AT_ONCE = 50;

export interface Stored {
  /** One whose job is over drains, whatever its own record says. Undefined: too many to read. */
  readonly runners: readonly RunnerDocument[] | undefined;
  readonly jobs: Map<JobKey, JobDocument>;
  readonly slots: readonly Found<'slots'>[] | undefined;
  /** Standby machines that are held; undefined: too many to read. */
  readonly standby: readonly StandbyDocument[] | undefined;
}

/** Reads the runners and jobs that are not over, and the taken slots when they are due. */
export async function readStored(
  {context, incomplete}: {readonly context: Pick<Context, 'store' | 'clock'>; readonly incomplete: string[]},
  slotsAt: number,
  slotsInSight: boolean,
): Promise<Stored> {
  const {store, clock} = context;
  // Before the runners: one that is claimed meanwhile is in both lists, and in none of them the other way round.
  const {standby, isComplete: sawStandby} = await readHeldStandby(store);
  const {runners, isComplete: sawRunners} = await readRunners(store, LIVE_STATES);
  let isComplete = sawRunners && sawStandby;
  const jobs = new Map<JobKey, JobDocument>();
  for (const status of JOB_STATUSES) {
    const seen = await eachPage(store, 'jobs', {status}, (found) => {
      for (const {data} of found) jobs.set(jobKeyOf(data), data);
    });
    isComplete &&= seen;
  }
  if (!isComplete) incomplete.push(`more than ${MAX_DOCUMENTS} documents of one state`);
  const isDue = slotsInSight || clock.now() - slotsAt >= SLOTS_INTERVAL_MS;
  const slots: Found<'slots'>[] = [];
  const sawSlots =
    isComplete &&
    isDue &&
    (await eachPage(store, 'slots', {}, (found) => slots.push(...found.filter(({data}) => data.holder !== null))));
  return {
    runners: isComplete ? await withEnds(store, runners, jobs) : undefined,
    jobs,
    slots: sawSlots ? slots : undefined,
    standby: isComplete ? standby : undefined,
  };
}

/**
 * The runners, of which those drain whose job is over. The jobs of the others are among those that were read; a job that is not is read by
 * itself: ordinarily there are as many as runners that are being deleted at the moment.
 */
async function withEnds(
  store: Store,
  runners: readonly RunnerDocument[],
  jobs: ReadonlyMap<JobKey, JobDocument>,
): Promise<readonly RunnerDocument[]> {
  // mutation: end told by job
  const inDoubt = runners.filter((runner) => mayDrainByJob(runner) && !jobs.has(runner.runs));
  const known = new Map<string, RunnerDocument>();
  for await (const some of batches(inDoubt, READS_AT_ONCE, (runner) => readEnd(store, runner))) {
    for (const runner of some) known.set(runner.name, runner);
  }
  return runners.map((runner) => known.get(runner.name) ?? runner);
}

/** Reads the standby machines that are held. `isComplete`: there are no more. */
export async function readHeldStandby(
  store: Store,
): Promise<{readonly standby: readonly StandbyDocument[]; readonly isComplete: boolean}> {
  const standby: StandbyDocument[] = [];
  const isComplete = await eachPage(store, 'standby', {isHeld: true}, (found) =>
    standby.push(...found.map(({data}) => data)),
  );
  return {standby, isComplete};
}

/** Reads the runners in these states. `isComplete`: there are no more. */
export async function readRunners(
  store: Store,
  states: readonly RunnerState[],
): Promise<{readonly runners: readonly RunnerDocument[]; readonly isComplete: boolean}> {
  let isComplete = true;
  const runners: RunnerDocument[] = [];
  for (const state of states) {
    const seen = await eachPage(store, 'runners', {state}, (found) => runners.push(...found.map(({data}) => data)));
    isComplete &&= seen;
  }
  return {runners, isComplete};
}

/** Reads page after page, in the order of ids. Returns false when there are more than `MAX_DOCUMENTS`. */
async function eachPage<C extends 'jobs' | 'runners' | 'slots' | 'standby'>(
  store: Store,
  collection: C,
  where: Where<C>,
  take: (found: readonly Found<C>[]) => void,
): Promise<boolean> {
  let after: string | undefined;
  for (let seen = 0; seen < MAX_DOCUMENTS; seen += PAGE_SIZE) {
    const found = await store.find(collection, {where, limit: PAGE_SIZE, ...(after === undefined ? {} : {after})});
    take(found);
    // mutation: last stored page
    if (found.length < PAGE_SIZE) return true;
    after = found.at(-1)?.id;
  }
  return false;
}
