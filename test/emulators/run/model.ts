import type {Random} from '../../../shared/random';
import type {MachineEventKind} from '../machines';
import type {Scheduler} from '../scheduler';
import {
  ApiError,
  type Execution,
  executionPath,
  isFinished,
  type Job,
  type JobGiven,
  jobPath,
  notFound,
  type Overrides,
} from './resources';

export interface RunOptions {
  readonly scheduler: Scheduler;
  readonly random: Random;
  /** From an accepted run to a container that runs; 4 s unless given. 0: at once. */
  readonly startMs?: number;
  /** From an accepted cancellation to a container that has ended. */
  readonly cancelMs?: number;
  /** From an accepted deletion to an execution that is gone. */
  readonly deleteMs?: number;
}

export interface RunEvent {
  readonly kind: MachineEventKind;
  readonly execution: Execution;
}

/** Finished executions that are kept of a job. @see https://cloud.google.com/run/quotas */
const KEPT = 1000;
const LONGEST_TASK_SECONDS = 168 * 3600;
const ALPHABET = 'abcdefghijklmnopqrstuvwxyz0123456789';

/** Cloud Run's jobs and executions, as somebody sees them who starts and ends executions. */
export class RunWorld {
  readonly scheduler: Scheduler;
  readonly jobs: Job[] = [];
  /** Whether an execution that has not ended can be deleted; else it has to be cancelled first and have ended. */
  deletesRunning = true;
  /** Runs that were accepted, also of executions that are gone. */
  created = 0;
  readonly #executions: Execution[] = [];
  readonly #given = new WeakSet<Execution>();
  readonly #observers: ((event: RunEvent) => void)[] = [];
  readonly #expiries = new Map<Execution, () => void>();
  readonly #counts = new Map<string, number>();
  readonly #random: Random;
  readonly #delays: {readonly startMs: number; readonly cancelMs: number; readonly deleteMs: number};
  readonly #endings: {readonly exitCode: number | undefined; readonly message: string; left: number}[] = [];
  #limit = Number.POSITIVE_INFINITY;
  #stuck = 0;
  #isDown = false;

  constructor({scheduler, random, startMs = 4_000, cancelMs = 3_000, deleteMs = 2_000}: RunOptions) {
    this.scheduler = scheduler;
    this.#random = random;
    this.#delays = {startMs, cancelMs, deleteMs};
  }

  addJob(given: JobGiven): Job {
    const job: Job = {
      ...{project: 'world', region: 'us-central1', cpu: '2', memory: '8Gi', maxRetries: 0, timeoutSeconds: 600},
      ...{env: {}, args: [], labels: {}, accelerator: undefined},
      ...given,
    };
    this.jobs.push(job);
    return job;
  }

  observe(observer: (event: RunEvent) => void): void {
    this.#observers.push(observer);
  }

  counts(): Readonly<Record<string, number>> {
    return Object.fromEntries(this.#counts);
  }

  /** More executions than that do not run in a region at one time. */
  limitRunning(limit: number): void {
    this.#limit = limit;
  }

  /** The next executions stay pending. */
  keepPending(times: number): void {
    this.#stuck += times;
  }

  /** The next executions end soon after their start, with this code; without one before their start, for the reason in the message. */
  endNext(times: number, exitCode: number | undefined, message: string): void {
    this.#endings.push({exitCode, message, left: times});
  }

  /** The API starts and lists nothing. */
  goDown(): void {
    this.#isDown = true;
  }

  /** Takes back what was planned and limited. */
  recover(): void {
    this.#isDown = false;
    this.#endings.length = 0;
    this.#limit = Number.POSITIVE_INFINITY;
    this.#stuck = 0;
  }

  job(path: string): Job {
    const found = this.jobs.find((job) => jobPath(job) === path);
    if (!found) throw notFound(path);
    return found;
  }

  /** Newest first. `path`: of a job, or with `-` as the job those of every job in the place. */
  executions(path?: string): Execution[] {
    const all = [...this.#executions].reverse();
    if (path === undefined) return all;
    this.#checkUp();
    if (!path.endsWith('/jobs/-')) this.job(path);
    const beginning = path.replace(/-$/, '');
    return all.filter(({job}) =>
      path.endsWith('/jobs/-') ? jobPath(job).startsWith(beginning) : jobPath(job) === path,
    );
  }

  execution(path: string): Execution {
    const found = this.#executions.find((one) => executionPath(one) === path);
    if (!found) throw notFound(path);
    return found;
  }

  run(path: string, overrides: Overrides = {}): Execution {
    this.#checkUp();
    const job = this.job(path);
    const timeoutSeconds = overrides.timeout === undefined ? job.timeoutSeconds : secondsOf(overrides.timeout);
    const inRegion = this.#executions.filter((one) => one.job.region === job.region && !this.#given.has(one));
    const running = inRegion.filter((one) => !isFinished(one));
    if (running.length >= this.#limit) {
      const message = `Quota exceeded for total running executions in ${job.region}: ${this.#limit}.`;
      throw new ApiError(429, 'RESOURCE_EXHAUSTED', message);
    }
    const [container] = overrides.containerOverrides ?? [];
    const env = {...job.env, ...Object.fromEntries((container?.env ?? []).map(({name, value = ''}) => [name, value]))};
    const args = container?.args?.length ? container.args : container?.clearArgs ? [] : job.args;
    const execution = this.#place(job, {env, args, timeoutSeconds});
    this.created += 1;
    this.#announce('accepted', execution);
    if (this.#stuck > 0) {
      this.#stuck -= 1;
      execution.message = 'Waiting for capacity to start the execution.';
      return execution;
    }
    if (this.#delays.startMs === 0) this.#start(execution);
    else this.#later(this.#delays.startMs, () => this.#start(execution));
    return execution;
  }

  /** One that is there from the start, whoever made it. It takes nothing of the limit. */
  add(job: Job, env: Readonly<Record<string, string>>, isRunning: boolean): Execution {
    const execution = this.#place(job, {env, args: job.args, timeoutSeconds: LONGEST_TASK_SECONDS});
    this.#given.add(execution);
    if (isRunning) this.#run(execution);
    else this.#end(execution, 'succeeded', 'terminated', {exitCode: 0});
    return execution;
  }

  cancel(path: string): Execution {
    const execution = this.execution(path);
    if (isFinished(execution)) throw new ApiError(400, 'FAILED_PRECONDITION', `Execution ${path} has ended.`);
    if (execution.state === 'cancelling') return execution;
    execution.state = 'cancelling';
    this.#announce('deleting', execution);
    this.#later(this.#delays.cancelMs, () => this.#end(execution, 'cancelled', 'deleted'));
    return execution;
  }

  delete(path: string): Execution {
    const execution = this.execution(path);
    if (!isFinished(execution)) {
      if (!this.deletesRunning) throw new ApiError(400, 'FAILED_PRECONDITION', `Execution ${path} is running.`);
      if (execution.state !== 'cancelling') this.cancel(path);
    }
    execution.deletedAtMs ??= this.scheduler.now();
    this.#later(this.#delays.deleteMs, () => {
      this.#end(execution, 'cancelled', 'deleted');
      this.#forget(execution);
    });
    return execution;
  }

  /** The container ends by itself. */
  exit(execution: Execution, exitCode: number, message = ''): void {
    this.#end(execution, exitCode === 0 ? 'succeeded' : 'failed', 'terminated', {exitCode, message});
  }

  /** The machine under the container breaks. */
  failHost(execution: Execution): void {
    if (execution.state === 'running') this.#end(execution, 'failed', 'host_error', {message: 'Internal error.'});
  }

  #checkUp(): void {
    if (this.#isDown) throw new ApiError(503, 'UNAVAILABLE', 'The service is currently unavailable.');
  }

  #place(job: Job, given: Pick<Execution, 'env' | 'args' | 'timeoutSeconds'>): Execution {
    if (given.timeoutSeconds > LONGEST_TASK_SECONDS) {
      throw new ApiError(400, 'INVALID_ARGUMENT', `timeout: ${given.timeoutSeconds}s is more than 604800s`);
    }
    const execution: Execution = {
      ...given,
      ...{name: `${job.name}-${this.#suffix()}`, job, labels: job.labels, createdAtMs: this.scheduler.now()},
      ...{startedAtMs: undefined, completedAtMs: undefined, deletedAtMs: undefined},
      ...{state: 'pending', exitCode: undefined, message: ''},
    };
    this.#executions.push(execution);
    return execution;
  }

