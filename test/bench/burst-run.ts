import {createLogger} from '../../shared/telemetry/create-logger';
import {httpSink} from '../emulators/github/http-sink';
import {RealScheduler} from '../emulators/scheduler';
import {SeededRandom} from '../emulators/seeded-random';
import {type System, startSystem} from '../emulators/system';
import {BURST, BURST_POOLS} from './burst-place';
import {BurstWatch} from './burst-watch';
import {firstAnswer, freePort, type ServedFunction, serveScript} from './served';

const NEVER_MS = 24 * 3600_000;
const WARM_UP: Load = {jobs: 50, withinMs: 'in turn'};
const SETTLE_MS = 500;
const NO_LATENCY = {
  insert: 0,
  delete: 0,
  start: 0,
  stop: 0,
  suspend: 0,
  reset: 0,
  setLabels: 0,
  preempt: 0,
  hostError: 0,
};

export interface Load {
  readonly jobs: number;
  /** From the first to the last; `in turn`: each when the one before it has its VM. */
  readonly withinMs: number | 'in turn';
}

export interface Timed {
  readonly latenciesMs: readonly number[];
  readonly spanMs: number;
  /** CPU time of a job in the processes of the functions. */
  readonly cpuMs: number;
  /** VMs of each job that has any. */
  readonly vmsPerJob: ReadonlyMap<string, number>;
}

/**
 * `webhook` and `provision`, each in a process of its own, and a third for a world without latencies; real time, real clients over HTTP.
 * The queue holds nothing back but `atOnce`. No VM ever boots, so that the burst is all there is.
 */
export async function throughFunctions(load: Load, atOnce: number): Promise<Timed> {
  return inWorld(load, atOnce, ['webhook', 'provision'], (system, watch, [webhook]) => {
    system.github.addHook({
      url: webhook?.url ?? '',
      secret: system.env['GITHUB_WEBHOOK_SECRET'] ?? '',
      deliver: (request) => {
        const {workflow_job: job} = JSON.parse(request.body) as {workflow_job: {id: number}};
        watch.delivered(String(job.id));
        return httpSink(request);
      },
    });
    return () =>
      void system.github.queueJob({repository: BURST.repository, labels: BURST.labels, durationMs: NEVER_MS});
  });
}

/** The same world, and a function that does nothing but the two calls, called for each job, `atOnce` at a time. */
export async function throughBareLoop(load: Load, atOnce: number): Promise<Timed> {
  return inWorld(load, atOnce, ['bare'], (system, watch, [bare]) => {
    const installation = system.github.app.installations()[0]?.id;
    const waiting: number[] = [];
    let running = 0;
    let job = 900_000;
    async function work(): Promise<void> {
      running += 1;
      for (let next = waiting.shift(); next; next = waiting.shift()) await post(bare, {job: next, installation});
      running -= 1;
    }
    return () => {
      job += 1;
      watch.delivered(String(job));
      waiting.push(job);
      if (running < atOnce) void work();
    };
  });
}

async function post(served: ServedFunction | undefined, body: object): Promise<void> {
  const headers = {'content-type': 'application/json'};
  const response = await fetch(served?.url ?? '', {method: 'POST', headers, body: JSON.stringify(body)});
  await response.arrayBuffer();
  if (response.status !== 200) throw new Error(`the baseline answered ${response.status}, expected 200`);
}

type Prepare = (system: System, watch: BurstWatch, served: readonly ServedFunction[]) => () => void;

async function inWorld(
  load: Load,
  atOnce: number,
  targets: readonly ('webhook' | 'provision' | 'bare')[],
  prepare: Prepare,
): Promise<Timed> {
  const scheduler = new RealScheduler();
  const ports = await Promise.all(targets.map(freePort));
  const provisionAt = ports[targets.indexOf('provision')] ?? ports[0];
  const system = await startSystem({
    scheduler,
    random: new SeededRandom(1),
    logger: createLogger({level: 'error'}),
    pools: BURST_POOLS,
    repositories: [BURST.repository],
    bootMs: NEVER_MS,
    hooks: 0,
    githubLatencies: {delivery: [0, 0], pickup: [0, 0]},
    computeLatencies: NO_LATENCY,
    queueLimits: {maxConcurrentDispatches: atOnce},
    env: {PROVISION_URL: `http://127.0.0.1:${provisionAt}/`},
  });
  const env = Object.fromEntries(Object.entries(system.env).flatMap(([name, value]) => (value ? [[name, value]] : [])));
  const served = targets.map((target, index) => serveScript('burst-function.ts', [target], ports[index] ?? 0, env));
  try {
    const properties = {machineType: 't2a-standard-4', metadata: {items: []}};
    system.compute.addTemplate({name: BURST.template, properties});
    const watch = new BurstWatch();
    system.compute.observe(({kind, instance}) => {
      if (kind === 'accepted') watch.inserted((instance.labels['slipway-job'] ?? '').replace(/-\d+$/, ''));
    });
    await Promise.all(served.map((one) => firstAnswer(one, '', {method: 'GET'})));
    const send = prepare(system, watch, served);
    await arrive(WARM_UP, watch, send);
    watch.forget();
    const before = served.map((one) => one.cpuMs());
    await arrive(load, watch, send);
    const cpuMs = served.reduce((sum, one, index) => sum + one.cpuMs() - (before[index] ?? 0), 0) / load.jobs;
    // A second VM for a job would come now.
    await new Promise((settled) => setTimeout(settled, SETTLE_MS));
    const {vmsPerJob} = watch;
    return {latenciesMs: watch.latenciesMs(), spanMs: watch.spanMs(), cpuMs, vmsPerJob};
  } finally {
    await Promise.all(served.map((one) => one.stop()));
    await system.close();
    scheduler.close();
  }
}

async function arrive({jobs, withinMs}: Load, watch: BurstWatch, send: () => void): Promise<void> {
  if (withinMs === 'in turn') {
    for (let job = 1; job <= jobs; job += 1) {
      send();
      await watch.until(job);
    }
    return;
  }
  const began = performance.now();
  for (let sent = 0; sent < jobs; ) {
    const due = Math.min(jobs, Math.ceil(((performance.now() - began) / withinMs) * jobs));
    for (; sent < due; sent += 1) send();
    await new Promise((tick) => setTimeout(tick, 2));
  }
  await watch.until(jobs);
}
