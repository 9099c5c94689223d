import {jobKeyOf} from '../lifecycle/naming';
import type {Context} from '../ports';
import type {JobDocument, JobKey, RunnerDocument} from '../store/documents';
import type {Found, Store, Where} from '../store/store';

/** More than that are not read in one sweep; then nothing is concluded from what is missing. */
const MOST = 20_000;
/** Read at a time: the client holds an answer several times over. */
// mutation: stored page size
const PAGE = 500;
const RUNNER_STATES = ['requested', 'creating', 'booting', 'idle', 'busy', 'draining'] as const;
const JOB_STATUSES = ['queued', 'waiting', 'in_progress'] as const;
/** Slots are read for what got lost alone, which can wait: a read for each of them every minute would be most of the bill. */
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

/** By id, page after page. False when there are more than are read in one sweep. */
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
