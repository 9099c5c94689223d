import type {Job} from './job';
import type {Registration} from './registration';

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
