import {mkdtempSync, rmSync} from 'node:fs';
import {tmpdir} from 'node:os';
import {join} from 'node:path';
import {createInterface} from 'node:readline';
import {readBuiltPages} from '../../shared/api/pages/files';
import {PER_MINUTE} from '../../shared/api/rate-limits';
import {linkToken} from '../../shared/api/session';
import {parseConfig} from '../../shared/config/config';
import type {Environment} from '../../shared/config/variables';
import {MINUTE_MS} from '../../shared/durations';
import {HOST_TOKEN_HEADER, hostToken} from '../../shared/host-token';
import {systemRandom} from '../../shared/random';
import {Secret} from '../../shared/secret';
import {createLogger} from '../../shared/telemetry/create-logger';
import type {ModelOrders, ModelReport} from '../../test/emulators/docker/host-model';
import {DockerWorld} from '../../test/emulators/docker/world';
import {runMachines} from '../../test/emulators/run/machine-world';
import {bootRunners} from '../../test/emulators/runner-process';
import {RealScheduler} from '../../test/emulators/scheduler';
import {MANAGER_SECRET, startSystem} from '../../test/emulators/system';
import {buildPages} from '../build/pages';
import {browse} from '../cli/browse';
import {DOCKER_HOST, KINDS, PERSISTENT, POOLS, RUN_JOB, SCARCE, ZONE} from './played';
import {isOver, Timeline, type Way} from './timeline';

/** Factor by which simulated time is faster than real time, so that nobody has to wait for a VM's idle time. */
const SPEED = 5;
const PERSISTENTS: ReadonlySet<string> = new Set([PERSISTENT]);

/** The default of DEPLOYMENT_ID. */
const DEPLOYMENT = 'slipway';

/** Time-out of a run, in simulated time: a fixed part, and a part for each job. */
const TIMEOUT_MS = 15 * MINUTE_MS;
const MS_PER_JOB = 60_000;

/** How long the link to the live page logs in, in simulated time: the longest that there is. */
const LINK_MS = 3600_000;

/** How long after a VM's end its record may take to follow. */
const SETTLING_MS = 60_000;

/** How long the image is pulled before a container starts. */
const PULL_MS = 3_000;

/** Unless the environment says otherwise. With WEBHOOKS=off the sweep finds a job after at most this time. */
const DEFAULTS = {SWEEP_INTERVAL_SECONDS: '10'};

/** The environment variables that are passed on to the simulated deployment. */
export const PASSED_VARIABLES = [
  'WEBHOOKS',
  'LOG_LEVEL',
  'TASK_MAX_ATTEMPTS',
  'CORS_ORIGINS',
  'SWEEP_INTERVAL_SECONDS',
] as const;

export interface SimulatedOptions {
  /** Ends after the jobs instead of waiting for more. */
  readonly once: boolean;
  /** How many jobs are played. */
  readonly jobs: number;
  /** Shows the functions' own log lines. */
  readonly logs: boolean;
  /** Opens the live page in the browser. */
  readonly open: boolean;
  /** Told the ways of the jobs once they are over. */
  readonly onEnd?: (ways: readonly Way[]) => void;
}

