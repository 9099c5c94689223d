import {RateLimited, Unavailable} from '../../shared/errors';
import type {Discovery, GitHubFor} from '../../shared/github/github';
import type {SharedApp} from '../../shared/github/shared-discovery';
import type {NewTask} from '../../shared/model/tasks';
import type {Run} from '../../shared/providers/cloud-run/client/run';
import type {Codemagic} from '../../shared/providers/codemagic/client';
import {CodemagicFailure} from '../../shared/providers/codemagic/failure';
import type {Ec2} from '../../shared/providers/ec2/client/ec2';
import type {Compute} from '../../shared/providers/gce/client/compute';
import type {Store, Transaction} from '../../shared/store/store';
import type {Tasks} from '../../shared/tasks/tasks';
import type {AwsApi} from '../emulators/aws/api';
import type {ComputeApi} from '../emulators/compute/api';
import type {GitHubWorld} from '../emulators/github/model';
import type {MemoryService} from '../emulators/memory/service';
import type {RunApi} from '../emulators/run/api';
import type {SeededRandom} from '../emulators/seeded-random';
import {type Executions, never} from './executions';
import type {FaultPlan} from './fault-plan';
import {
  awsEffect,
  codemagicEffect,
  computeEffect,
  githubEffect,
  type MachinesEffect,
  machinesEffect,
  runEffect,
} from './peer-effects';
import type {CallEffect, Port} from './scenario';

export interface FaultyPortsOptions {
  readonly executions: Executions;
  readonly faultPlan: FaultPlan;
  /** Draws how long calls take. */
  readonly random: SeededRandom;
  readonly sleep: (ms: number) => Promise<void>;
  /** A call to the outside in a transaction: it would be repeated on contention. */
  readonly onCallInTransaction: (call: string) => void;
  /** A document or a task's body, as JSON. */
  readonly onWritten: (where: string, json: string) => void;
  readonly trace: (line: string) => void;
}

/** Milliseconds that a call takes at most, there and back. */
const TAKES_MS: Record<Port, number> = {store: 40, tasks: 60, ingest: 60, github: 400, compute: 600, machines: 500};

/** The ports that the functions get: each call takes time, may be struck by a fault, and may be the last that its execution makes. */
export class FaultyPorts {
  constructor(private readonly options: FaultyPortsOptions) {}

