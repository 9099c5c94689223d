import {jobKeyOf} from '../../lifecycle/naming';
import type {JobDocument, JobKey, RunnerDocument} from '../../store/documents';
import type {Found} from '../../store/store';
import type {Sweep} from './ports';

/** More than that are not read in one sweep; then nothing is concluded from what is missing. */
const MOST = 5_000;
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
  {context, incomplete}: Sweep,
  slotsAt: number,
  slotsInSight: boolean,
): Promise<Stored> {
  const {store, clock} = context;
  let isComplete = true;
  const runners: RunnerDocument[] = [];
  for (const state of RUNNER_STATES) {
    const found = await store.find('runners', {where: {state}, limit: MOST});
    runners.push(...found.map(({data}) => data));
    isComplete &&= found.length < MOST;
  }
  const jobs = new Map<JobKey, JobDocument>();
  for (const status of JOB_STATUSES) {
    const found = await store.find('jobs', {where: {status}, limit: MOST});
    for (const {data} of found) jobs.set(jobKeyOf(data), data);
    isComplete &&= found.length < MOST;
  }
  if (!isComplete) incomplete.push(`more than ${MOST} documents of one state`);
  const isDue = slotsInSight || clock.now() - slotsAt >= SLOTS_EVERY_MS;
  const slots = isComplete && isDue ? await store.find('slots', {where: {}, limit: MOST}) : undefined;
  return {
    runners: isComplete ? runners : undefined,
    jobs,
    slots: slots && slots.length < MOST ? slots.filter(({data}) => data.holder !== null) : undefined,
  };
}