/** Plays jobs on a simulated GitHub, Compute Engine, Cloud Run, Docker host, CodeMagic and EC2. Returns the exit code. */
export async function runSimulated(options: SimulatedOptions, env: Environment, ended: Promise<void>): Promise<number> {
  const write = (line: string) => void process.stdout.write(`${line}\n`);
  const given = Object.fromEntries(PASSED_VARIABLES.flatMap((name) => (env[name] ? [[name, env[name]]] : [])));
  const taken: Environment = {...DEFAULTS, ...given};
  // Refuses an invalid value before anything is started.
  const {logLevel, sweepIntervalSeconds} = parseConfig(
    {RUNNER_MANAGER_SECRET: MANAGER_SECRET, GITHUB_TOKEN: 'simulated', ...taken},
    'api',
  );
  const scheduler = new RealScheduler(SPEED);
  const pages = mkdtempSync(join(tmpdir(), 'slipway-pages-'));
  await buildPages(pages);
  const system = await startSystem({
    scheduler,
    random: systemRandom,
    logger: createLogger({level: options.logs ? logLevel : 'error', pretty: process.stdout.isTTY === true}),
    pools: POOLS,
    repositories: ['acme/app', 'acme/web'],
    withAws: true,
    sweepEverySeconds: sweepIntervalSeconds,
    env: taken,
    codemagic: {},
    bootMs: 12_000,
    perMinute: PER_MINUTE,
    pageFiles: () => readBuiltPages(pages),
  });
  // Nobody waits for the first full minute.
  void system.sweeper.trigger().catch(() => undefined);
  for (const name of ['runner-x64', 'runner-gpu']) {
    system.compute.addTemplate({
      name,
      properties: {machineType: name === 'runner-gpu' ? 'g2-standard-4' : 'e2-standard-4'},
    });
  }
  const outOfStock = {
    code: 'ZONE_RESOURCE_POOL_EXHAUSTED',
    message: 'The zone does not have enough resources available.',
  };
  for (const machineType of ['g2-standard-4', SCARCE])
    system.compute.failLate({times: 1, machineType, error: outOfStock});

  system.run.addJob({name: RUN_JOB});
  system.compute.addInstance({name: PERSISTENT, zone: ZONE});
  system.github.runners.registerPersistent(
    {kind: 'repository', owner: 'acme', repo: 'app'},
    {name: PERSISTENT, labels: ['self-hosted', 'linux', 'x64', 'build-server'], runnerGroupId: 1},
  );

  const docker = new DockerWorld({
    scheduler,
    hosts: [DOCKER_HOST],
    sync: (host, report) => callSync(system.urls.api, host, report),
    pullMs: () => PULL_MS,
  });
  bootRunners({github: system.github, machines: docker, bootMs: PULL_MS});

  const timeline = new Timeline(() => scheduler.now(), write, process.stdout.isTTY === true, PERSISTENTS);
  system.github.observe((event) => timeline.githubEvent(event));
  system.compute.observe((event) => timeline.computeEvent(event));
  system.run.observe((event) => timeline.runEvent(event));
  system.codemagic?.world.observe(({kind, machine}) => timeline.buildEvent(kind, machine));
  docker.observe(({kind, machine}) => timeline.containerEvent(kind, machine));
  docker.start();
  const aws = system.aws?.world;
  aws?.observe(({kind, machine}) => {
    const instanceType = aws.instances().find((one) => one === machine)?.instanceType ?? '';
    timeline.instanceEvent(kind, machine, instanceType);
  });
  write(
    'Slipway, with a simulated GitHub, Compute Engine, Cloud Run, Docker host, CodeMagic and EC2. The store is in this process. Time runs five times as fast.',
  );
  const unused = ['GITHUB_APP_ID', 'GITHUB_TOKEN'].filter((name) => env[name]);
  if (unused.length > 0)
    write(
      `${unused.join(' and ')} in the environment ${unused.length > 1 ? 'are' : 'is'} not used: npm start -- --real would use ${unused.length > 1 ? 'them' : 'it'}.`,
    );
  const {webhook, provision, stop, sweep, api} = system.urls;
  write(`webhook ${webhook}  provision ${provision}  stop ${stop}  sweep ${sweep}`);
  const login = linkToken(new Secret(MANAGER_SECRET), scheduler.now() + LINK_MS, systemRandom.uuid());
  const page = `${api}login?once=${login}`;
  write(`page    ${page}`);
  write('        shows the jobs go by. The link logs in once; after that the page asks for the secret.');
  write(`api     ${api}docs describes it, and lets you try it. The secret is ${MANAGER_SECRET}; with it:`);
  write(`        curl -H "X-Runner-Secret: ${MANAGER_SECRET}" ${api}status\n`);

  if (options.open) await browse(page, env).catch((error: unknown) => write(String(error)));

  let queued = 0;
  const queueJob = () => {
    const kind = KINDS[queued++ % KINDS.length] ?? {repository: 'acme/app', label: 'linux'};
    const {repository, label, option} = kind;
    const labels = ['self-hosted', label, ...(option ? [option] : [])];
    const durationMs = 15_000 + Math.round(systemRandom.next() * 15_000);
    system.github.queueJob({repository, labels, durationMs});
  };
  const input = !options.once && process.stdin.isTTY ? createInterface({input: process.stdin}) : undefined;
  input?.on('line', queueJob);

  try {
    for (let i = 0; i < options.jobs; i++) queueJob();
    const over = allOver(system, docker, scheduler, TIMEOUT_MS + options.jobs * MS_PER_JOB);
    const interrupted = await Promise.race([over.then(() => false), ended.then(() => true)]);
    write(`\n${timeline.table()}\n`);
    if (interrupted) return 130;
    options.onEnd?.(timeline.ways());
    const unfinished = timeline.unfinished();
    write(
      unfinished.length === 0
        ? `${options.jobs} jobs went from queued to gone, and nothing is left.`
        : `${unfinished.length} jobs did not end well: ${unfinished.join(', ')}`,
    );
    const status = await settledStatus(api, scheduler);
    write(typeof status === 'number' ? `GET /status answers ${status}.` : summaryOf(status));
    if (options.once) return unfinished.length === 0 && typeof status !== 'number' ? 0 : 1;
    write(input ? 'Staying up. Enter queues another job, Ctrl-C ends.' : 'Staying up until SIGINT or SIGTERM.');
    await ended;
    return 0;
  } finally {
    input?.close();
    docker.close();
    scheduler.close();
    await system.close();
    rmSync(pages, {recursive: true, force: true});
  }
}

