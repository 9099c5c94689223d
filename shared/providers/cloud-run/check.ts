import {type Clock, withDeadline} from '../../clock';
import {HOUR_MS, MINUTE_MS} from '../../durations';
import {SlipwayError, Unavailable} from '../../errors';
import {type Finding, QUESTION_MS} from '../provider';
import {withRunErrors} from './client/errors';
import type {Run, RunJob} from './client/run';
import {type CloudRunPool, type Home, jobOfPool} from './job';
import {executionsSince, oldestAlive, taskTimeoutMs} from './look';

/** Executions that run at one time in a region unless the project has asked for more; the API does not show the limit. @see https://cloud.google.com/run/quotas */
const RUNNING_LIMIT = 1000;

/** Share of the limit above which a warning is given. */
const NEAR_LIMIT = 0.8;

/** The longest time-out of a task with a GPU. @see https://cloud.google.com/run/docs/configuring/jobs/gpu */
const LONGEST_GPU_MS = HOUR_MS;

export interface CheckOptions {
  readonly run: Run;
  readonly pool: CloudRunPool;
  readonly home: Home;
  readonly clock: Clock;
}

/**
 * Whether an execution could be started for the pool: the job is there and made for runners, and its executions can be read. Reads afresh, and
 * changes nothing.
 */
export async function checkPool(options: CheckOptions): Promise<readonly Finding[]> {
  const {run, pool, home, clock} = options;
  try {
    const {job, region} = jobOfPool(pool, home);
    const [found, executions] = await Promise.all([
      ask(clock, run.getJob(job)),
      ask(clock, executionsSince(run, job, oldestAlive([pool], clock.now()))),
    ]);
    if (!found) {
      const because = `found no Cloud Run job ${job}`;
      return both({
        status: 'error',
        because,
        do: `Create the job in ${region}, or correct job and region of the pool.`,
      });
    }
    const running = executions.filter(({isFinished}) => !isFinished).length;
    return [jobFinding(job, found, pool), runningFinding(running, region)];
  } catch (error) {
    return both(failedFinding(error));
  }
}

/** Waits for the answer to one question, for less time than a call of the client may take. */
function ask<T>(clock: Clock, question: Promise<T>): Promise<T> {
  const silent = () => new Unavailable(`Cloud Run did not answer within ${QUESTION_MS / 1000} s`, 10);
  return withDeadline(QUESTION_MS, withRunErrors(clock, question), silent);
}

/** Without the job, its executions are not known either. */
function both(finding: Finding): readonly Finding[] {
  const because = `the pool's executions are not known: ${finding.because}`;
  return [finding, {about: 'quota', status: 'skipped', because, do: finding.do}];
}

/** An answer that did not come finds nothing; a refusal is an error. */
function failedFinding(error: unknown): Finding {
  if (error instanceof RangeError) return {status: 'skipped', because: error.message, do: 'Nothing to do.'};
  if (!(error instanceof SlipwayError)) throw error;
  if (error.retryable) return {status: 'skipped', because: error.message, do: 'Try again in a minute.', isSilent: true};
  const remedy =
    'Correct what the message names. Reading needs run.jobs.get, run.executions.get and run.executions.list.';
  return {status: 'error', because: error.message, do: remedy};
}

function jobFinding(name: string, job: RunJob, pool: CloudRunPool): Finding {
  const needed = taskTimeoutMs(pool);
  if (job.hasGpu && needed > LONGEST_GPU_MS) {
    const because = `job ${name} has a GPU, with which a task ends after an hour; the pool's minutes add up to ${Math.ceil(needed / MINUTE_MS)}`;
    return {
      status: 'error',
      because,
      do: 'Lower jobMinutes, idleMinutes and bootMinutes of the pool, or take the GPU out of the job.',
    };
  }
  if (job.maxRetries > 0) {
    const because = `job ${name} retries a failed task ${job.maxRetries} times (maxRetries), and a runner can be registered once`;
    return {status: 'warning', because, do: 'Set maxRetries of the job to 0.'};
  }
  const because = `job ${name} is there, and its executions can be read`;
  return {status: 'ok', because, do: 'Nothing to do.'};
}

function runningFinding(running: number, region: string): Finding {
  const about = 'quota';
  const because = `${running} executions of the job run; a region runs ${RUNNING_LIMIT} at a time unless the project has asked for more`;
  if (running < RUNNING_LIMIT * NEAR_LIMIT) return {about, status: 'ok', because, do: 'Nothing to do.'};
  const remedy = `Ask for a higher quota of running executions in ${region} at https://console.cloud.google.com/iam-admin/quotas, or lower maxRunners of the pool.`;
  return {about, status: 'warning', because, do: remedy};
}
