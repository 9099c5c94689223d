import type {SeededRandom} from '../emulators/seeded-random';
import type {CallEffect, Fault, JobPlan, Port} from './scenario';

const MINUTE = 60_000;
const ZONES = ['us-central1-a', 'us-central1-b', 'us-central1-f'];

const DEATHS: readonly CallEffect[] = ['dies_before', 'dies_after'];
const UNANSWERED: readonly CallEffect[] = ['failed', 'lost'];
const GITHUB: readonly CallEffect[] = ['hang', 'unavailable', 'secondary_limit', 'rate_limit'];
const COMPUTE: readonly CallEffect[] = ['hang', 'unavailable', 'rate_limit'];

interface Call {
  readonly port: Port;
  /** Any unless given. */
  readonly method?: string;
  /** Roughly how often it is called for a job, so that faults are planned where calls will be. */
  readonly perJob: number;
  readonly effects: readonly CallEffect[];
}

const CALLS: readonly Call[] = [
  {port: 'store', perJob: 20, effects: [...DEATHS, ...UNANSWERED]},
  {port: 'store', method: 'transaction', perJob: 6, effects: [...DEATHS, ...UNANSWERED]},
  {port: 'tasks', perJob: 0.5, effects: [...DEATHS, ...UNANSWERED]},
  {port: 'ingest', perJob: 3, effects: ['dies_after', 'lost']},
  {port: 'github', method: 'createJitConfig', perJob: 1, effects: [...DEATHS, ...UNANSWERED, ...GITHUB]},
  {port: 'github', method: 'deleteRunner', perJob: 0.3, effects: [...DEATHS, ...UNANSWERED, ...GITHUB]},
  {port: 'github', method: 'findRunner', perJob: 0.1, effects: [...DEATHS, ...GITHUB]},
  {port: 'github', method: 'getRunner', perJob: 0.4, effects: [...DEATHS, ...GITHUB]},
  {
    port: 'compute',
    method: 'insertInstance',
    perJob: 1,
    effects: [...DEATHS, ...UNANSWERED, ...COMPUTE, 'quota', 'lost'],
  },
  {port: 'compute', method: 'deleteInstance', perJob: 1, effects: [...DEATHS, ...UNANSWERED, ...COMPUTE]},
  {port: 'compute', method: 'getInstance', perJob: 1, effects: [...DEATHS, ...COMPUTE]},
  {port: 'compute', method: 'waitForOperation', perJob: 1, effects: [...DEATHS, ...UNANSWERED, ...COMPUTE]},
];

/** A 404 that is not Compute Engine's or GitHub's says nothing of a VM, a runner or a job. */
const FOREIGN_ANSWERS: readonly (Call & {readonly method: string})[] = [
  ...['deleteInstance', 'getInstance', 'insertInstance', 'waitForOperation', 'powerInstance', 'getTemplate'].map(
    (method) => ({port: 'compute', method, perJob: 1, effects: ['no_token', 'page']}) as const,
  ),
  ...['getRunner', 'deleteRunner', 'createJitConfig', 'getJob'].map(
    (method) => ({port: 'github', method, perJob: 0.4, effects: ['page']}) as const,
  ),
];

const LATE_FAILURES = ['ZONE_RESOURCE_POOL_EXHAUSTED', 'INTERNAL_ERROR', 'QUOTA_EXCEEDED', 'UNSUPPORTED_OPERATION'];

/** Calls to the outside that a task makes at most, ordinarily. */
const MOST_CALLS = 8;

const SWEEP_EFFECTS: readonly CallEffect[] = [...DEATHS, 'unavailable', 'lost', 'rate_limit'];
const SWEEP_CALLS: readonly (Pick<Call, 'port' | 'effects'> & {readonly method: string})[] = [
  ...['listRepositories', 'listRunners', 'openRuns', 'jobs', 'job', 'deliveries', 'redeliver'].map(
    (method) => ({port: 'github', method, effects: SWEEP_EFFECTS}) as const,
  ),
  {port: 'compute', method: 'listInstances', effects: [...DEATHS, ...COMPUTE]},
];

/** Half of the worlds have only such faults as need no sweep: what they promise can be checked without one. */
export function drawFaults(random: SeededRandom, jobs: readonly JobPlan[], lengthMs: number): Fault[] {
  const draws = new FaultDraws(random, jobs, lengthMs);
  const amount = [0, 2, 6, 15][random.below(4)] ?? 0;
  const gentle = [draws.call, draws.call, draws.call, draws.dispatch, draws.webhook, draws.window, draws.lateFailure];
  const harsh = [...gentle, draws.dropped, draws.ingest, draws.lostTask, draws.taken, draws.boot];
  const kinds = random.next() < 0.5 ? gentle : harsh;
  return Array.from({length: amount}, () => (kinds[random.below(kinds.length)] ?? draws.call)());
}

/**
 * Half of the boots that fail end their machine, as our own scripts do; the other half hang. In some worlds several machines in a row do not boot,
 * as with a template that is broken for a while.
 */
export function drawBoots(random: SeededRandom, faults: readonly Fault[], jobs: readonly JobPlan[]): Fault[] {
  const by = () => (random.next() < 0.5 ? {by: 'powers off' as const} : {});
  const drawn = faults.map((fault) => (fault.on === 'boot' ? {...fault, ...by()} : fault));
  if (random.next() >= 0.12) return drawn;
  const first = 1 + random.below(jobs.length);
  const way = by();
  const row = Array.from({length: 2 + random.below(6)}, (_, n): Fault => ({on: 'boot', nth: first + n, ...way}));
  return [...drawn, ...row];
}

