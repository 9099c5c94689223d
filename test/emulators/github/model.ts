import {type Clock, systemClock} from '../../../shared/clock';
import type {Random} from '../../../shared/random';
import type {Scheduler} from '../scheduler';
import type {Account, Repository} from './account';
import {type AccountOptions, Accounts, type RepositoryOptions} from './accounts';
import {App} from './app';
import {Deliveries} from './deliveries';
import type {Hook, HookOptions} from './delivery';
import type {DeliveryFaults} from './delivery-faults';
import {Dispatcher, type Routing} from './dispatcher';
import {Identifiers} from './identifiers';
import type {Job, JobStatus} from './job';
import {JobQueue, type NewJob} from './job-queue';
import {LATENCIES, type Latencies} from './latencies';
import {type ListFaults, NO_LIST_FAULTS} from './list-faults';
import {Manifests} from './manifests';
import type {ModelContext, WorldEvent} from './model-context';
import {GITHUB_COM} from './payload';
import {type RateLimitOptions, RateLimits} from './rate-limits';
import {type RequestFault, RequestFaults} from './request-faults';
import {RunnerReleases} from './runner-releases';
import {type Connection, Runners} from './runners';
import {describeViolation, type Violation} from './violations';
import {Webhooks} from './webhooks';

export interface GitHubWorldOptions {
  readonly scheduler: Scheduler;
  readonly random: Random;
  readonly latencies?: Partial<Latencies>;
  readonly appId?: number;
  /** Which fitting job a runner takes; `oldest` unless given. */
  readonly routing?: Routing;
  readonly rateLimits?: RateLimitOptions;
  /**
   * The clock that JWTs and tokens are checked on. Real time unless given: auth-app signs with `Date`. Give the scheduler
   * when the client runs on it as well.
   */
  readonly authClock?: Clock;
  readonly deliveryFaults?: DeliveryFaults;
  /** Of the direct ports. */
  readonly lists?: ListFaults;
  /** After how many milliseconds a job whose runner went silent is given back to the queue; undefined: it fails after ten minutes. */
  readonly givesBack?: (job: Readonly<Job>) => number | undefined;
}

export interface WorldRepositoryOptions extends RepositoryOptions {
  /** Of the App on the owner, made when it is not there; `null`: the App is not installed. Chosen unless given. */
  readonly installationId?: number | null;
}

/** One request to the HTTP server or the direct port. */
export interface LoggedRequest {
  readonly method: string;
  /** Without query and without `/api/v3`. */
  readonly path: string;
  readonly operationId: string;
  readonly at: number;
}

/** GitHub as an autoscaler sees it: a model on a clock of its own, the same for the same seed. */
export class GitHubWorld {
  readonly scheduler: Scheduler;
  readonly accounts: Accounts;
  /** The App that has the webhook. */
  readonly app: App;
  /** Every App, `app` first. */
  readonly apps: App[];
  readonly runners: Runners;
  readonly releases = new RunnerReleases();
  readonly queue: JobQueue;
  readonly deliveries: Deliveries;
  readonly limits: RateLimits;
  /** Apps that browsers make from manifests. */
  readonly manifests: Manifests;
  readonly faults = new RequestFaults();
  readonly lists: ListFaults;
  readonly authClock: Clock;
  /** Where its pages are, without a trailing slash. */
  webUrl = GITHUB_COM;
  readonly violations: Violation[] = [];
  readonly requests: LoggedRequest[] = [];
  readonly #context: ModelContext;
  readonly #dispatcher: Dispatcher;
  readonly #webhooks: Webhooks;
  readonly #observers: ((event: WorldEvent) => void)[] = [];