  /** `plan` puts a refusal in front of the very next request of the peer. */
  github(port: GitHubFor, world: GitHubWorld, isDown: () => boolean): GitHubFor {
    const plan = (effect: CallEffect | undefined) => {
      const respond = githubEffect(effect, world.scheduler.now());
      if (respond) world.faults.add({match: {path: /./}, respond});
      return () => world.faults.clear();
    };
    return (scope, installation) =>
      this.#wrap('github', port(scope, installation), (effect) =>
        plan(effect ?? (isDown() ? 'unavailable' : undefined)),
      );
  }

  /** Several Apps, each with its own calls. */
  apps(apps: readonly SharedApp[], world: GitHubWorld, isDown: () => boolean): SharedApp[] {
    return apps.map((app) => ({
      ...app,
      forScope: this.github(app.forScope, world, isDown),
      discovery: this.discovery(app.discovery, isDown),
      webhookUrl: () =>
        this.#carry('github', 'webhookUrl', (effect) => shown(effect, isDown, () => app.webhookUrl()), ''),
      actsFor: (scope) =>
        this.#carry('github', 'actsFor', (effect) => shown(effect, isDown, () => app.actsFor(scope)), ''),
    }));
  }

  /** The model's lists have no faults of their own: they are shown here. */
  discovery(port: Discovery, isDown: () => boolean): Discovery {
    return new Proxy(port, {
      get: (target, key, receiver) => {
        const member: unknown = Reflect.get(target, key, receiver);
        if (typeof member !== 'function' || key === 'remainingQuota') return member;
        const call = (effect: CallEffect | undefined, args: readonly unknown[]): Promise<unknown> =>
          shown(effect, isDown, async () => Reflect.apply(member, target, args));
        return (...args: unknown[]) =>
          this.#carry('github', String(key), (effect) => call(effect, args), summary(args));
      },
    });
  }

  compute(port: Compute, api: ComputeApi): Compute {
    return this.#wrap('compute', port, planned(api, computeEffect));
  }

  run(port: Run, api: RunApi): Run {
    return this.#wrap('machines', port, planned(api, runEffect));
  }

  ec2(port: Ec2, api: AwsApi): Ec2 {
    return this.#wrap('machines', port, planned(api, awsEffect));
  }

  /** The service of the provider that exists in tests alone: it has no faults of its own, they are shown here. */
  machines(port: MemoryService, sleep: (ms: number) => Promise<void>): MemoryService {
    const silent = () => unavailable('machines');
    const carry = <T>(method: string, what: string, call: () => Promise<T>): Promise<T> =>
      this.#carry('machines', method, (effect) => show(machinesEffect(effect, method), call, {sleep, silent}), what);
    return {
      create: (request) => carry('create', request.name, () => port.create(request)),
      find: (name) => carry('find', name, () => port.find(name)),
      get: (id) => carry('find', id, () => port.get(id)),
      list: (deployment) => carry('list', deployment, () => port.list(deployment)),
      delete: (id) => carry('delete', id, () => port.delete(id)),
      wasPreempted: (id) => carry('wasPreempted', id, () => port.wasPreempted(id)),
    };
  }

  /** CodeMagic, as the provider calls it: its client stands below the faults, and says what they look like. */
  codemagic(port: Codemagic, sleep: (ms: number) => Promise<void>): Codemagic {
    const silent = () => new CodemagicFailure('uncertain', 'CodeMagic gave no answer; it may have taken effect');
    const carry = <T>(method: string, what: string, call: () => Promise<T>): Promise<T> =>
      this.#carry('machines', method, (effect) => show(codemagicEffect(effect, method), call, {sleep, silent}), what);
    return {
      startBuild: (build) => carry('startBuild', build.labels.at(-1) ?? '', () => port.startBuild(build)),
      getBuild: (id) => carry('getBuild', id, () => port.getBuild(id)),
      cancelBuild: (id) => carry('cancelBuild', id, () => port.cancelBuild(id)),
      listBuilds: (team, cursor) => carry('listBuilds', team, () => port.listBuilds(team, cursor)),
      getApplication: (app) => carry('getApplication', app, () => port.getApplication(app)),
    };
  }

  tasks(port: Tasks, name: 'tasks' | 'ingest'): Tasks {
    return {
      enqueue: (task: NewTask) => {
        this.options.onWritten(`task ${task.name}`, JSON.stringify(task));
        return this.#carry(name, 'enqueue', () => port.enqueue(task), `${task.queue} ${task.name}`);
      },
      check: (queue) => port.check(queue),
    };
  }

  /** Every read of a transaction takes its time, so that transactions collide. */
  store(port: Store): Store {
    const {executions} = this.options;
    return {
      get: (collection, id) => this.#carry('store', 'get', () => port.get(collection, id), `${collection}/${id}`),
      find: (collection, find) => this.#carry('store', 'find', () => port.find(collection, find), collection),
      count: (collection, where) => this.#carry('store', 'count', () => port.count(collection, where), collection),
      transaction: <T>(body: (transaction: Transaction) => Promise<T>) => {
        const run = (transaction: Transaction): Promise<T> =>
          executions.inTransaction(() => body(this.#slow(transaction)));
        return this.#carry('store', 'transaction', () => port.transaction(run), '');
      },
    };
  }

  #slow(transaction: Transaction): Transaction {
    const {random, sleep} = this.options;
    return {
      get: async (collection, id) => {
        if (random.next() < 0.1) await sleep(random.below(TAKES_MS.store));
        return transaction.get(collection, id);
      },
      set: (collection, id, data) => {
        this.options.onWritten(`${collection}/${id}`, JSON.stringify(data));
        transaction.set(collection, id, data);
      },
      delete: (collection, id) => transaction.delete(collection, id),
    };
  }

  #wrap<T extends object>(
    name: Port,
    port: T,
    plan: (effect: CallEffect | undefined, method: string) => () => void,
  ): T {
    return new Proxy(port, {
      get: (target, key, receiver) => {
        const member: unknown = Reflect.get(target, key, receiver);
        if (typeof member !== 'function') return member;
        const method = String(key);
        return (...args: unknown[]) => {
          const call = (effect: CallEffect | undefined): unknown => {
            const done = plan(effect, method);
            try {
              return Reflect.apply(member, target, args);
            } finally {
              done();
            }
          };
          return this.#carry(name, method, call, summary(args));
        };
      },
    });
  }

  /** `call` gets the fault that its peer is to show; those of the store and the queue are shown here. */
  async #carry<T>(
    port: Port,
    method: string,
    call: (effect: CallEffect | undefined) => T | Promise<T>,
    detail: string,
  ): Promise<T> {
    const {executions, faultPlan, random, sleep, trace} = this.options;
    const execution = executions.current();
    if (executions.isInTransaction()) this.options.onCallInTransaction(`${port}.${method}`);
    const effect = faultPlan.call(port, method);
    const took = random.below(TAKES_MS[port]);
    const isBack = random.next() < 0.5;
    if (!isBack) await sleep(took);
    if (effect === 'dies_before' || (execution && execution.callsLeft-- <= 0)) execution?.die();
    if (execution?.isDead) return never();
    if (effect) trace(`fault: ${port}.${method} ${detail} ${effect}`);
    const ours = port === 'store' || port === 'tasks' || port === 'ingest';
    if (ours && (effect === 'failed' || effect === 'unavailable')) throw unavailable(port);
    const result = await call(effect);
    if (isBack) await sleep(took);
    if (effect === 'dies_after') execution?.die();
    if (execution?.isDead) return never();
    if (ours && (effect === 'lost' || effect === 'hang')) throw unavailable(port);
    return result;
  }
}

