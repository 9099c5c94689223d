import {rmSync} from 'node:fs';
import {Agent, request as httpRequest} from 'node:http';
import {join} from 'node:path';
import {workflowJob} from '../builders/webhook';
import {buildFunctions, delivery, environment} from './functions';
import {startInstantCloud} from './instant-cloud';
import {type Bench, median, percentile, type Row} from './result';
import {firstAnswer, serveFunction} from './served';

const ROUNDS = 5;
const REQUESTS = 600;
const AT_ONCE = 16;
const BODY_BYTES = 20 * 1024;

interface Load {
  readonly name: string;
  readonly target: string;
  readonly expected: number;
  /** A signed body of 20 KB; `n` makes it different from the others. */
  readonly request: (n: number) => RequestInit;
}

const padded = (n: number, labels: string[]) => {
  const payload = workflowJob('queued', {labels, id: 10_000 + n});
  const padding = 'x'.repeat(Math.max(0, BODY_BYTES - JSON.stringify(payload).length));
  return {...payload, padding};
};

const LOADS: readonly Load[] = [
  {name: 'hello world', target: 'hello', expected: 200, request: (n) => delivery('push', padded(n, []))},
  {name: 'hello world + HMAC', target: 'hello-hmac', expected: 200, request: (n) => delivery('push', padded(n, []))},
  {
    name: 'hello world + HMAC + createTask',
    target: 'hello-task',
    expected: 200,
    request: (n) => delivery('push', padded(n, [])),
  },
  {
    name: 'webhook, accepted',
    target: 'webhook',
    expected: 202,
    request: (n) => delivery('workflow_job', padded(n, ['self-hosted'])),
  },
  {name: 'webhook, ignored', target: 'webhook', expected: 200, request: (n) => delivery('push', padded(n, []))},
  {
    name: 'webhook, refused',
    target: 'webhook',
    expected: 401,
    request: (n) => ({
      ...delivery('workflow_job', padded(n, ['self-hosted'])),
      headers: {
        'content-type': 'application/json',
        'x-github-event': 'workflow_job',
        'x-hub-signature-256': 'sha256=00',
      },
    }),
  },
];

/** Requests per second of CPU time of the function's process, which a busy machine disturbs least; the loads in turn, several rounds. */
export const ingest: Bench = async (progress) => {
  const dist = buildFunctions();
  const cloud = await startInstantCloud();
  const perCpuSecond = new Map<string, number[]>();
  const latencies = new Map<string, number[]>();
  let serial = 0;
  for (let round = 1; round <= ROUNDS; round += 1) {
    for (const load of LOADS) {
      progress(`ingest: round ${round} of ${ROUNDS}, ${load.name}`);
      const served = await serveFunction(join(dist, load.target), load.target, environment(cloud.host));
      try {
        await firstAnswer(served, '', load.request(serial++));
        const warm = Array.from({length: REQUESTS / 3}, () => load.request(serial++));
        await fire(served.url, warm, load.expected);
        const requests = Array.from({length: REQUESTS}, () => load.request(serial++));
        const before = served.cpuMs();
        const times = await fire(served.url, requests, load.expected);
        const rate = REQUESTS / ((served.cpuMs() - before) / 1000);
        perCpuSecond.set(load.name, [...(perCpuSecond.get(load.name) ?? []), rate]);
        latencies.set(load.name, [...(latencies.get(load.name) ?? []), ...times]);
      } finally {
        await served.stop();
      }
    }
  }
  const createdTasks = cloud.tasks();
  cloud.stop();
  rmSync(dist, {recursive: true, force: true});
  const rate = (name: string) => median(perCpuSecond.get(name) ?? []);
  const against = (name: string, baseline: string, atLeast?: number): Row => ({
    measure: `${name}, against ${baseline}`,
    value: rate(name),
    unit: 'requests/CPU s',
    baseline: rate(baseline),
    ratio: rate(name) / rate(baseline),
    ...(atLeast === undefined ? {} : {target: {atLeast}}),
  });
  const times = LOADS.flatMap(({name}): Row[] => [
    {measure: `${name}: p50`, value: percentile(latencies.get(name) ?? [], 0.5), unit: 'ms'},
    {measure: `${name}: p99`, value: percentile(latencies.get(name) ?? [], 0.99), unit: 'ms'},
  ]);
  return {
    bench: 'ingest',
    rows: [
      against('webhook, accepted', 'hello world + HMAC', 0.5),
      against('webhook, accepted', 'hello world + HMAC + createTask'),
      against('hello world + HMAC + createTask', 'hello world + HMAC'),
      against('webhook, ignored', 'hello world + HMAC', 0.8),
      against('webhook, accepted', 'hello world'),
      against('webhook, refused', 'webhook, accepted', 1),
      ...times,
    ],
    notes: [
      `medians of ${ROUNDS} rounds of ${REQUESTS} requests with 20 KB bodies, ${AT_ONCE} at once, after a third as many to warm up`,
      `tasks were created over HTTP in another process: ${createdTasks}`,
    ],
  };
};

/** Returns how long each took, in milliseconds. */
async function fire(url: string, requests: readonly RequestInit[], expected: number): Promise<number[]> {
  const agent = new Agent({keepAlive: true, maxSockets: AT_ONCE});
  const times: number[] = [];
  const waiting = [...requests];
  const worker = async () => {
    for (let next = waiting.pop(); next; next = waiting.pop()) {
      const began = performance.now();
      const status = await send(url, next, agent);
      if (status !== expected) throw new Error(`found ${status}, expected ${expected}`);
      times.push(performance.now() - began);
    }
  };
  await Promise.all(Array.from({length: AT_ONCE}, worker));
  agent.destroy();
  return times;
}

function send(url: string, {headers, body}: RequestInit, agent: Agent): Promise<number> {
  return new Promise((answered, failed) => {
    const request = httpRequest(
      url,
      {method: 'POST', headers: headers as Record<string, string>, agent},
      (response) => {
        response.resume().once('end', () => answered(response.statusCode ?? 0));
      },
    );
    request.once('error', failed).end(body);
  });
}
