import type {HttpFunction} from '@google-cloud/functions-framework';
import {createApi} from '../../functions/api/index';
import {createProvision} from '../../functions/provision/index';
import {createStop} from '../../functions/stop/index';
import {createSweep} from '../../functions/sweep/index';
import {createWebhook} from '../../functions/webhook/index';
import type {PageFiles} from '../../shared/api/pages/files';
import type {PerMinute} from '../../shared/api/rate-limits';
import type {Environment} from '../../shared/config/variables';
import type {Logger} from '../../shared/logger';
import type {Random} from '../../shared/random';
import {createMemoryStore} from '../../shared/store/memory';
import type {Store} from '../../shared/store/store';
import type {QueueLimits} from '../../shared/tasks/local/limits';
import type {TracingOptions} from '../../shared/telemetry/create-tracer';
import type {startAws} from './aws/start';
import {CloudScheduler, secondsToMinute} from './cloud-scheduler';
import {TOKEN as CODEMAGIC_TOKEN} from './codemagic/api';
import {CodemagicServer} from './codemagic/server';
import {CodemagicWorld, type CodemagicWorldOptions} from './codemagic/world';
import type {ZonesByRegion} from './compute/catalog';
import type {ComputeLatencies} from './compute/latencies';
import {computeMachines} from './compute/machine-world';
import {ComputeWorld} from './compute/model';
import {ComputeServer} from './compute/server';
import {type CrashPoint, crashingFunction} from './crashing-function';
import type {Routing} from './github/dispatcher';
import {httpSink} from './github/http-sink';
import type {Latencies} from './github/latencies';
import {GitHubWorld} from './github/model';
import {serveGitHub} from './github/server';
import {OidcIssuer} from './oidc';
import {runMachines} from './run/machine-world';
import {RunWorld} from './run/model';
import {RunServer} from './run/server';
import {bootRunners, type Killed, type RunnerProcessOptions} from './runner-process';
import type {Scheduler} from './scheduler';
import {type Served, serve} from './serve';
import {CloudTasksServer} from './tasks/server';

export const QUEUES = {
  provision: 'projects/world/locations/us-central1/queues/provision',
  stop: 'projects/world/locations/us-central1/queues/stop',
} as const;
const SERVICE_ACCOUNT = 'tasks@world.iam.gserviceaccount.com';
const WEBHOOK_SECRET = 'the-webhook-secret-of-the-world';
const TASK_SIGNING_KEY = 'the-task-signing-key-of-the-world';

/** Unless the environment names another one. */
export const MANAGER_SECRET = 'the-manager-secret-of-the-world';

export interface SystemOptions {
  readonly scheduler: Scheduler;
  readonly random: Random;
  readonly logger: Logger;
  /** `RUNNER_CONFIG` */
  readonly pools: string;
  readonly repositories: readonly string[];
  /** From RUNNING to a runner that is online. */
  readonly bootMs: number;
  /** In place of the store in memory. */
  readonly makeStore?: (clock: Scheduler) => Store;
  /** Hooks at GitHub; 1 unless given. */
  readonly hooks?: number;
  readonly routing?: Routing;
  readonly githubLatencies?: Partial<Latencies>;
  readonly computeLatencies?: Partial<ComputeLatencies>;
  /** Compute Engine's, by region. */
  readonly zones?: ZonesByRegion;
  readonly failsToBoot?: RunnerProcessOptions['failsToBoot'];
  /** CodeMagic is there, for pools of its type; not unless given. */
  readonly codemagic?: Omit<CodemagicWorldOptions, 'scheduler'>;
  readonly queueLimits?: Partial<QueueLimits>;
  readonly env?: Environment;
  /** With a personal token in place of the App. */
  readonly asUser?: boolean;
  /** GitHub is an Enterprise Server, whose API is below `/api/v3`. */
  readonly enterprise?: boolean;
  /** In place of Cloud Trace. */
  readonly tracing?: TracingOptions;
  /** A process that serves one of the functions and dies; the next one lives. */
  readonly crash?: CrashPoint;
  /** `SWEEP_INTERVAL_SECONDS`, at which the scheduler and the sweep itself keep; never unless given. */
  readonly sweepEverySeconds?: number;
  /** `false`: tasks run when the test says so. */
  readonly autoDispatch?: boolean;
  /** Requests a minute that `api` answers to one caller; no limit in practice unless given. */
  readonly perMinute?: PerMinute;
  /** With AWS, for pools of type ec2: its emulator loads AWS's own SDK. */
  readonly withAws?: boolean;
  /** The pages of `api`; none unless given. */
  readonly pageFiles?: () => Promise<PageFiles | undefined>;
}