/** Puts what a fault looks like at the peer in front of its very next request. */
function planned<Respond>(
  api: {fault(fault: {readonly match: () => boolean; readonly respond: Respond}): void},
  look: (effect: CallEffect | undefined, method: string) => Respond | undefined,
): (effect: CallEffect | undefined, method: string) => () => void {
  return (effect, method) => {
    const respond = look(effect, method);
    let isArmed = respond !== undefined;
    if (respond !== undefined) api.fault({match: () => isArmed, respond});
    return () => {
      isArmed = false;
    };
  };
}

/** `silent`: what the client throws where no answer came. */
async function show<T>(
  effect: MachinesEffect | undefined,
  call: () => Promise<T>,
  {sleep, silent}: {readonly sleep: (ms: number) => Promise<void>; readonly silent: () => Error},
): Promise<T> {
  if (effect?.refused) throw effect.refused;
  if (effect?.hangsMs) await sleep(effect.hangsMs);
  if (effect && !effect.hasEffect) throw silent();
  const result = await call();
  if (effect) throw silent();
  return result;
}

function unavailable(port: Port): Unavailable {
  return new Unavailable(`the ${port} did not answer`, 5);
}

/** The first argument that tells what a call is about. */
function summary(args: readonly unknown[]): string {
  return args
    .slice(0, 2)
    .map((argument) => {
      if (typeof argument === 'string' || typeof argument === 'number') return String(argument);
      if (typeof argument !== 'object' || argument === null) return '';
      if ('name' in argument) return String(argument.name);
      return 'body' in argument ? String((argument.body as {name?: unknown}).name) : '';
    })
    .filter((part) => part !== '')
    .join(' ');
}

/** The effect on a call of GitHub that only reads. */
async function shown<T>(effect: CallEffect | undefined, isDown: () => boolean, call: () => Promise<T>): Promise<T> {
  if (effect === 'secondary_limit' || effect === 'rate_limit') throw new RateLimited('GitHub limits the rate', 60);
  if (effect === 'failed' || effect === 'unavailable' || isDown()) throw unavailable('github');
  const result = await call();
  if (effect === 'lost' || effect === 'hang') throw unavailable('github');
  return result;
}
