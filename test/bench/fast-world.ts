import type {HttpFunction} from '@google-cloud/functions-framework';
import {createApi} from '../../functions/api/index';
import {createProvision} from '../../functions/provision/index';
import {createStop} from '../../functions/stop/index';
import {createSweep} from '../../functions/sweep/index';
import {createWebhook} from '../../functions/webhook/index';
import {createMemoryStore} from '../../shared/store/memory';
import {InProcessTasks, type TaskRequest} from '../../shared/tasks/local/in-process';
import {createLogger} from '../../shared/telemetry/create-logger';
import {directGitHub} from '../emulators/github/direct';
import {directDiscovery} from '../emulators/github/direct-discovery';
import {GitHubWorld} from '../emulators/github/model';
import type {MachineEvent} from '../emulators/machines';
import {bootRunners} from '../emulators/runner-process';
import {SeededRandom} from '../emulators/seeded-random';
import {DEPLOYED_RATES} from '../emulators/tasks/deployed-rates';
import {callFunction} from '../simulation/call-function';
import {BEARER, environmentOf, WEBHOOK_SECRET} from '../simulation/environment';
import {EventScheduler} from '../simulation/event-scheduler';
import type {Setting} from '../simulation/scenario';
import {machinesOf} from './fast-machines';
import {slowed, slowedGitHub, slowedStore} from './slowed';
import {ASSUMED, configOf, REPOSITORY, type Way} from './ways';

const MANY = {nobody: 1_000_000, secret: 1_000_000};
const MINUTE = 60_000;

/** Of the simulation; the pools are our own. */
const SETTING = {maxRunners: {}, idleMinutes: 10} as Setting;

/** Milliseconds of each job. */
export interface Times {
  /** From queued to running. */
  readonly total: number[];
  /** Of these, our own: from the delivery until the provider has taken the order for a machine, less what a host waited for its next call. */
  readonly own: number[];
  /** Of these, until the next call of a Docker host. */
  readonly untilSync: number[];
  /** Jobs for which a standby machine was started or resumed. */
  readonly standby: Set<number>;
}

export interface Jobs {
  readonly count: number;
  readonly everyMs: number;
}

/** The functions, their queues with the rates that are deployed, and the emulated world, all on a virtual clock. */
export class FastWorld {
  readonly scheduler = new EventScheduler();
  readonly #random = new SeededRandom(1);
  readonly #github: GitHubWorld;
  readonly #deliveredAt = new Map<number, number>();
  readonly #orderedAt = new Map<number, number>();
  readonly #assignedAt = new Map<number, number>();
  readonly #syncOf = new Map<number, {readonly startedAt: number}>();
  /** By the name of the standby machine. */
  readonly #begunAt = new Map<string, number>();
  readonly #times: Times = {total: [], own: [], untilSync: [], standby: new Set()};

  constructor(private readonly way: Way) {
    const {scheduler} = this;
    const {delivery, listenerToJob: pickup} = ASSUMED;
    const latencies = {delivery, pickup: [pickup, pickup]} as const;
    this.#github = new GitHubWorld({scheduler, random: this.#random, authClock: scheduler, latencies});
    this.#github.addRepository(REPOSITORY);
  }

