import {rmSync} from 'node:fs';
import {join} from 'node:path';
import {workflowJob} from '../builders/webhook';
import {buildFunctions, delivery, environment, task} from './functions';
import {startInstantCloud} from './instant-cloud';
import {type Bench, median, type Row} from './result';
import {firstAnswer, serveFunction} from './served';

const ROUNDS = 15;

interface Start {
  readonly name: string;
  readonly target: string;
  readonly path: string;
  readonly request: () => RequestInit;
  readonly expected: number;
  /** Beside what every function gets. */
  readonly env?: Readonly<Record<string, string>>;
  /** The baseline; hello world unless given. */
  readonly than?: string;
  /** Of the time, and of the resident memory, as ratios to the baseline. */
  readonly atMost?: {readonly start?: number; readonly memory?: number};
}

const job = () => workflowJob('queued', {labels: ['self-hosted']});

const PROVISION = 'provision, a task, Firestore read';

const EC2_POOL = `pools:
  - {name: arm, repos: ["acme/*"], requires: [self-hosted], provider: {type: ec2, region: eu-central-1, launchTemplate: runner,
      subnets: [subnet-1], instanceTypes: [m7g.large], roleArn: "arn:aws:iam::111122223333:role/slipway"}}`;

const STARTS: readonly Start[] = [
  {name: 'hello', target: 'hello', path: '', request: () => ({}), expected: 200},
  {
    name: 'webhook, a ping',
    target: 'webhook',
    path: '',
    request: () => delivery('ping', {zen: 'Keep it logically awesome.'}),
    expected: 200,
    atMost: {start: 1.5, memory: 1.5},
  },
  {
    name: 'webhook, a job, its task created',
    target: 'webhook',
    path: '',
    request: () => delivery('workflow_job', job()),
    expected: 202,
  },
  {name: 'api, GET /health', target: 'api', path: 'health', request: () => ({}), expected: 200, atMost: {start: 2}},
  {
    name: PROVISION,
    target: 'provision',
    path: '',
    request: () => task('provision', {kind: 'make', runner: 'slipway-arm-1-1'}),
    expected: 200,
    atMost: {start: 3},
  },
  {
    name: 'provision, the same with a pool of EC2',
    target: 'provision',
    path: '',
    request: () => task('provision', {kind: 'make', runner: 'slipway-arm-1-1'}),
    expected: 200,
    env: {RUNNER_CONFIG: EC2_POOL},
    than: PROVISION,
    atMost: {start: 1.05},
  },
  {
    name: 'stop, a task, Firestore read',
    target: 'stop',
    path: '',
    request: () => task('stop', {kind: 'idle', runner: 'slipway-arm-1-1', since: 1, reading: 0}),
    expected: 200,
    atMost: {start: 3},
  },
];

/** From the start of the process to its first answer, and its resident memory then: the functions in turn, so that a busy machine hits all. */
export const start: Bench = async (progress) => {
  const dist = buildFunctions();
  const cloud = await startInstantCloud();
  const times = new Map<string, number[]>();
  const cpu = new Map<string, number[]>();
  const memory = new Map<string, number[]>();
  for (let round = 0; round <= ROUNDS; round += 1) {
    progress(`start: round ${round} of ${ROUNDS}`);
    for (const one of STARTS) {
      const measured = await once(dist, cloud.host, one);
      // The first round warms the file system's cache.
      if (round === 0) continue;
      times.set(one.name, [...(times.get(one.name) ?? []), measured.ms]);
      cpu.set(one.name, [...(cpu.get(one.name) ?? []), measured.cpuMs]);
      memory.set(one.name, [...(memory.get(one.name) ?? []), measured.bytes]);
    }
  }
  cloud.stop();
  rmSync(dist, {recursive: true, force: true});
  const rows = STARTS.slice(1).flatMap(({name, atMost, than = 'hello'}): Row[] => [
    row(`${name}: start → first answer`, 'ms', times.get(name), times.get(than), 1, atMost?.start),
    row(`${name}: CPU time until then`, 'ms', cpu.get(name), cpu.get(than), 1, undefined),
    row(`${name}: resident memory`, 'MiB', memory.get(name), memory.get(than), 2 ** 20, atMost?.memory),
  ]);
  return {
    bench: 'start',
    rows,
    notes: [
      `medians of ${ROUNDS}; the baseline is hello world under functions-framework, for EC2 the same function without it`,
    ],
  };
};

async function once(dist: string, host: string, {name, target, path, request, expected, env = {}}: Start) {
  const began = performance.now();
  const served = await serveFunction(join(dist, target), target, {...environment(host), ...env});
  try {
    const response = await firstAnswer(served, path, request());
    const ms = performance.now() - began;
    if (response.status !== expected) throw new Error(`${name}: found ${response.status}, expected ${expected}`);
    return {ms, cpuMs: served.cpuMs(), bytes: served.residentBytes()};
  } finally {
    await served.stop();
  }
}

function row(
  measure: string,
  unit: string,
  values: readonly number[] = [],
  baselines: readonly number[] = [],
  per: number,
  atMost: number | undefined,
): Row {
  const [value, baseline] = [median(values) / per, median(baselines) / per];
  const ratio = value / baseline;
  return {measure, value, unit, baseline, ratio, ...(atMost === undefined ? {} : {target: {atMost}})};
}
