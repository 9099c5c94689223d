import {groupAdmits, type Repository, sameName} from './account';
import type {Accounts} from './accounts';
import type {Job} from './job';
import type {JobQueue} from './job-queue';
import {draw} from './latencies';
import {LOST_RUNNER_LIMIT} from './limits';
import type {ModelContext} from './model-context';
import {isIdle, type Registration} from './registration';
import type {Runners} from './runners';

/** Which of the jobs that fit an idle runner takes. GitHub promises no order. */
export type Routing = 'oldest' | 'random';

/** Gives jobs to runners by scope and labels, and ends them. A runner is never reserved for a job. */
export class Dispatcher {
  /** Takes back the planned end of a job that runs. */
  readonly #endings = new Map<number, () => void>();
  #planned = false;

  constructor(
    private readonly world: ModelContext,
    private readonly accounts: Accounts,
    private readonly queue: JobQueue,
    private readonly runners: Runners,
    private readonly routing: Routing,
    private readonly started: (job: Job) => void,
  ) {}

  /** A runner or a job has become available: soon they are brought together. */
  wake(): void {
    if (this.#planned) return;
    this.#planned = true;
    const {scheduler, random, latencies} = this.world;
    scheduler.at(scheduler.now() + draw(random, latencies.pickup), () => {
      this.#planned = false;
      this.#route();
    });
  }

  /** A cancelled job ends at once; its ephemeral runner goes with it. */
  cancel(job: Job): void {
    if (job.status === 'completed') return;
    const runner = job.status === 'in_progress' ? this.#runnerOf(job) : undefined;
    if (runner) this.#finish(runner, job, 'cancelled', 'cancelled');
    else this.queue.complete(job, 'cancelled', 'cancelled');
  }

  /**
   * The process of a busy runner is gone: GitHub notices when the lock of the job is not renewed. `backAfterMs`: it gives the job back to
   * the queue instead.
   */
  lost(runner: Registration, backAfterMs?: number): void {
    const {job} = runner;
    if (!job) return;
    if (backAfterMs !== undefined) {
      this.#planEnding(job, backAfterMs, () => this.giveBack(job));
      return;
    }
    this.#planEnding(job, LOST_RUNNER_LIMIT, () => this.#finish(runner, job, 'failure', 'lost'));
  }

  /** The process of a busy runner was told to end: the runner cancels the step that runs, and says that the job has failed. */
  shutDown(runner: Registration): void {
    if (runner.job) this.#finish(runner, runner.job, 'failure', 'shut_down');
  }

  giveBack(job: Job): void {
    if (job.status !== 'in_progress') return;
    const runner = this.#runnerOf(job);
    this.#endings.get(job.id)?.();
    this.#endings.delete(job.id);
    job.runner = null;
    job.startedAtMs = null;
    if (runner) runner.job = null;
    if (runner?.ephemeral) this.#retire(runner);
    else if (runner) this.#free(runner);
    this.queue.requeue(job);
  }

  #route(): void {
    const idle = this.runners.all().filter(isIdle);
    if (this.routing === 'random') shuffle(idle, this.world.random);
    let queued = idle.length > 0 ? this.queue.queued() : [];
    for (const runner of idle) {
      const jobs = queued.filter((job) => this.#fits(runner, job));
      const pick = this.routing === 'random' ? Math.floor(this.world.random.next() * jobs.length) : 0;
      const job = jobs[pick];
      if (!job) continue;
      this.#start(runner, job);
      queued = this.queue.queued();
    }
  }

  #fits(runner: Registration, job: Job): boolean {
    if (!job.labels.every((label) => runner.labels.includes(label.toLowerCase()))) return false;
    return inScope(runner, this.accounts.repository(job.repository));
  }

  #start(runner: Registration, job: Job): void {
    const {scheduler, random, latencies} = this.world;
    this.queue.dequeue(job);
    job.status = 'in_progress';
    job.startedAtMs = scheduler.now();
    job.runner = {id: runner.id, name: runner.name, groupId: runner.group.id, groupName: runner.group.name};
    runner.job = job;
    runner.busyFromMs = scheduler.now() + draw(random, latencies.busy);
    this.#planEnding(job, job.durationMs, () => this.#finish(runner, job, job.plannedConclusion, 'ran'));
    this.world.announce({kind: 'runner', change: 'busy', runner});
    this.started(job);
    runner.session?.started(job);
  }

  #finish(
    runner: Registration,
    job: Job,
    conclusion: NonNullable<Job['conclusion']>,
    ending: NonNullable<Job['ending']>,
  ): void {
    this.#endings.get(job.id)?.();
    this.#endings.delete(job.id);
    this.queue.complete(job, conclusion, ending);
    if (runner.ephemeral) this.#retire(runner);
    else this.#free(runner);
  }

  #free(runner: Registration): void {
    runner.job = null;
    this.runners.freed(runner);
    this.wake();
  }

  /** The process ends at once; the registration is cleared away by GitHub, sometimes later. */
  #retire(runner: Registration): void {
    const {scheduler, random, latencies} = this.world;
    const {session} = runner;
    runner.session = null;
    const clear = () => {
      runner.job = null;
      this.runners.remove(runner);
    };
    const laterMs = draw(random, latencies.removal);
    if (laterMs === 0) clear();
    else scheduler.at(scheduler.now() + laterMs, clear);
    session?.end('job_done');
  }

  #planEnding(job: Job, afterMs: number, end: () => void): void {
    this.#endings.get(job.id)?.();
    const {scheduler} = this.world;
    this.#endings.set(job.id, scheduler.at(scheduler.now() + afterMs, end));
  }

  #runnerOf(job: Job): Registration | undefined {
    return this.runners.all().find((runner) => runner.job === job);
  }
}

function inScope({scope, group}: Registration, repository: Repository): boolean {
  if (scope.kind === 'repository') return sameName(`${scope.owner}/${scope.repo}`, repository.fullName);
  return sameName(scope.org, repository.owner.login) && groupAdmits(group, repository);
}

function shuffle<T>(items: T[], random: ModelContext['random']): void {
  for (let last = items.length - 1; last > 0; last--) {
    const other = Math.floor(random.next() * (last + 1));
    const a = items[last] as T;
    items[last] = items[other] as T;
    items[other] = a;
  }
}