  /** Plays the jobs, `everyMs` apart, until all of them run. */
  async play({count, everyMs}: Jobs): Promise<Times> {
    const {scheduler} = this;
    // Loaded on the first webhook, which takes real time.
    await import('@octokit/webhooks-methods');
    const tasks = this.#deploy();
    // Hosts have called, and warm runners and standby machines are there.
    await scheduler.run(scheduler.now() + 5 * MINUTE, () => false);
    const startMs = scheduler.now();
    const before = this.#times.total.length;
    for (let job = 0; job < count; job += 1) {
      const queue = () =>
        this.#github.queueJob({repository: REPOSITORY, labels: ['self-hosted', 'linux'], durationMs: MINUTE});
      scheduler.at(startMs + Math.round(job * everyMs), () => void queue());
    }
    const limitMs = startMs + count * everyMs + 60 * MINUTE;
    await scheduler.run(limitMs, () => this.#times.total.length - before === count);
    await tasks.close();
    if (this.#times.total.length !== count)
      throw new Error(`${this.way.name}: ${this.#times.total.length} of ${count} ran`);
    return this.#times;
  }

  #deploy(): InProcessTasks {
    const {scheduler, way} = this;
    const sleep = (ms: number) => scheduler.sleep(ms);
    const tasks = new InProcessTasks({timers: scheduler, limitsOf: DEPLOYED_RATES, dispatch: (task) => dispatch(task)});
    const common = {
      env: {...environmentOf(SETTING, this.#github.app), RUNNER_CONFIG: configOf(way), LOG_LEVEL: 'info'},
      clock: scheduler,
      logger: createLogger({level: 'info', destination: {write: (line) => this.#logged(line)}}),
      tasks: slowed(tasks, sleep, {enqueue: ASSUMED.createTask}),
    };
    const {machines, start, ...ports} = machinesOf(way, {
      scheduler,
      random: this.#random,
      onBegun: (machine) => this.#begunAt.set(machine, scheduler.now()),
      onSync: (...sync) => this.#synced(...sync),
    });
    const store = createMemoryStore({clock: scheduler});
    const services = {
      ...common,
      ...ports,
      store: slowedStore(store, sleep, {readMs: ASSUMED.read, commitMs: ASSUMED.commit}),
      random: this.#random,
      github: slowedGitHub(directGitHub(this.#github), sleep, ASSUMED.jitConfig),
      discovery: directDiscovery(this.#github),
    };
    const [webhook, sweep] = [createWebhook(common), createSweep(services)];
    const handlers = {provision: createProvision(services), stop: createStop(services), sweep};
    const dispatch = async ({to, body, headers}: TaskRequest) => {
      await sleep(ASSUMED.dispatch);
      const answer = await callFunction(handlers[to], {headers: {...headers, authorization: BEARER[to]}, body});
      const retryAfter = Number(answer.headers['retry-after']);
      return {status: answer.status, ...(retryAfter > 0 ? {retryAfterSeconds: retryAfter} : {})};
    };
    this.#github.addHook({
      secret: WEBHOOK_SECRET,
      deliver: async ({headers, body}) => {
        const {action, workflow_job: job} = JSON.parse(body) as {action: string; workflow_job: {id: number}};
        if (action === 'queued') this.#deliveredAt.set(job.id, scheduler.now());
        const {status} = await callFunction(webhook, {headers, body: Buffer.from(body)});
        return {status};
      },
    });
    if (way.minIdle !== undefined || way.standby !== undefined) this.#sweepEachMinute(sweep);
    start(createApi({...services, perMinute: MANY}));
    bootRunners({github: this.#github, machines, bootMs: way.bootMs, wakeMs: ASSUMED.resumedToListener});
    machines.observe((event) => this.#ordered(event));
    this.#watchJobs();
    return tasks;
  }

  /** A standby machine has its job's label once it runs. */
  #ordered({kind, machine: {name, job}}: MachineEvent): void {
    if (!job) return;
    const id = Number.parseInt(job, 10);
    if (kind === 'accepted') this.#orderedAt.set(id, this.scheduler.now());
    const begunAt = kind === 'running' ? this.#begunAt.get(name) : undefined;
    if (begunAt === undefined) return;
    this.#orderedAt.set(id, begunAt);
    this.#times.standby.add(id);
  }

  #sweepEachMinute(sweep: HttpFunction): void {
    const headers = {authorization: BEARER.sweep, 'content-type': 'application/json'};
    const next = () => {
      this.scheduler.at(this.scheduler.now() + MINUTE, next);
      void callFunction(sweep, {headers, body: Buffer.from('{}')});
    };
    next();
  }

  #watchJobs(): void {
    const queuedAt = new Map<number, number>();
    this.#github.observe((event) => {
      if (event.kind !== 'job') return;
      const {id} = event.job;
      const now = this.scheduler.now();
      if (event.action === 'queued') queuedAt.set(id, now);
      if (event.action === 'in_progress') this.#runs(id, now - (queuedAt.get(id) ?? now));
    });
  }

  #runs(job: number, totalMs: number): void {
    this.#times.total.push(totalMs);
    const delivered = this.#deliveredAt.get(job);
    const ordered = this.#orderedAt.get(job);
    // A runner that was there already took the job before anything was made for it.
    if (delivered === undefined || ordered === undefined) return void this.#times.own.push(0);
    const sync = this.#syncOf.get(job);
    const untilSync = sync === undefined ? 0 : sync.startedAt - (this.#assignedAt.get(job) ?? sync.startedAt);
    this.#times.own.push(ordered - delivered - untilSync);
    if (sync) this.#times.untilSync.push(untilSync);
  }

  /** A call of an agent, and the runners that it was told to start. */
  #synced(startedAt: number, runners: readonly string[]): void {
    for (const runner of runners) this.#syncOf.set(jobOf(runner), {startedAt});
  }

  /** The line that says that a runner is assigned to its host. */
  #logged(line: string): void {
    const {decision, runner} = JSON.parse(line) as {decision?: string; runner?: string};
    if (decision === 'created' && runner) this.#assignedAt.set(jobOf(runner), this.scheduler.now());
  }
}

/** The job in the name of a runner. */
function jobOf(runner: string): number {
  return Number(runner.split('-').at(-2));
}
