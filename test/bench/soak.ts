import {rmSync} from 'node:fs';
import {join} from 'node:path';
import {parseArgs} from 'node:util';
import {readEnvironment} from '../../shared/config/variables';
import {createLogger} from '../../shared/telemetry/create-logger';
import {CloudScheduler} from '../emulators/cloud-scheduler';
import {findEmulator, startEmulator} from '../emulators/firestore/firestore-emulator';
import {httpSink} from '../emulators/github/http-sink';
import {RealScheduler} from '../emulators/scheduler';
import {SeededRandom} from '../emulators/seeded-random';
import {MANAGER_SECRET, type System, startSystem} from '../emulators/system';
import {buildFunctions} from './functions';
import {type BenchResult, isMet, type Row, table} from './result';
import {firstAnswer, freePort, type ServedFunction, serveFunction} from './served';
import {growthOf, type Sample, sampleOf} from './soak-samples';

const TARGETS = ['webhook', 'provision', 'stop', 'sweep', 'api'] as const;
type Target = (typeof TARGETS)[number];

const REPOSITORY = 'acme/app';
const TEMPLATE = 'runner';
const POOLS = `pools:
  - name: arm
    repos: ["acme/*"]
    requires: [self-hosted, linux]
    maxRunners: 500
    provider: {type: gce, template: ${TEMPLATE}, zones: [us-central1-a, us-central1-b]}`;

const SECOND = 1_000;
const HOUR = 3600 * SECOND;
const BOOT_MS = 5 * SECOND;
const JOB_MS = 20 * SECOND;
/** How long the last jobs, and the last VMs, may take. */
const END_MS = 300 * SECOND;
/** No more may be held at the end than this share of what was held when everything was warm. */
const FLAT = 1.15;

const HELP = `npm run soak -- --hours N

The five functions as they are deployed, each in a process of its own under the functions framework, with Google's Firestore emulator and
emulators of GitHub, Compute Engine and Cloud Tasks, in real time: one job a second for N hours (default 1; 0.2 are 12 minutes). Samples the memory and the
open handles of each process. Exits with 1 when either grows, when a job does not end well, or when a VM is left.`;

/** `npm run soak`. */
async function main(): Promise<number> {
  const {values} = parseArgs({options: {hours: {type: 'string', default: '1'}, help: {type: 'boolean'}}});
  if (values.help) {
    process.stdout.write(`${HELP}\n`);
    return 0;
  }
  const hours = Number(values.hours);
  if (!(hours > 0 && hours <= 168)) throw new Error(`--hours: found ${values.hours}, expected a number up to 168`);
  const found = findEmulator(readEnvironment()['PATH'] ?? '');
  if ('missing' in found) throw new Error(found.missing);
  const dist = buildFunctions();
  const firestore = await startEmulator(found.script);
  try {
    const result = await soak(hours * HOUR, dist, firestore.host);
    process.stdout.write(table(result));
    return result.rows.every((row) => isMet(row) !== false) ? 0 : 1;
  } finally {
    firestore.stop();
    rmSync(dist, {recursive: true, force: true});
  }
}

async function soak(durationMs: number, dist: string, firestoreHost: string): Promise<BenchResult> {
  const scheduler = new RealScheduler();
  const ports = new Map<Target, number>();
  for (const target of TARGETS) ports.set(target, await freePort());
  const urlOf = (target: Target) => `http://127.0.0.1:${ports.get(target)}/`;
  const system = await startSystem({
    scheduler,
    random: new SeededRandom(1),
    logger: createLogger({level: 'error'}),
    pools: POOLS,
    repositories: [REPOSITORY],
    bootMs: BOOT_MS,
    hooks: 0,
    env: {
      PROVISION_URL: urlOf('provision'),
      STOP_URL: urlOf('stop'),
      SWEEP_URL: urlOf('sweep'),
      WEBHOOK_URL: urlOf('webhook'),
      API_URL: urlOf('api'),
      FIRESTORE_EMULATOR_HOST: firestoreHost,
      LOG_LEVEL: 'error',
      NODE_ENV: 'production',
    },
  });
  system.compute.addTemplate({name: TEMPLATE, properties: {machineType: 'e2-standard-4'}});
  const env = Object.fromEntries(Object.entries(system.env).flatMap(([name, value]) => (value ? [[name, value]] : [])));
  const served = new Map<Target, ServedFunction>();
  const {oidc} = system;
  const serviceAccount = env['TASKS_SERVICE_ACCOUNT'] ?? '';
  const sweeper = new CloudScheduler({scheduler, oidc, url: urlOf('sweep'), serviceAccount});
  try {
    for (const target of TARGETS) {
      served.set(target, await serveFunction(join(dist, target), target, env, ports.get(target)));
    }
    await Promise.all([...served.values()].map((one) => firstAnswer(one, 'health', {method: 'GET'})));
    system.github.addHook({url: urlOf('webhook'), secret: env['GITHUB_WEBHOOK_SECRET'] ?? '', deliver: httpSink});
    sweeper.every(60);
    const samples = await load(system, served, urlOf('api'), durationMs);
    await settled(system);
    return resultOf(system, samples);
  } finally {
    await sweeper.close();
    await Promise.all([...served.values()].map((one) => one.stop()));
    await system.close();
    scheduler.close();
  }
}

