import type {TtlCache} from '../../cache';
import type {Clock} from '../../clock';
import {MINUTE_MS} from '../../durations';
import {Refused} from '../../errors';
import type {Placement} from '../../model/placement';
import type {CreateOutcome, CreateRequest} from '../provider';
import {RunFailure, secondsToNextMinute} from './client/errors';
import type {Run, RunJob, RunRequest} from './client/run';
import {isOwnExecution, overridesOf, runnerOf} from './environment';
import {type CloudRunPool, type Home, jobOfPool} from './job';
import {executionsSince, taskTimeoutMs} from './look';

/** How long the size of a job is remembered, in milliseconds. */
const JOB_TTL_MS = 10 * MINUTE_MS;

/** Seconds until a creation is tried again that changed nothing. */
const RETRY_SECONDS = 10;

/** How far back a creation looks for what it started itself, in milliseconds: more than its call may take. */
const LOOK_BACK_MS = 2 * MINUTE_MS;

export interface CreateOptions {
  readonly run: Run;
  readonly pool: CloudRunPool;
  readonly deployment: string;
  readonly home: Home;
  /** The jobs that were read, by name. */
  readonly jobs: TtlCache<RunJob | undefined>;
  readonly clock: Clock;
}

/**
 * Starts an execution. The machine is created when the answer names the execution, whose operation ends only with the execution. Cloud Run
 * has no key that makes a second request harmless: it is never sent twice here, and after a lost answer the execution is looked for.
 *
 * @see https://cloud.google.com/run/docs/reference/rest/v2/projects.locations.jobs/run
 */
export async function startExecution(options: CreateOptions, request: CreateRequest): Promise<CreateOutcome> {
  const {run, pool, deployment, home, clock} = options;
  const prepared = await prepare(options);
  if ('kind' in prepared) return prepared;
  const {job, region} = jobOfPool(pool, home);
  const placement = {place: region, spot: false};
  await request.beforeInsert(placement, machineTypeOf(prepared));
  const overrides = await overridesOf(request, pool, deployment, clock.now());
  const timeoutSeconds = Math.ceil(taskTimeoutMs(pool) / 1000);
  return attempt(run, {job, ...overrides, timeoutSeconds}, {placement, request, deployment, clock});
}

/** Reads the job. Nothing has been started yet, so any call without an answer can be repeated. */
async function prepare({run, pool, home, jobs, clock}: CreateOptions): Promise<RunJob | CreateOutcome> {
  try {
    const {job, region} = jobOfPool(pool, home);
    const found = await jobs.load(job, () => run.getJob(job), JOB_TTL_MS);
    if (found) return found;
    return {
      kind: 'refused',
      message: `found no Cloud Run job ${job} in ${region}; create it, or correct job and region of the pool`,
    };
  } catch (error) {
    if (error instanceof Refused) return {kind: 'refused', message: error.message};
    if (!(error instanceof RunFailure)) throw error;
    if (!error.retryable) return {kind: 'refused', message: error.message};
    return {kind: 'rate_limited', message: error.message, retryAfterSeconds: retryAfter(error, clock)};
  }
}

interface Attempt {
  readonly placement: Placement;
  readonly request: CreateRequest;
  readonly deployment: string;
  readonly clock: Clock;
}

async function attempt(run: Run, start: RunRequest, given: Attempt): Promise<CreateOutcome> {
  const {placement, request, deployment, clock} = given;
  try {
    return {kind: 'created', placement, id: await run.runJob(start)};
  } catch (error) {
    if (!(error instanceof RunFailure)) throw error;
    const {message} = error;
    switch (error.failureClass) {
      case 'uncertain': {
        // mutation: look after a lost answer
        const id = await findStarted(run, start.job, {name: request.name, deployment, clock});
        return id === undefined ? {kind: 'uncertain', placement, message} : {kind: 'created', placement, id};
      }
      case 'quota':
        return {kind: 'quota', message, quotaScope: placement.place};
      case 'rate':
      case 'busy':
        return {kind: 'rate_limited', message, retryAfterSeconds: retryAfter(error, clock)};
      default:
        return {kind: 'refused', message};
    }
  }
}

/** The execution that was started although no answer came. Undefined: none is seen, and one may still appear. */
async function findStarted(
  run: Run,
  job: string,
  {name, deployment, clock}: {readonly name: string; readonly deployment: string; readonly clock: Clock},
): Promise<string | undefined> {
  try {
    const executions = await executionsSince(run, job, clock.now() - LOOK_BACK_MS);
    return executions.find((one) => isOwnExecution(deployment, one) && runnerOf(one) === name && !one.isFinished)?.name;
  } catch (error) {
    if (error instanceof RunFailure || error instanceof RangeError) return undefined;
    throw error;
  }
}

function retryAfter({failureClass}: RunFailure, clock: Clock): number {
  return failureClass === 'rate' ? secondsToNextMinute(clock.now()) : RETRY_SECONDS;
}

/** The size of the job as `/costs` knows it: vCPUs and GiB. Undefined: the job leaves it to Cloud Run. */
function machineTypeOf({cpus, gib}: RunJob): string | undefined {
  return cpus === undefined || gib === undefined ? undefined : `cloud-run-${cpus}-${gib}`;
}