  constructor(options: GitHubWorldOptions) {
    this.scheduler = options.scheduler;
    this.authClock = options.authClock ?? systemClock;
    this.lists = options.lists ?? NO_LIST_FAULTS;
    const context: ModelContext = {
      scheduler: options.scheduler,
      random: options.random,
      latencies: {...LATENCIES, ...options.latencies},
      ids: new Identifiers(options.random),
      announce: (event) => {
        for (const observer of this.#observers) observer(event);
      },
    };
    this.accounts = new Accounts(context);
    this.app = new App(context, this.authClock, options.appId ?? 171_503);
    this.apps = [this.app];
    this.#context = context;
    this.deliveries = new Deliveries(context, () => this.app.id);
    this.manifests = new Manifests(context, this);
    if (options.deliveryFaults) this.deliveries.faults = options.deliveryFaults;
    this.#webhooks = new Webhooks({
      accounts: this.accounts,
      app: this.app,
      deliveries: this.deliveries,
      webUrl: () => this.webUrl,
      violated: (violation) => this.violated(violation),
    });
    this.limits = new RateLimits(options.scheduler, options.rateLimits);
    this.queue = new JobQueue(context, {
      changed: (job, action) => this.#jobChanged(job, action),
      available: () => this.#dispatcher.wake(),
    });
    this.runners = new Runners(context, this.accounts, {
      registering: (scope) => this.limits.register(scope),
      available: () => this.#dispatcher.wake(),
      lost: (runner) => this.#dispatcher.lost(runner, runner.job ? options.givesBack?.(runner.job) : undefined),
      shutDown: (runner) => this.#dispatcher.shutDown(runner),
    });
    this.#dispatcher = new Dispatcher(
      context,
      this.accounts,
      this.queue,
      this.runners,
      options.routing ?? 'oldest',
      (job) => this.#jobChanged(job, 'in_progress'),
    );
  }

  addOrganization(login: string, options: Omit<AccountOptions, 'type'> = {}): Account {
    return this.accounts.addAccount(login, options);
  }

  addUser(login: string): Account {
    return this.accounts.addAccount(login, {type: 'User'});
  }

  /** Its owner becomes an organization, and the App is installed there on all repositories, unless that is known better. */
  addRepository(fullName: string, options: WorldRepositoryOptions = {}): Repository {
    const repository = this.accounts.addRepository(fullName, options);
    const {installationId} = options;
    for (const app of installationId === null ? [] : this.apps) {
      if (app.installationOfAccount(repository.owner.login)) continue;
      app.install(repository.owner, installationId && app === this.app ? {id: installationId} : {});
    }
    return repository;
  }

  /** Another App without a webhook, installed on every account that is there. It has the key of the first one, which no call tells apart. */
  addApp(id: number = this.app.id + this.apps.length): App {
    const app = new App(this.#context, this.authClock, id);
    app.slug = `${this.app.slug}-${this.apps.length + 1}`;
    this.apps.push(app);
    for (const account of this.accounts.all()) app.install(account);
    return app;
  }

  addHook(options: HookOptions): Hook {
    return this.deliveries.addHook(options);
  }

  /** Throws 404 when the repository is not there. */
  queueJob(job: NewJob): Job {
    return this.queue.add({...job, repository: this.accounts.repository(job.repository).fullName});
  }

  /** `waiting` → `queued`, with the same id. */
  approve(jobId: number): Job {
    return this.queue.approve(jobId);
  }

  /** `queued` → `waiting`. */
  requestApproval(jobId: number): Job {
    return this.queue.requestApproval(jobId);
  }

  cancelJob(jobId: number): Job {
    const job = this.queue.job(jobId);
    this.#dispatcher.cancel(job);
    return job;
  }

  /** The next attempt of a job whose run is over; a new job id in the same run. */
  rerun(jobId: number): Job {
    return this.queue.rerun(jobId);
  }

  /** The job's runner is lost, and GitHub gives the job back to the queue: `in_progress` → `queued`, with the same id. */
  giveBack(jobId: number): void {
    this.#dispatcher.giveBack(this.queue.job(jobId));
  }

  /** The run ends before any job of it starts, and its jobs stay `queued` for ever. */
  failRunStartup(runId: number): void {
    this.queue.run(runId).startupFailure = true;
  }

  /** A runner process starts with this JIT config. */
  connect(encodedJitConfig: string): Connection {
    return this.runners.connect(encodedJitConfig);
  }

  /** Sends an event about a job once more, under new GUIDs, as GitHub does in storms of `completed`. */
  announceJob(job: Readonly<Job>, action: JobStatus): void {
    this.#webhooks.job(job, action);
  }

  ping(hook: Hook): void {
    this.#webhooks.ping(hook);
  }

  /** Redelivers by id of an attempt: the same guid, a new id. */
  redeliver(deliveryId: number): void {
    this.deliveries.redeliver(deliveryId);
  }

  /** Plans a fault for requests to the HTTP server or the direct port. */
  fault(fault: RequestFault): void {
    this.faults.add(fault);
  }

  observe(observer: (event: WorldEvent) => void): void {
    this.#observers.push(observer);
  }

  /** Keeps it for `violations`, and returns its words. */
  violated(violation: Violation): string {
    this.violations.push(violation);
    return describeViolation(violation);
  }

  #jobChanged(job: Job, action: JobStatus): void {
    for (const observer of this.#observers) observer({kind: 'job', action, job});
    this.announceJob(job, action);
  }
}
