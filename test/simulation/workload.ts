import type {Job} from '../emulators/github/job';
import type {GitHubWorld} from '../emulators/github/model';
import {isTheirs} from './neighbours';
import {labelsOf, NOBODYS} from './pools';
import type {JobPlan, Setting} from './scenario';

/** A world does not rest for less than this. */
const SOON_MS = 4 * 60_000;

/** Plays the plans of the scenario's jobs at GitHub. */
export class Workload {
  /** Those that the control plane reruns, too. */
  readonly jobs: Readonly<Job>[] = [];
  /** Those that somebody rerun. */
  readonly rerunByHand = new Set<Readonly<Job>>();
  /** How often a job was queued: each time it wants a runner. */
  queued = 0;
  readonly #startMs: number;
  #waiting: number;
  /** Re-runs that somebody asks for later. */
  #reruns = 0;
  /** Called when a job is over; removed when that has happened. */
  readonly #whenOver = new Map<number, () => void>();

  constructor(
    private readonly github: GitHubWorld,
    private readonly plans: readonly JobPlan[],
    private readonly setting: Pick<Setting, 'brokenLists' | 'provider' | 'rests'> = {},
  ) {
    this.#startMs = github.scheduler.now();
    this.#waiting = plans.length;
    for (const plan of plans) this.#at(this.#startMs + plan.atMs, () => this.#begin(plan));
    github.observe((event) => {
      if (event.kind !== 'job' || isTheirs(event.job) || event.job.labels.includes(NOBODYS)) return;
      if (event.action === 'queued' && event.job.status === 'queued') this.queued += 1;
      if (event.job.runAttempt > 1 && !this.jobs.includes(event.job)) this.jobs.push(event.job);
      if (event.action !== 'completed') return;
      const next = this.#whenOver.get(event.job.id);
      this.#whenOver.delete(event.job.id);
      next?.();
    });
  }

  /** Whether everything that was planned has begun and ended. */
  isOver(): boolean {
    return this.#waiting + this.#reruns === 0 && this.jobs.every(({status}) => status === 'completed');
  }

  /** Whether no job is queued or runs, and none is about to be: the next one may come in weeks. */
  isResting(): boolean {
    return !this.#isSoon() && this.jobs.every(({status}) => status === 'completed' || status === 'waiting');
  }

  /** Whether a job that is queued or runs asks for the label, or one whose name begins with it. */
  wants(label: string): boolean {
    return this.jobs.some(
      ({status, labels}) => status !== 'completed' && labels.some((one) => one.toLowerCase().startsWith(label)),
    );
  }

  /** Whether a run is about to begin. */
  #isSoon(): boolean {
    if (this.#waiting === 0 || !this.setting.rests) return this.#waiting > 0;
    const nowMs = this.github.scheduler.now() - this.#startMs;
    return this.plans.some(({atMs}) => atMs >= nowMs && atMs < nowMs + SOON_MS);
  }

  #begin(plan: JobPlan): void {
    this.#waiting -= 1;
    const parallel = Math.min(plan.matrix, plan.maxParallel);
    let left = plan.matrix - parallel;
    let runId: number | undefined;
    const add = (): void => {
      const job = this.#add(plan, runId);
      runId = job.runId;
      this.#whenOver.set(job.id, () => {
        if (left > 0) {
          left -= 1;
          add();
        } else if (plan.rerunAfterMs !== undefined) this.#rerunLater(job.id, plan.rerunAfterMs);
      });
    };
    for (let member = 0; member < parallel; member++) add();
    if (this.setting.brokenLists === 'nobodys') {
      this.github.queueJob({repository: plan.repository, labels: [NOBODYS], durationMs: plan.durationMs});
    }
    if (plan.heldBesideMs !== undefined) this.#holdBeside(plan, plan.heldBesideMs, runId);
  }

  #add(plan: JobPlan, runId: number | undefined): Job {
    const job = this.github.queueJob({
      repository: plan.repository,
      labels: labelsOf(plan.kind, this.jobs.length, this.setting.provider),
      durationMs: plan.durationMs,
      ...(plan.approvedAfterMs === undefined ? {} : {needsApproval: true}),
      ...(runId === undefined ? {} : {runId}),
    });
    this.jobs.push(job);
    const {approvedAfterMs, cancelAfterMs, sentBack} = plan;
    if (approvedAfterMs !== undefined) this.#later(approvedAfterMs, () => this.#approve(job));
    if (sentBack) {
      this.#later(sentBack.afterMs, () => {
        if (job.status !== 'queued') return;
        this.github.requestApproval(job.id);
        this.#later(sentBack.forMs, () => this.#approve(job));
      });
    }
    if (cancelAfterMs !== undefined) this.#later(cancelAfterMs, () => this.github.cancelJob(job.id));
    return job;
  }

  #holdBeside({repository, kind, durationMs}: JobPlan, forMs: number, runId: number | undefined): void {
    const labels = labelsOf(kind, this.jobs.length, this.setting.provider);
    const place = {repository, labels, durationMs, ...(runId === undefined ? {} : {runId})};
    const job = this.github.queueJob({...place, needsApproval: true});
    this.jobs.push(job);
    this.#later(forMs, () => this.#approve(job));
  }

  #approve(job: Job): void {
    if (job.status === 'waiting') this.github.approve(job.id);
  }

  #rerunLater(jobId: number, afterMs: number): void {
    this.#reruns += 1;
    this.#later(afterMs, () => {
      this.#reruns -= 1;
      const {runId} = this.github.queue.job(jobId);
      const others = this.github.queue.run(runId).jobs;
      if (others.some(({status}) => status !== 'completed')) return;
      this.rerunByHand.add(this.github.rerun(jobId));
    });
  }

  #later(ms: number, action: () => void): void {
    this.#at(this.github.scheduler.now() + ms, action);
  }

  #at(timeMs: number, action: () => void): void {
    this.github.scheduler.at(timeMs, action);
  }
}
