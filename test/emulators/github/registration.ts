import type {RunnerScope} from '../../../shared/model/scope';
import type {RunnerGroup} from './account';
import type {Job} from './job';

/** Why the runner's process ended by itself. `removed`: its registration was deleted under it. */
export type SessionEnd = 'job_done' | 'removed';

/**
 * A connected runner process. The model of the VM powers off when it ends, and calls `disconnect` when the VM goes first.
 */
export class RunnerSession {
  readonly #onJob: ((job: Readonly<Job>) => void)[] = [];
  readonly #onEnd: ((end: SessionEnd) => void)[] = [];
  #live = true;

  constructor(
    readonly runner: Registration,
    private readonly lost: (session: RunnerSession) => void,
    private readonly told: (session: RunnerSession) => void,
  ) {}

  get live(): boolean {
    return this.#live;
  }

  /** Called for each job that the runner gets. */
  onJob(listener: (job: Readonly<Job>) => void): void {
    this.#onJob.push(listener);
  }

  /** Called once when the process ends by itself. */
  onEnd(listener: (end: SessionEnd) => void): void {
    this.#onEnd.push(listener);
  }

  /** The VM is gone, or the process was killed. A job that it ran is lost. */
  disconnect(): void {
    if (!this.#live) return;
    this.#live = false;
    this.lost(this);
  }

  /** The process is told to end, as by SIGINT: it cancels its job, and says at once that the job has failed. */
  shutDown(): void {
    if (this.#live) this.told(this);
    this.disconnect();
  }

  /** For the model: the runner got a job. */
  started(job: Job): void {
    for (const listener of this.#onJob) listener(job);
  }

  /** For the model: the process ends by itself. */
  end(end: SessionEnd): void {
    if (!this.#live) return;
    this.#live = false;
    for (const listener of this.#onEnd) listener(end);
  }
}

/** A runner as GitHub keeps it. Times are milliseconds since the epoch. */
export interface Registration {
  readonly id: number;
  readonly name: string;
  readonly scope: RunnerScope;
  readonly group: RunnerGroup;
  readonly ephemeral: boolean;
  /** Proves that a JIT config belongs to this registration and not to an earlier one of the name. */
  readonly nonce: string;
  readonly createdAtMs: number;
  /** Lists leave it out before this. */
  readonly listedAtMs: number;
  /** Lower case; none is added by GitHub to a JIT runner. */
  labels: string[];
  /** The process on the VM, while it is connected. */
  session: RunnerSession | null;
  /** What it runs, whether or not the process is still there. */
  job: Job | null;
  /** `busy` reads false before this although it runs a job. */
  busyFromMs: number;
  /** Gone from the lists; the object lives on in whoever holds it. */
  removed: boolean;
}

export function isIdle(runner: Registration): boolean {
  return !runner.removed && runner.session !== null && runner.job === null;
}