/** One job a second; a sample of every process, and a person who looks, every five seconds. */
async function load(
  system: System,
  served: ReadonlyMap<Target, ServedFunction>,
  api: string,
  durationMs: number,
): Promise<ReadonlyMap<Target, Sample[]>> {
  const samples = new Map<Target, Sample[]>(TARGETS.map((target) => [target, []]));
  const began = performance.now();
  for (let second = 0; second * SECOND < durationMs; second += 1) {
    system.github.queueJob({repository: REPOSITORY, labels: ['self-hosted', 'linux'], durationMs: JOB_MS});
    if (second % 5 === 0) {
      for (const [target, one] of served) samples.get(target)?.push(sampleOf(one));
      const signal = AbortSignal.timeout(30 * SECOND);
      const looked = await fetch(`${api}status`, {headers: {'x-runner-secret': MANAGER_SECRET}, signal});
      await looked.arrayBuffer();
    }
    if (second % 300 === 0) process.stderr.write(`${second} s, ${counted(system)}\n`);
    const next = began + (second + 1) * SECOND - performance.now();
    await new Promise((tick) => setTimeout(tick, Math.max(0, next)));
  }
  return samples;
}

function counted(system: System): string {
  const jobs = system.github.queue.jobs();
  const over = jobs.filter(({status}) => status === 'completed').length;
  return `${over} of ${jobs.length} jobs are over, ${system.compute.instances().length} VMs`;
}

/** Waits until every job is over and every VM is gone, or for as long as that may take. */
async function settled(system: System): Promise<void> {
  const until = performance.now() + END_MS;
  const isOver = () =>
    system.compute.instances().length === 0 && system.github.queue.jobs().every(({status}) => status === 'completed');
  while (!isOver() && performance.now() < until) await new Promise((tick) => setTimeout(tick, SECOND));
}

function resultOf(system: System, samples: ReadonlyMap<Target, Sample[]>): BenchResult {
  const jobs = system.github.queue.jobs();
  const well = jobs.filter(({conclusion}) => conclusion === 'success').length;
  return {
    bench: `soak: ${jobs.length} jobs, one a second`,
    rows: [
      {
        measure: 'jobs that ended well',
        value: well,
        unit: 'jobs',
        baseline: jobs.length,
        ratio: well / jobs.length,
        target: {atLeast: 1},
      },
      {measure: 'VMs left', value: system.compute.instances().length, unit: 'VMs', target: {atMost: 0}},
      {measure: 'VMs that were ended under a job', value: system.killed.length, unit: 'VMs', target: {atMost: 0}},
      ...[...samples].flatMap(([target, taken]) => [
        row(`${target}: memory`, growthOf(taken, 'residentBytes'), 2 ** 20, 'MiB'),
        row(`${target}: open handles`, growthOf(taken, 'handles'), 1, 'handles'),
      ]),
    ],
    notes: ['The baseline is the median of the second quarter of the time, the value that of the last.'],
  };
}

function row(measure: string, {early, late}: {early: number; late: number}, per: number, unit: string): Row {
  return {measure, value: late / per, unit, baseline: early / per, ratio: late / early, target: {atMost: FLAT}};
}

main().then(
  (code) => process.exit(code),
  (error: unknown) => {
    process.stderr.write(`${error instanceof Error ? error.message : error}\n`);
    process.exit(1);
  },
);