/** The fields of `GET /status` that the last line shows. */
interface Status {
  readonly active_runners: readonly unknown[];
  readonly waiting_jobs: readonly unknown[];
  readonly deadletters: number;
}

/**
 * The answer of `GET /status` after the end of the last VM is recorded, which happens a little later than the end itself. A number is the
 * HTTP status of a failed request.
 */
async function settledStatus(api: string, scheduler: RealScheduler): Promise<Status | number> {
  const untilMs = scheduler.now() + SETTLING_MS;
  for (;;) {
    const response = await fetch(`${api}status`, {
      headers: {'x-runner-secret': MANAGER_SECRET},
      signal: AbortSignal.timeout(30_000),
    });
    if (!response.ok) return response.status;
    const status = (await response.json()) as Status;
    if (status.active_runners.length === 0 || scheduler.now() >= untilMs) return status;
    await scheduler.sleep(SETTLING_MS / 10);
  }
}

function summaryOf({active_runners, waiting_jobs, deadletters}: Status): string {
  return `GET /status: ${active_runners.length} active runners, ${waiting_jobs.length} waiting jobs, ${deadletters} dead letters.`;
}

/** One call of the agent on a Docker host. Rejects unless it is answered. */
async function callSync(api: string, host: string, report: ModelReport): Promise<ModelOrders> {
  const response = await fetch(`${api}hosts/${host}/sync`, {
    method: 'POST',
    headers: {
      'content-type': 'application/json',
      [HOST_TOKEN_HEADER]: hostToken(new Secret(MANAGER_SECRET), DEPLOYMENT, host),
    },
    body: JSON.stringify(report),
    signal: AbortSignal.timeout(30_000),
  });
  if (!response.ok) throw new Error(`POST /hosts/${host}/sync answers ${response.status}`);
  return (await response.json()) as ModelOrders;
}

type Watched = Awaited<ReturnType<typeof startSystem>>;

/** Resolves when the run has ended (`isOver`), or after `timeoutMs` milliseconds. */
function allOver(system: Watched, docker: DockerWorld, scheduler: RealScheduler, timeoutMs: number): Promise<void> {
  return new Promise((resolve) => {
    const cancel = scheduler.at(scheduler.now() + timeoutMs, resolve);
    const look = ({kind}: {readonly kind: string}) => {
      if (kind !== 'deleted' && kind !== 'terminated') return;
      const ofCompute = system.compute.instances();
      const builds = system.codemagic?.world.machines() ?? [];
      // What is on its way out is no event any more.
      const instances = system.aws?.world.machines().filter(({state}) => state !== 'shutting-down') ?? [];
      const machines = [...ofCompute, ...executions.machines(), ...docker.machines(), ...builds, ...instances];
      if (!isOver(system.github.queue.jobs(), machines, PERSISTENTS)) return;
      cancel();
      resolve();
    };
    const executions = runMachines(system.run);
    system.compute.observe(look);
    system.run.observe(look);
    docker.observe(look);
    system.codemagic?.world.observe(look);
    system.aws?.world.observe(look);
  });
}
