import type {HttpFunction} from '@google-cloud/functions-framework';
import {HOST_TOKEN_HEADER} from '../../shared/host-token';
import type {ServicesOptions} from '../../shared/services';
import type {DispatchResult} from '../../shared/tasks/local/dispatch';
import {InProcessTasks, type TaskRequest} from '../../shared/tasks/local/in-process';
import type {Tasks} from '../../shared/tasks/tasks';
import {createLogger} from '../../shared/telemetry/create-logger';
import type {DeliveryAnswer, DeliveryRequest} from '../emulators/github/delivery';
import {DEPLOYED_RATES} from '../emulators/tasks/deployed-rates';
import {callFunction, type FunctionAnswer} from './call-function';
import {callApi, MANY, Onlooker} from './control-api';
import {BEARER, environmentOf, WEBHOOK_SECRET} from './environment';
import {Forger} from './forger';
import type {Functions} from './functions';
import {poolsOf} from './pools';
import {randomOf} from './random-of';
import {type Setting, sweepIntervalMs} from './scenario';
import type {SimulatedWorld} from './simulated-world';

type Target = 'webhook' | 'provision' | 'stop' | 'sweep' | 'api';
type Handlers = {readonly [T in Target]?: HttpFunction};

/** What is deployed, and how it is configured. */
interface Deployment {
  readonly setting: Setting;
  readonly handlers: Handlers;
  readonly onlooker: Onlooker;
}

const SWEEP_EVERY_MS = 60_000;

/** A world in which nothing is left is swept less often, so that days without jobs cost little. */
const SWEEP_IDLE_EVERY = 30;
/** In a world that rests between jobs too, until the last one. */
const SWEEP_RESTING_EVERY = 120;
const MINUTES_A_DAY = 24 * 60;
const SWEEP_LONG_IDLE_EVERY = 6 * 60;

/** The functions under test and the queue between them, in a simulated world. */
export class SimulatedServices {
  readonly tasks: InProcessTasks;
  readonly #deployment: Deployment;
  /** While a pool is drained, while pools are elsewhere, and while both are so. */
  readonly #draining: Deployment;
  readonly #moved: Deployment;
  readonly #movedDraining: Deployment;
  /** Tasks that are lost, each with the call before which its first execution dies; undefined: none runs any more. */
  readonly #lost = new Map<string, number | undefined>();
  /** The provision queue of the world's owner, by its first task. */
  #provisionQueue: string | undefined;
  readonly #chance;
  readonly #forger: Forger;
  readonly isSwept: boolean;
  #cancelSweep = (): void => undefined;
  /** The minute in which there was something last. */
  #quietSince = 0;

