import {LeaseHeld, RetryableError, sentenceOf} from '../errors';
import {backoffMs, TASK_BACKOFF} from '../model/backoff';
import {type FailedAttempt, type JobDocument, type JobKey, jobKeyOf} from '../model/job';
import type {Demand} from '../model/job-event';
import {latestRunnerName} from '../model/names';
import {isEphemeral} from '../model/pool';
import {isBeingCreated} from '../model/runner';
import type {ProvisionTask, StopTask} from '../model/task-payload';
import {type Context, poolOf} from '../ports';
import {scrubSecrets} from '../secret';
import type {Transaction} from '../store/store';
import {readJobChange} from './demand';

/** Longer sentences are cut. */
const LONGEST_MESSAGE = 500;

/** Where an error does not say when to try again. */
const RETRY_SECONDS = 10;

/** The attempt of a task. */
export interface Attempt {
  /** From 1. */
  readonly attempt: number;
  /** Left out: nobody gives up. */
  readonly mostAttempts?: number;
}

/**
 * Writes down why an attempt to get a job its runner failed, where it is tried again, so that people can read it: on the record of the job
 * that the half-made runner is there for. A job that is not on record yet, because the attempt failed before, is written down as open. Costs a
 * job that goes well nothing. Changes nothing else of a job.
 */
export async function noteFailedAttempt(
  context: Context,
  task: ProvisionTask | StopTask,
  error: unknown,
  attempt: Attempt,
): Promise<void> {
  const demand = demandOf(task);
  // Who holds the lease does the work.
  if (!demand || error instanceof LeaseHeld || !(error instanceof Error)) return;
  await context.store.transaction(async (transaction) => {
    const now = context.clock.now();
    const job = await jobConcerned(context, transaction, demand, now);
    if (job?.status !== 'queued') return;
    transaction.set('jobs', jobKeyOf(job), {...job, failedAttempt: failedAttempt(error, attempt, now)});
  });
}

function failedAttempt(error: Error, {attempt, mostAttempts}: Attempt, now: number): FailedAttempt {
  const retryable = error instanceof RetryableError ? error : undefined;
  const seconds = retryable?.retryAfterSeconds ?? RETRY_SECONDS;
  return {
    kind: retryable?.kind ?? 'internal',
    message: scrubSecrets(sentenceOf(error)).slice(0, LONGEST_MESSAGE),
    at: now,
    attempt,
    ...(mostAttempts === undefined ? {} : {mostAttempts}),
    // The queue waits for the longer of both.
    // mutation: wait of the queue
    nextTryAt: now + Math.max(Math.ceil(seconds * 1000), backoffMs(TASK_BACKOFF, attempt)),
  };
}

/** Undefined: the task is not there to get a job its runner. */
function demandOf(task: ProvisionTask | StopTask): Demand | undefined {
  if (task.kind === 'demand') return {job: task.job};
  return task.kind === 'event' && task.event.status === 'queued' ? {event: task.event} : undefined;
}

async function jobConcerned(
  context: Context,
  transaction: Transaction,
  demand: Demand,
  now: number,
): Promise<JobDocument | undefined> {
  const key: JobKey = 'event' in demand ? jobKeyOf(demand.event) : demand.job;
  const job = await transaction.get('jobs', key);
  if (!job) return unrecorded(context, transaction, demand, now);
  if (job.creations === 0) return job;
  // By the swap rule, the runner that was made for this job may be there for another one.
  const runner = await transaction.get('runners', latestRunnerName(context.deployment, job));
  if (!runner || !isBeingCreated(runner) || runner.covers === null || runner.covers === key) return job;
  return transaction.get('jobs', runner.covers);
}

/** A job of a pool that makes runners may be on record as open: the next attempt serves it all the same. */
async function unrecorded(
  context: Context,
  transaction: Transaction,
  demand: Demand,
  now: number,
): Promise<JobDocument | undefined> {
  if (!('event' in demand)) return undefined;
  const pool = poolOf(context, demand.event.pool);
  if (!pool || !isEphemeral(pool)) return undefined;
  const change = await readJobChange(transaction, demand, now);
  return change?.kind === 'opened' ? change.job : undefined;
}
