import {type Conclusion, type Job, type JobStatus, type Run, runStatus} from './job';
import {JOB_QUEUE_LIMIT} from './limits';
import type {ModelContext} from './model-context';
import {GitHubRefusal, notFound} from './refusal';

export interface NewJob {
  /** `owner/name` */
  readonly repository: string;
  readonly labels: readonly string[];
  readonly durationMs: number;
  readonly name?: string;
  /** An environment protection rule holds it back: `waiting` until `approve`. */
  readonly needsApproval?: boolean;
  readonly runAttempt?: number;
  /** Adds the job to a run that is there; a new run unless given. */
  readonly runId?: number;
  /** How it ends when its runner lives; `success` unless given. */
  readonly conclusion?: Conclusion;
}

export interface QueueEvents {
  /** `action` differs from `job.status` once: GitHub sends `queued` for a job that is `waiting`. */
  readonly changed: (job: Job, action: JobStatus) => void;
  readonly available: () => void;
}

/** Jobs and runs up to the moment when a runner takes them, and after. */
export class JobQueue {
  readonly #jobs = new Map<number, Job>();
  readonly #runs = new Map<number, Run>();
  /** Takes back the end that is planned for a job that nobody takes. */
  readonly #expiry = new Map<number, () => void>();
  #runNumber = 0;

  constructor(
    private readonly world: ModelContext,
    private readonly on: QueueEvents,
  ) {}

  add(request: NewJob): Job {
    const run = request.runId === undefined ? this.#newRun(request) : this.run(request.runId);
    const now = this.world.scheduler.now();
    const job: Job = {
      id: this.world.ids.next('job'),
      runId: run.id,
      runAttempt: request.runAttempt ?? run.attempt,
      repository: run.repository,
      name: request.name ?? 'build',
      labels: [...request.labels],
      durationMs: request.durationMs,
      plannedConclusion: request.conclusion ?? 'success',
      createdAtMs: now,
      status: request.needsApproval ? 'waiting' : 'queued',
      conclusion: null,
      queuedAtMs: now,
      startedAtMs: null,
      completedAtMs: null,
      runner: null,
      ending: null,
    };
    this.#jobs.set(job.id, job);
    run.jobs.push(job);
    if (request.needsApproval) {
      this.on.changed(job, 'queued');
      this.on.changed(job, 'waiting');
    } else {
      this.#queued(job);
    }
    return job;
  }

  approve(id: number): Job {
    const job = this.#expect(id, 'waiting');
    job.status = 'queued';
    this.#queued(job);
    return job;
  }

  requestApproval(id: number): Job {
    const job = this.#expect(id, 'queued');
    this.dequeue(job);
    job.status = 'waiting';
    this.on.changed(job, 'waiting');
    return job;
  }

  /** A job that ran is queued once more. */
  requeue(job: Job): void {
    job.status = 'queued';
    this.#queued(job);
  }

  /** A new attempt of one job: the run stays, the job gets a new id. Throws 403 while the run is not over. */
  rerun(id: number): Job {
    const job = this.job(id);
    const run = this.run(job.runId);
    if (runStatus(run).status !== 'completed') {
      throw new GitHubRefusal(403, 'This workflow run is already running and cannot be rerun');
    }
    run.attempt += 1;
    run.startupFailure = false;
    return this.add({...job, conclusion: job.plannedConclusion, runAttempt: run.attempt, runId: run.id});
  }

  /** `queued`, oldest first. */
  queued(): Job[] {
    return [...this.#expiry.keys()]
      .map((id) => this.job(id))
      .filter((job) => !this.run(job.runId).startupFailure)
      .sort((a, b) => a.queuedAtMs - b.queuedAtMs || a.id - b.id);
  }

  complete(job: Job, conclusion: Conclusion, ending: NonNullable<Job['ending']>): void {
    this.dequeue(job);
    job.status = 'completed';
    job.conclusion = conclusion;
    job.ending = ending;
    job.completedAtMs = this.world.scheduler.now();
    this.on.changed(job, 'completed');
  }

  /** The job is no longer for the taking. */
  dequeue(job: Job): void {
    this.#expiry.get(job.id)?.();
    this.#expiry.delete(job.id);
  }

  has(id: number): boolean {
    return this.#jobs.has(id);
  }

  /** Throws 404. */
  job(id: number): Job {
    const job = this.#jobs.get(id);
    if (!job) throw notFound();
    return job;
  }

  /** Throws 404. */
  run(id: number): Run {
    const run = this.#runs.get(id);
    if (!run) throw notFound();
    return run;
  }

  jobs(): Job[] {
    return [...this.#jobs.values()];
  }

  runs(): Run[] {
    return [...this.#runs.values()];
  }

  #queued(job: Job): void {
    const {scheduler} = this.world;
    job.queuedAtMs = scheduler.now();
    this.#expiry.set(
      job.id,
      scheduler.at(scheduler.now() + JOB_QUEUE_LIMIT, () => this.complete(job, 'cancelled', 'expired')),
    );
    this.on.changed(job, 'queued');
    this.on.available();
  }

  #newRun(request: NewJob): Run {
    const run: Run = {
      id: this.world.ids.next('run'),
      repository: request.repository,
      createdAtMs: this.world.scheduler.now(),
      number: ++this.#runNumber,
      attempt: request.runAttempt ?? 1,
      jobs: [],
      startupFailure: false,
    };
    this.#runs.set(run.id, run);
    return run;
  }

  #expect(id: number, status: JobStatus): Job {
    const job = this.job(id);
    if (job.status !== status) throw new Error(`job ${id} is ${job.status}, expected it to be ${status}`);
    return job;
  }
}