  constructor(
    private readonly world: SimulatedWorld,
    functions: Functions,
    readonly isResting: () => boolean,
  ) {
    const {scheduler, github, scenario, executions, ports, safety, trace} = world;
    this.#chance = randomOf(scenario.seed, 'dispatch');
    this.tasks = new InProcessTasks({
      timers: scheduler,
      limitsOf: DEPLOYED_RATES,
      ...(scenario.setting.queues ? {provisionQueues: scenario.setting.queues} : {}),
      dispatch: (request) => this.#dispatch(request),
    });
    const destination = {
      write: (line: string) => {
        safety.written('log', line);
        if (trace.isOn) trace.add(`log: ${readable(line)}`);
      },
    };
    const given = {
      random: randomOf(scenario.seed, 'functions'),
      store: ports.store(world.store),
      tasks: ports.tasks(this.#losing(), 'tasks'),
      ...world.direct,
    };
    const deploy = (setting: Setting): Deployment => {
      const env = environmentOf(setting, github.app);
      const pools = poolsOf(setting);
      const common = {
        env,
        ...(pools ? {pools} : {}),
        clock: executions.skewedClock,
        logger: createLogger({level: 'debug', destination}),
      };
      const options: ServicesOptions = {...common, ...given};
      const handlers = {
        webhook: functions.webhook({...common, tasks: ports.tasks(this.#losing(), 'ingest')}),
        provision: functions.provision(options),
        stop: functions.stop(options),
        api: functions.api({...options, perMinute: MANY}),
        ...(functions.sweep ? {sweep: functions.sweep(options)} : {}),
      };
      const {logger} = common;
      return {setting, handlers, onlooker: new Onlooker(world, setting, functions, {logger, tasks: this.tasks})};
    };
    const {setting} = scenario;
    this.#deployment = deploy(setting);
    const {drained, moved} = setting;
    const draining = {...setting, ...(drained ? {maxRunners: {...setting.maxRunners, [drained.pool]: 0}} : {})};
    this.#draining = drained ? deploy(draining) : this.#deployment;
    this.#moved = moved ? deploy({...setting, isElsewhere: true}) : this.#deployment;
    this.#movedDraining = moved && drained ? deploy({...draining, isElsewhere: true}) : this.#moved;
    const hooks = setting.webhooksOff ? 0 : setting.hooks;
    for (let hook = 0; hook < hooks; hook++) {
      github.addHook({secret: WEBHOOK_SECRET, deliver: (request) => this.#deliver(request)});
    }
    const last = github.apps.at(-1);
    if (hooks > 0 && setting.appHook && last && last !== github.app) {
      const target = {kind: 'app', app: last} as const;
      github.addHook({target, secret: WEBHOOK_SECRET, deliver: (request) => this.#deliver(request)});
    }
    this.#forger = new Forger(world, (target, headers, body) => {
      const handler = this.#deployment.handlers[target];
      if (!handler) throw new RangeError(`found no function ${target} in the simulation`);
      return callFunction(handler, {headers, body});
    });
    this.isSwept = functions.sweep !== undefined;
    if (!this.isSwept) return;
    this.#sweepAt(1);
    github.observe((event) => event.kind === 'job' && this.#wake());
  }

  /** Beside the runs of the sweep between the scheduler's calls. */
  hasTasks(): boolean {
    const ofJobs = [...this.tasks.pending('provision'), ...this.tasks.pending('stop')].filter(
      ({payload}) => payload.to !== 'sweep',
    );
    return ofJobs.length > 0;
  }

  /** The queue, which forgets some tasks in the end. */
  #losing(): Tasks {
    return {
      enqueue: (task) => {
        const lost = this.world.faultPlan.task(task.queue);
        if (lost) {
          this.world.trace.add(`fault: task ${task.name} will be lost`);
          this.#lost.set(task.name, lost.diesAt);
        }
        return this.tasks.enqueue(task);
      },
      check: () => this.tasks.check(),
    };
  }

  async #deliver({headers, body}: DeliveryRequest): Promise<DeliveryAnswer> {
    const outage = this.world.scheduledFaults.webhookOutage();
    if (outage === 'unreachable') throw new Error('the function was not reached');
    if (outage) return {status: outage};
    this.#forger.delivery(headers, body);
    const {status} = await this.#call('webhook', headers, Buffer.from(body), 'noticed');
    return {status};
  }

  async #dispatch({queue, to, name, body, headers}: TaskRequest): Promise<DispatchResult> {
    const {scheduler, scenario, faultPlan, trace} = this.world;
    const effect = faultPlan.dispatch(queue);
    await scheduler.sleep(this.#chance.below(scenario.setting.taskDelayMs + 1));
    if (effect) trace.add(`fault: dispatch of ${queue} ${name}: ${JSON.stringify(effect)}`);
    const diesAt = this.#lost.get(name);
    const isUnreached = this.#lost.has(name) && diesAt === undefined;
    if (effect === 'not_delivered' || isUnreached) throw new Error('the function was not reached');
    if (diesAt !== undefined) this.#lost.set(name, undefined);
    if (typeof effect === 'object') await scheduler.sleep(effect.lateMs);
    const {event} = JSON.parse(body.toString()) as {event?: {status: string}};
    if (event && (event.status === 'completed') !== (to === 'stop')) {
      this.world.violated('misdirected', `${name}, the news of a job that is ${event.status}, went to ${to}`);
    }
    if (queue === 'provision') this.#watchQueue(headers, body);
    const sent = {...headers, authorization: BEARER[to]};
    if (to !== 'sweep') this.#forger.task(to, sent, body);
    const once = () => this.#call(to, sent, body, 'sometimes', diesAt);
    if (effect === 'twice') await once();
    const [answer] = await Promise.all(effect === 'concurrently' ? [once(), once()] : [once()]);
    if (!answer || effect === 'answer_lost') throw new Error('the answer was lost');
    const retryAfter = Number(answer.headers['retry-after']);
    return {status: answer.status, ...(retryAfter > 0 ? {retryAfterSeconds: retryAfter} : {})};
  }

  /** All tasks of an owner are in one queue, and there is one owner. The start of a VM is of none. */
  #watchQueue(headers: Readonly<Record<string, string>>, body: Buffer): void {
    const {kind} = JSON.parse(body.toString()) as {kind: string};
    const name = headers['X-CloudTasks-QueueName'] ?? '';
    if (kind === 'vm') return;
    this.#provisionQueue ??= name;
    if (name !== this.#provisionQueue) {
      this.world.violated(
        'misrouted',
        `a task ${kind} is in ${name}, others of its owner are in ${this.#provisionQueue}`,
      );
    }
  }

  /** The death of an execution is `noticed` by its caller, or only `sometimes`: else the caller waits until its deadline. */
  async #call(
    target: Target,
    headers: Readonly<Record<string, string>>,
    body: Buffer,
    death: 'noticed' | 'sometimes',
    diesAt?: number,
  ): Promise<FunctionAnswer> {
    const handler = this.deployed().handlers[target];
    if (!handler) throw new RangeError(`found no function ${target} in the simulation`);
    const isNoticed = this.#chance.next() < 0.5 || death === 'noticed';
    const run = () => callFunction(handler, {headers, body});
    const {execution, result} = this.world.executions.start(target, run, diesAt);
    const broken = execution.death.then(() => {
      this.world.trace.add(`${target}#${execution.id} died`);
      if (!isNoticed) return new Promise<never>(() => undefined);
      throw new Error('the connection broke');
    });
    return Promise.race([result, broken]);
  }

  /** Somebody with the secret asks `api`. Rejects when it dies. `by`: what the execution is called. */
  async ask(by: 'api' | 'dry run', method: string, url: string, body?: object): Promise<FunctionAnswer> {
    const {api} = this.deployed().handlers;
    if (!api) throw new RangeError('found no function api in the simulation');
    if (this.isSwept) this.#wake();
    const {execution, result} = this.world.executions.start(by, () => callApi(api, method, url, body));
    return Promise.race([
      result,
      execution.death.then(() => {
        throw new Error('the connection broke');
      }),
    ]);
  }

  /** The agent of a Docker host calls. Rejects when no answer arrives. */
  async sync(host: string, token: string, report: object): Promise<unknown> {
    const {api} = this.deployed().handlers;
    if (!api) throw new RangeError('found no function api in the simulation');
    const request = {
      path: `/hosts/${host}/sync`,
      headers: {[HOST_TOKEN_HEADER]: token, 'content-type': 'application/json'},
      body: Buffer.from(JSON.stringify(report)),
    };
    const {execution, result} = this.world.executions.start('api', () => callFunction(api, request));
    const {status, body} = await Promise.race([
      result,
      execution.death.then(() => {
        throw new Error('the connection broke');
      }),
    ]);
    if (status !== 200) throw new Error(`the sync was answered with ${status}`);
    return body;
  }

  /** What is deployed now. */
  deployed(): Deployment {
    const {scheduler, startMs, scenario} = this.world;
    const isNow = ({fromMs, forMs} = {fromMs: 0, forMs: 0}) => {
      const sinceMs = scheduler.now() - startMs - fromMs;
      return sinceMs >= 0 && sinceMs < forMs;
    };
    const {drained, moved} = scenario.setting;
    if (isNow(moved)) return isNow(drained) ? this.#movedDraining : this.#moved;
    return isNow(drained) ? this.#draining : this.#deployment;
  }

  /** At minute `index` of the world, or the first one after it at which the interval has a sweep. While nothing is there only now and then, and after a day of that four times a day. */
  #sweepAt(minute: number): void {
    const {scheduler, startMs, scenario} = this.world;
    const step = sweepIntervalMs(scenario) / SWEEP_EVERY_MS;
    const index = Math.ceil(minute / step) * step;
    this.#cancelSweep = scheduler.at(startMs + index * SWEEP_EVERY_MS, () => {
      if (!this.isResting()) this.#quietSince = index;
      const rests = scenario.setting.rests && !this.world.workload.isOver();
      const idle = rests ? SWEEP_RESTING_EVERY : SWEEP_IDLE_EVERY;
      const every = index - this.#quietSince < MINUTES_A_DAY ? idle : SWEEP_LONG_IDLE_EVERY;
      const isDue = this.#quietSince === index || index % every === 0;
      // Behind a sweep comes a look at what it began.
      this.#sweepAt(isDue ? index + 1 : Math.ceil((index + 1) / every) * every);
      if (!isDue) return;
      this.#sweep();
      if (this.world.scenario.setting.sweepsTwice) this.#sweep();
    });
  }

  /** Something comes: the next minute's sweep looks at it. */
  #wake(): void {
    const {scheduler, startMs} = this.world;
    this.#cancelSweep();
    const next = Math.floor((scheduler.now() - startMs) / SWEEP_EVERY_MS) + 1;
    // What is over again by then was there all the same: the sweeps behind it count its machine.
    this.#quietSince = next;
    this.#sweepAt(next);
  }

  #sweep(): void {
    const headers = {authorization: BEARER.sweep, 'content-type': 'application/json'};
    this.#call('sweep', headers, Buffer.from('{}'), 'noticed').then(
      ({status}) => status >= 500 && this.world.trace.add(`sweep answered ${status}`),
      (error: unknown) => this.world.trace.add(`sweep: ${String(error)}`),
    );
  }
}

/** A JSON line of the log in few words. */
function readable(line: string): string {
  const {severity, message, decision, reason, error} = JSON.parse(line) as Record<string, unknown>;
  const cause = typeof error === 'object' && error !== null && 'message' in error ? ` (${String(error.message)})` : '';
  const why = [decision, reason].filter((part) => part !== undefined).join(': ');
  return `${String(severity).toLowerCase()} ${String(message)}${cause}${why ? ` [${why}]` : ''}`;
}
