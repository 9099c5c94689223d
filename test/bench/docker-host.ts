import {listPrice} from '../../shared/diagnosis/price-table';
import {aDockerSystem} from '../builders/docker-host';
import {aSystem, MINUTE, type TestSystem} from '../builders/system';
import type {Job} from '../emulators/github/job';
import {MANAGER_SECRET} from '../emulators/system';
import {type Bench, median, type Row} from './result';

const JOBS = 30;
const JOB_MS = 20_000;

/** From one job to the next: the host has had work in the last five minutes, so that its agent calls every two seconds. */
const BETWEEN_MS = 31_300;

/** A VM from RUNNING to a runner that is online, with an image from Google. The container's runner connects as soon as the container runs. */
const BOOT_MS = 18_000;

const SYNCS = 500;
const HOURS_A_MONTH = 730;
const HOST = 'e2-standard-8';

/** A warm Docker host beside a new VM for each job, on the virtual clock; and what the calls of its agent cost `api`. */
export const dockerHost: Bench = async (progress) => {
  progress(`docker host: ${JOBS} jobs in containers, ${JOBS} on VMs, ${SYNCS} calls of an agent`);
  const inContainers = await onHost();
  const onVms = await onNewVms();
  const rows: Row[] = [
    {
      measure: 'queued → running on a warm host, median, simulated',
      value: median(inContainers) / 1000,
      unit: 's',
      baseline: median(onVms) / 1000,
      ratio: median(inContainers) / median(onVms),
      target: {atMost: 0.25},
    },
    await costOfSync(),
  ];
  const price = listPrice(HOST, false);
  return {
    bench: 'docker host',
    rows,
    notes: [
      `baseline of the first row: a new VM for each job, ${BOOT_MS / 1000} s from RUNNING to its runner; both with the same GitHub, webhooks and queue`,
      'baseline of the second row: GET /health of the same process; the requests of the client are in both',
      ...(price === undefined
        ? []
        : [`${HOST} all month: ${Math.round(price * HOURS_A_MONTH)} USD at list price, without its disk`]),
    ],
  };
};

async function onHost(): Promise<number[]> {
  const system = await aDockerSystem({builder: 4});
  try {
    const [host] = system.hosts;
    if (!host) throw new Error('expected a host');
    await host.syncFor(10_000);
    return await eachJob(system, ['self-hosted', 'docker'], (ms, until) => host.syncFor(ms, until));
  } finally {
    await system.close();
  }
}

async function onNewVms(): Promise<number[]> {
  const system = await aSystem({bootMs: BOOT_MS});
  try {
    return await eachJob(system, ['self-hosted', 'linux'], (ms, until) => system.pass(ms, until));
  } finally {
    await system.close();
  }
}

/** Milliseconds from queued to running of each job, one after the other. */
async function eachJob(
  system: TestSystem,
  labels: string[],
  pass: (ms: number, until?: () => boolean) => Promise<void>,
): Promise<number[]> {
  const waits: number[] = [];
  for (let n = 0; n < JOBS; n++) {
    const job: Readonly<Job> = system.queueJob({labels, durationMs: JOB_MS});
    const queuedAt = system.scheduler.now();
    let startedAt: number | undefined;
    system.github.observe((event) => {
      if (event.kind === 'job' && event.job.id === job.id && event.job.status === 'in_progress') {
        startedAt ??= system.scheduler.now();
      }
    });
    await pass(10 * MINUTE, () => startedAt !== undefined);
    if (startedAt === undefined) throw new Error(`job ${job.id} did not start`);
    waits.push(startedAt - queuedAt);
    await pass(BETWEEN_MS);
  }
  return waits;
}

/** CPU time of this process, which is the client and the server of both requests. */
async function costOfSync(): Promise<Row> {
  const system = await aDockerSystem({builder: 4});
  try {
    const [host] = system.hosts;
    if (!host) throw new Error('expected a host');
    const report = {agent: '1', containers: []};
    const sync = () => host.post(report);
    const health = async () => {
      const response = await fetch(`${system.urls.api}health`, {headers: {'x-runner-secret': MANAGER_SECRET}});
      await response.arrayBuffer();
    };
    await cpuOf(sync);
    await cpuOf(health);
    const [value, baseline] = [await cpuOf(sync), await cpuOf(health)];
    return {
      measure: 'CPU of a sync that changes nothing',
      value,
      unit: 'ms',
      baseline,
      ratio: value / baseline,
      target: {atMost: 2.5},
    };
  } finally {
    await system.close();
  }
}

/** Milliseconds of CPU for each call. */
async function cpuOf(call: () => Promise<unknown>): Promise<number> {
  const before = process.cpuUsage();
  for (let n = 0; n < SYNCS; n++) await call();
  const {user, system} = process.cpuUsage(before);
  return (user + system) / 1000 / SYNCS;
}