/** Everything on one machine: the functions under the framework, and a world that speaks the real protocols to the real clients. */
export interface System {
  readonly github: GitHubWorld;
  readonly compute: ComputeWorld;
  readonly computeServer: ComputeServer;
  /** Cloud Run, without a job. */
  readonly run: RunWorld;
  readonly runServer: RunServer;
  /** With `SystemOptions.codemagic` alone. */
  readonly codemagic: CodemagicServer | undefined;
  /** Undefined: the system has none. */
  readonly aws: Awaited<ReturnType<typeof startAws>> | undefined;
  readonly tasks: CloudTasksServer;
  readonly store: Store;
  readonly oidc: OidcIssuer;
  readonly env: Environment;
  readonly urls: {
    readonly webhook: string;
    readonly provision: string;
    readonly stop: string;
    readonly sweep: string;
    readonly api: string;
  };
  /** Calls the sweep. */
  readonly sweeper: CloudScheduler;
  /** VMs that were taken away under a running job. */
  readonly killed: readonly Killed[];
  /** Deploys the functions again, with these pools. */
  redeploy(pools: string): void;
  close(): Promise<void>;
}

export async function startSystem(options: SystemOptions): Promise<System> {
  const {scheduler, random, logger, sweepEverySeconds} = options;
  const github = new GitHubWorld({
    scheduler,
    random,
    authClock: scheduler,
    ...(options.routing ? {routing: options.routing} : {}),
    ...(options.githubLatencies ? {latencies: options.githubLatencies} : {}),
  });
  github.app.refusesTwins = true;
  for (const repository of options.repositories) github.addRepository(repository, {visibility: 'private'});
  const githubServer = await serveGitHub(github);

  const compute = new ComputeWorld({
    scheduler,
    random,
    ...(options.computeLatencies ? {latencies: options.computeLatencies} : {}),
    ...(options.zones ? {zones: options.zones} : {}),
  });
  const computeServer = new ComputeServer(compute);
  const computeAt = await computeServer.listen();
  const run = new RunWorld({scheduler, random});
  const runServer = new RunServer(run);
  const runAt = await runServer.listen();
  const {bootMs, failsToBoot} = options;
  const killed: Killed[] = [];
  const builds = options.codemagic && new CodemagicWorld({scheduler, ...options.codemagic});
  for (const machines of [computeMachines(compute), runMachines(run), ...(builds ? [builds] : [])]) {
    bootRunners({github, machines, bootMs, killed, ...(failsToBoot ? {failsToBoot} : {})});
  }
  const codemagic = builds && new CodemagicServer(builds);
  const codemagicUrl = await codemagic?.listen();

  const oidc = await OidcIssuer.create(scheduler);
  const jwksUrl = await oidc.listen();
  const boots = {github, bootMs, killed, ...(failsToBoot ? {failsToBoot} : {})};
  const aws = options.withAws ? await withAws({scheduler, oidc, ...boots}) : undefined;
  const tasks = new CloudTasksServer({
    timers: scheduler,
    oidc,
    queues: [...(options.env?.['PROVISION_QUEUE'] ?? QUEUES.provision).split(','), QUEUES.stop],
    ...(options.queueLimits ? {limits: options.queueLimits} : {}),
    autoDispatch: options.autoDispatch ?? true,
  });
  const tasksAt = await tasks.listen();

  // A function knows its own URL, which the system chooses when it is served.
  const provision = await serveLater();
  const stop = await serveLater();
  const webhook = await serveLater();
  const sweep = await serveLater();
  const api = await serveLater();
  const env: Environment = {
    RUNNER_CONFIG: options.pools,
    ...(options.asUser
      ? {GITHUB_TOKEN: github.app.addPersonalToken('alice')}
      : {GITHUB_APP_ID: String(github.app.id), GITHUB_APP_PRIVATE_KEY: github.app.privateKeyPem}),
    GITHUB_WEBHOOK_SECRET: WEBHOOK_SECRET,
    RUNNER_MANAGER_SECRET: MANAGER_SECRET,
    GITHUB_API_URL: options.enterprise ? githubServer.enterpriseUrl : githubServer.url,
    GOOGLE_CLOUD_PROJECT: 'world',
    PROVISION_QUEUE: QUEUES.provision,
    STOP_QUEUE: QUEUES.stop,
    PROVISION_URL: provision.url,
    STOP_URL: stop.url,
    SWEEP_URL: sweep.url,
    WEBHOOK_URL: webhook.url,
    API_URL: api.url,
    TASKS_SERVICE_ACCOUNT: SERVICE_ACCOUNT,
    TASK_SIGNING_KEY,
    OIDC_JWKS_URL: jwksUrl,
    CLOUD_TASKS_EMULATOR_HOST: `${tasksAt.host}:${tasksAt.port}`,
    ...(sweepEverySeconds ? {SWEEP_INTERVAL_SECONDS: String(sweepEverySeconds)} : {}),
    COMPUTE_EMULATOR_HOST: `${computeAt.host}:${computeAt.port}`,
    RUN_EMULATOR_HOST: `${runAt.host}:${runAt.port}`,
    ...(codemagicUrl ? {CODEMAGIC_TOKEN, CODEMAGIC_API_URL: codemagicUrl} : {}),
    ...aws?.env,
    ...options.env,
  };
  const store = options.makeStore?.(scheduler) ?? createMemoryStore({clock: scheduler});
  const tracing = options.tracing ? {tracing: options.tracing} : {};
  const redeploy = (pools: string) => {
    const shared = {env: {...env, RUNNER_CONFIG: pools}, clock: scheduler, random, logger, store, ...tracing};
    webhook.handle(createWebhook({env: shared.env, clock: scheduler, logger, ...tracing}));
    const dying = options.crash && {
      of: options.crash.of ?? 'provision',
      handler: crashingFunction(shared, options.crash),
    };
    provision.handle(dying?.of === 'provision' ? dying.handler : createProvision(shared));
    stop.handle(dying?.of === 'stop' ? dying.handler : createStop(shared));
    const unlimited = {nobody: 100_000, secret: 100_000, session: 100_000, host: 100_000};
    const limits = {perMinute: options.perMinute ?? unlimited};
    const pages = options.pageFiles ? {pageFiles: options.pageFiles} : {};
    api.handle(createApi({...shared, ...pages, ...limits}));
    sweep.handle(createSweep(shared));
  };
  redeploy(env['RUNNER_CONFIG'] ?? '');
  const sweeper = new CloudScheduler({scheduler, oidc, url: sweep.url, serviceAccount: SERVICE_ACCOUNT});
  // Google's scheduler knows whole minutes only, and keeps to them.
  if (sweepEverySeconds) sweeper.every(Math.max(60, sweepEverySeconds), secondsToMinute(scheduler));
  const hooks = env['WEBHOOKS'] === 'off' ? 0 : (options.hooks ?? 1);
  for (let hook = 0; hook < hooks; hook++) {
    github.addHook({url: webhook.url, secret: WEBHOOK_SECRET, deliver: httpSink});
  }

  return {
    github,
    compute,
    computeServer,
    run,
    runServer,
    codemagic,
    aws,
    tasks,
    store,
    oidc,
    env,
    urls: {webhook: webhook.url, provision: provision.url, stop: stop.url, sweep: sweep.url, api: api.url},
    sweeper,
    killed,
    redeploy,
    async close() {
      await sweeper.close();
      await tasks.close();
      await Promise.all([webhook, provision, stop, sweep, api].map((served) => served.close()));
      await aws?.close();
      await Promise.all([githubServer, computeServer, runServer, codemagic, oidc].map((server) => server?.close()));
    },
  };
}

/** Loaded by who asks for it. */
async function withAws(options: Parameters<typeof startAws>[0]): ReturnType<typeof startAws> {
  const aws: typeof import('./aws/start') = require('./aws/start');
  return aws.startAws(options);
}

/** Serves a function that is made when its URL is known. */
async function serveLater(): Promise<Served & {handle(handler: HttpFunction): void}> {
  let current: HttpFunction = (_, response) => void response.status(503).end();
  const served = await serve((request, response) => current(request, response));
  return {
    ...served,
    handle(handler) {
      current = handler;
    },
  };
}
