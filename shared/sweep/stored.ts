import {type JobDocument, type JobKey, jobKeyOf} from '../model/job';
import type {RunnerDocument} from '../model/runner';
import type {Context} from '../ports';
import type {Found, Store, Where} from '../store/store';

/** Most documents of one state that a sweep reads; when there are more, nothing is concluded from what is missing. */
const MOST = 20_000;

/** Documents read at a time: the client holds an answer in memory several times. */
// mutation: stored page size
const PAGE = 500;
const RUNNER_STATES = ['requested', 'creating', 'booting', 'idle', 'busy', 'draining'] as const;
const JOB_STATUSES = ['queued', 'waiting', 'in_progress'] as const;

/** Slots are read only to find lost ones, which can wait: to read each every minute would be most of the bill. */
const SLOTS_EVERY_MS = 10 * 60_000;

export interface Stored {
  readonly runners: readonly RunnerDocument[] | undefined;
  readonly jobs: Map<JobKey, JobDocument>;
  readonly slots: readonly Found<'slots'>[] | undefined;
}

/** What is on record and not over. */
export async function readStored(
  {context, incomplete}: {readonly context: Pick<Context, 'store' | 'clock'>; readonly incomplete: string[]},
  slotsAt: number,
  slotsInSight: boolean,
): Promise<Stored> {
  const {store, clock} = context;
  let isComplete = true;
  const runners: RunnerDocument[] = [];
  for (const state of RUNNER_STATES) {
    const seen = await eachPage(store, 'runners', {state}, (found) => runners.push(...found.map(({data}) => data)));
    isComplete &&= seen;
  }
  const jobs = new Map<JobKey, JobDocument>();
  for (const status of JOB_STATUSES) {
    const seen = await eachPage(store, 'jobs', {status}, (found) => {
      for (const {data} of found) jobs.set(jobKeyOf(data), data);
    });
    isComplete &&= seen;
  }
  if (!isComplete) incomplete.push(`more than ${MOST} documents of one state`);
  const isDue = slotsInSight || clock.now() - slotsAt >= SLOTS_EVERY_MS;
  const slots: Found<'slots'>[] = [];
  const sawSlots =
    isComplete &&
    isDue &&
    (await eachPage(store, 'slots', {}, (found) => slots.push(...found.filter(({data}) => data.holder !== null))));
  return {
    runners: isComplete ? runners : undefined,
    jobs,
    slots: sawSlots ? slots : undefined,
  };
}

/** Reads by id, page after page. Returns false when there are more documents than one sweep reads. */
async function eachPage<C extends 'jobs' | 'runners' | 'slots'>(
  store: Store,
  collection: C,
  where: Where<C>,
  take: (found: readonly Found<C>[]) => void,
): Promise<boolean> {
  let after: string | undefined;
  for (let seen = 0; seen < MOST; seen += PAGE) {
    const found = await store.find(collection, {where, limit: PAGE, ...(after === undefined ? {} : {after})});
    take(found);
    // mutation: last stored page
    if (found.length < PAGE) return true;
    after = found.at(-1)?.id;
  }
  return false;
}