  #start(execution: Execution): void {
    if (execution.state !== 'pending' || !this.#executions.includes(execution)) return;
    const ending = this.#endings.find(({left}) => left > 0);
    if (!ending) {
      this.#run(execution);
      return;
    }
    ending.left -= 1;
    const {exitCode, message} = ending;
    if (exitCode === undefined) {
      this.#end(execution, 'failed', 'failed', {message});
      return;
    }
    this.#run(execution);
    this.#later(1_000, () => this.exit(execution, exitCode, message));
  }

  #run(execution: Execution): void {
    const {timeoutSeconds} = execution;
    execution.state = 'running';
    execution.startedAtMs = this.scheduler.now();
    const endsAtMs = execution.startedAtMs + timeoutSeconds * 1000;
    const expire = () => this.#end(execution, 'failed', 'expired', {message: 'The configured timeout was reached.'});
    this.#expiries.set(execution, this.scheduler.at(endsAtMs, expire));
    this.#announce('running', execution);
  }

  #end(
    execution: Execution,
    state: 'succeeded' | 'failed' | 'cancelled',
    kind: MachineEventKind,
    {exitCode, message = ''}: {readonly exitCode?: number; readonly message?: string} = {},
  ): void {
    if (isFinished(execution)) return;
    this.#expiries.get(execution)?.();
    this.#expiries.delete(execution);
    Object.assign(execution, {state, exitCode, message, completedAtMs: this.scheduler.now()});
    this.#announce(kind, execution);
    // What has ended by itself is no machine any more.
    if (kind === 'terminated' || kind === 'expired' || kind === 'host_error') this.#announce('deleted', execution);
    const finished = this.#executions.filter((one) => one.job === execution.job && isFinished(one));
    for (const old of finished.slice(0, Math.max(0, finished.length - KEPT))) this.#forget(old);
  }

  #forget(execution: Execution): void {
    const index = this.#executions.indexOf(execution);
    if (index >= 0) this.#executions.splice(index, 1);
  }

  #announce(kind: MachineEventKind, execution: Execution): void {
    this.#counts.set(kind, (this.#counts.get(kind) ?? 0) + 1);
    for (const observer of this.#observers) observer({kind, execution});
  }

  #suffix(): string {
    return Array.from({length: 5}, () => ALPHABET[Math.floor(this.#random.next() * ALPHABET.length)]).join('');
  }

  #later(ms: number, action: () => void): void {
    this.scheduler.at(this.scheduler.now() + ms, action);
  }
}

/** `3600s` */
function secondsOf(duration: string): number {
  const seconds = Number(/^(\d+(?:\.\d+)?)s$/.exec(duration)?.[1]);
  if (Number.isNaN(seconds)) throw new ApiError(400, 'INVALID_ARGUMENT', `timeout: found ${duration}`);
  return seconds;
}