/** Such as strike the sweep, or make work for it. */
export function drawSweepFaults(random: SeededRandom, jobs: readonly JobPlan[], lengthMs: number): Fault[] {
  const draws = new FaultDraws(random, jobs, lengthMs);
  const amount = [0, 0, 1, 3][random.below(4)] ?? 0;
  const kinds = [draws.sweepCall, draws.webhookDown, draws.zoneDown];
  return Array.from({length: amount}, () => (kinds[random.below(kinds.length)] ?? draws.sweepCall)());
}

/** Answers that are not of the one who was asked. */
export function drawForeignAnswers(random: SeededRandom, jobs: readonly JobPlan[], lengthMs: number): Fault[] {
  const draws = new FaultDraws(random, jobs, lengthMs);
  return Array.from({length: [0, 0, 2, 4][random.below(4)] ?? 0}, draws.foreignAnswer);
}

/** The persistent VM goes down, near its jobs. */
export function drawVmFaults(random: SeededRandom, jobs: readonly JobPlan[], lengthMs: number): Fault[] {
  const draws = new FaultDraws(random, jobs, lengthMs);
  const kinds = [draws.vmDown, draws.vmDown, draws.listener];
  return Array.from({length: [0, 1, 2, 3][random.below(4)] ?? 0}, () =>
    (kinds[random.below(kinds.length)] ?? draws.vmDown)(),
  );
}

class FaultDraws {
  readonly #count: number;

  constructor(
    private readonly random: SeededRandom,
    private readonly jobs: readonly JobPlan[],
    private readonly lengthMs: number,
  ) {
    this.#count = jobs.reduce((sum, {matrix}) => sum + matrix, 0);
  }

  call = (): Fault => {
    const {port, method, perJob, effects} = this.#pick(CALLS);
    return {on: 'call', port, ...(method ? {method} : {}), nth: this.#nth(perJob), effect: this.#pick(effects)};
  };

  foreignAnswer = (): Fault => {
    const {port, method, perJob, effects} = this.#pick(FOREIGN_ANSWERS);
    return {on: 'call', port, method, nth: this.#nth(perJob), effect: this.#pick(effects)};
  };

  dispatch = (): Fault => ({
    on: 'dispatch',
    queue: this.#pick(['provision', 'stop']),
    nth: this.#nth(2),
    effect: this.#pick([
      'twice',
      'concurrently',
      'answer_lost',
      'not_delivered',
      {lateMs: this.random.below(9 * MINUTE)},
    ]),
  });

  webhook = (): Fault => ({
    on: 'webhook',
    nth: this.#nth(3),
    effect: this.#pick(['doubled', 'answer_lost', {lateMs: this.random.below(this.#pick([1, 5, 30]) * MINUTE)}]),
  });

  window = (): Fault => {
    const window = {fromMs: this.#time(), forMs: this.random.below(25 * MINUTE)};
    switch (this.random.below(3)) {
      case 0:
        return {on: 'github_down', ...window};
      case 1:
        return {on: 'stock_out', zone: this.#pick(ZONES), ...window};
      default:
        return {on: 'quota', cpus: this.random.below(16), refused: this.#pick(['request', 'operation']), ...window};
    }
  };

  lateFailure = (): Fault => ({
    on: 'late_failure',
    atMs: this.#time(),
    code: this.#pick(LATE_FAILURES),
    times: 1 + this.random.below(4),
  });

  dropped = (): Fault => ({on: 'webhook', nth: this.#nth(3), effect: 'dropped'});

  ingest = (): Fault => ({
    on: 'call',
    port: 'ingest',
    nth: this.#nth(3),
    effect: this.#pick(['failed', 'dies_before'] as const),
  });

  /** Half of them are lost at their creation, the others somewhere in their first execution. */
  lostTask = (): Fault => {
    const queue = this.#pick(['provision', 'stop'] as const);
    const nth = this.#nth(2);
    return {on: 'task', queue, nth, ...(nth % 2 === 0 ? {diesAt: 1 + ((nth / 2) % MOST_CALLS)} : {})};
  };

  taken = (): Fault => {
    const on = this.#pick(['preemption', 'host_error'] as const);
    const atMs = this.#time();
    const fault = {on, atMs, pick: this.random.below(8)} as const;
    return on === 'preemption' && atMs % 2 === 1 ? {...fault, on, isHeeded: true} : fault;
  };

  vmDown = (): Fault => ({on: 'vm_down', atMs: this.#time(), by: this.#pick(['host', 'hand', 'guest'] as const)});

  listener = (): Fault => ({
    on: 'listener',
    atMs: this.#time(),
    forMs: this.random.below(8 * MINUTE),
    givesUp: this.random.next() < 0.5,
  });

  boot = (): Fault => ({on: 'boot', nth: this.#nth(1)});

  sweepCall = (): Fault => {
    const {port, method, effects} = this.#pick(SWEEP_CALLS);
    return {on: 'call', port, method, nth: 1 + this.random.below(30), effect: this.#pick(effects)};
  };

  webhookDown = (): Fault => ({
    on: 'webhook_down',
    fromMs: this.#time(),
    forMs: this.random.below(this.#pick([2, 10, 30]) * MINUTE),
  });

  zoneDown = (): Fault => ({
    on: 'zone_down',
    zone: this.#pick(ZONES),
    fromMs: this.#time(),
    forMs: this.random.below(15 * MINUTE),
  });

  #nth(perJob: number): number {
    return 1 + this.random.below(Math.max(1, Math.ceil(this.#count * perJob)));
  }

  /** Near a job, since nothing happens elsewhere. */
  #time(): number {
    const near = this.#pick(this.jobs).atMs;
    return Math.min(this.lengthMs + 10 * MINUTE, Math.max(0, near + this.random.below(6 * MINUTE) - MINUTE));
  }

  #pick<T>(items: readonly T[]): T {
    return items[this.random.below(items.length)] as T;
  }
}
