import {type Clock, systemClock} from './clock';
import type {Compute} from './compute/compute';
import {type Config, type ConfigFor, type FunctionName, type Pool, parseConfig} from './config/config';
import type {Environment} from './config/environment';
import {warnOfOldNames} from './config/old-names';
import {type Place, resolvePlace} from './config/place';
import {createSecretCheck} from './config/secret-check';
import {createSecretReader, type SecretReader} from './config/secrets';
import type {Context} from './effects/context';
import {Refused} from './errors';
import {createGitHub, type GitHubOptions} from './github/client';
import {createDiscovery} from './github/create-discovery';
import {credentialsOf} from './github/credentials';
import type {Discovery} from './github/discovery';
import {dryRunGitHub} from './github/dry-run';
import type {GitHubFor} from './github/github';
import {createOidcVerifier, type OidcVerifier} from './http/oidc';
import {createTaskVerifier, type TaskVerifier} from './http/task-verifier';
import {createProviders, createVms} from './providers/registry';
import {type Random, systemRandom} from './random';
import {createFirestoreStore} from './store/firestore';
import type {Store} from './store/store';
import {createCloudTasks} from './tasks/cloud-tasks';
import {signedTasks} from './tasks/signed-tasks';
import type {Tasks} from './tasks/tasks';
import {createLogger} from './telemetry/create-logger';
import {createTracer, type TracingOptions} from './telemetry/create-tracer';
import type {Logger} from './telemetry/logger';
import type {Tracer} from './telemetry/tracer';
import {tracedCompute, tracedContext} from './traced-ports';

export interface ControlPlaneOptions {
  readonly env: Environment;
  readonly clock?: Clock;
  readonly random?: Random;
  readonly logger?: Logger;
  /** In place of Firestore. */
  readonly store?: Store;
  /** In place of Cloud Tasks. */
  readonly tasks?: Tasks;
  /** In place of GitHub over HTTP. */
  readonly github?: GitHubFor;
  /** In place of what the sweep asks of GitHub over HTTP. */
  readonly discovery?: Discovery;
  /** In place of Compute Engine over HTTP. */
  readonly compute?: Compute;
  /** In place of Cloud Trace; only with `TRACING=true`. */
  readonly tracing?: TracingOptions;
}

/** Every function but `webhook`, which works with less. */
export type ControllingFunction = Exclude<FunctionName, 'webhook'>;

/** What a function works with, made once a process. */
export interface ControlPlane<T extends ControllingFunction = ControllingFunction> {
  readonly config: ConfigFor<T> & {readonly project: string};
  readonly logger: Logger;
  readonly tracer: Tracer;
  readonly secrets: SecretReader;
  /** With `TRACING=true` its ports make spans. */
  readonly context: Context;
  /** Made on the first call: only the sweep asks. */
  readonly discovery: () => Discovery;
}

/**
 * Makes the control plane on the first call and keeps it. A failure is logged and not kept: the metadata server may answer
 * next time.
 */
export function controlPlane<T extends ControllingFunction>(
  target: T,
  options: ControlPlaneOptions,
): () => Promise<ControlPlane<T>> {
  let made: Promise<ControlPlane<T>> | undefined;
  return () => {
    made ??= make(target, options).catch((error: unknown) => {
      made = undefined;
      const logger = options.logger ?? createLogger({level: 'info'});
      logger.error('the function cannot work with its configuration', {function: target, decision: 'failed', error});
      throw error;
    });
    return made;
  };
}

/** Who calls a private function, by the URL that the function has; for a control plane whose function has one. */
export function callerVerifier<T extends 'provision' | 'stop' | 'sweep'>(
  target: T,
  {config, context}: ControlPlane<T>,
): OidcVerifier {
  const {urls, tasksServiceAccount, oidcJwksUrl, internalAuth} = config as ConfigFor<'sweep'>;
  return createOidcVerifier({
    audience: urls[target],
    serviceAccount: tasksServiceAccount,
    jwksUrl: oidcJwksUrl,
    mode: internalAuth,
    clock: context.clock,
  });
}

/** Whether a task is one of ours; every one is where there is no key, which `INTERNAL_AUTH=platform` does not allow. */
export function taskVerifier<T extends 'provision' | 'stop'>({
  config,
  context,
  secrets,
}: ControlPlane<T>): TaskVerifier {
  const {taskSigningKeys} = config as Config;
  if (taskSigningKeys.length === 0) return async () => undefined;
  return createTaskVerifier(createSecretCheck(taskSigningKeys, {secrets, clock: context.clock}));
}

async function make<T extends ControllingFunction>(target: T, options: ControlPlaneOptions): Promise<ControlPlane<T>> {
  const {clock = systemClock, random = systemRandom} = options;
  const parsed: ConfigFor<T> = parseConfig(options.env, target);
  const logger = (options.logger ?? createLogger({level: parsed.logLevel})).with({function: target});
  const place: Place = await resolvePlace(parsed);
  const config = {...parsed, ...place, pools: parsed.pools.map((pool) => placed(pool, place))};
  const secrets = createSecretReader({clock, config, logger});
  const github = options.github ?? createGitHub(githubOptions(config, secrets, {clock, random, logger}));

  const tracer = createTracer({function: target, config, clock, random, logger, tracing: options.tracing});
  let made: Compute | undefined;
  const compute = (): Compute => {
    const real = () => options.compute ?? computeOf(config, clock);
    made ??= config.tracing ? tracedCompute(real(), tracer) : real();
    return made;
  };
  let discovery = options.discovery;

  const providing = {config, compute, clock, logger};
  const providers = createProviders(providing);
  const context: Context = {
    deployment: config.deployment,
    pools: config.pools,
    ...(config.maxRunners === undefined ? {} : {maxRunners: config.maxRunners}),
    store: options.store ?? firestoreOf(config, clock),
    tasks: signedTasks(options.tasks ?? cloudTasksOf(config, clock), config.taskSigningKeys, secrets),
    github: config.dryRun ? dryRunGitHub(github, logger) : github,
    provider: providers.of,
    providers: providers.all,
    vm: createVms(providing),
    clock,
    random,
    logger,
  };
  warnOfOldNames(config.oldNames, logger.warning);
  return {
    config,
    logger,
    tracer,
    secrets,
    context: config.tracing ? tracedContext(context, tracer) : context,
    discovery: () => {
      discovery ??= createDiscovery(githubOptions(config, secrets, {clock, random, logger}));
      return discovery;
    },
  };
}

/** A pool that names no region, or no zone for its VM, is in ours. */
function placed(pool: Pool, {region, zone}: Place): Pool {
  const {provider} = pool;
  if (provider.type === 'gce-vm') return provider.zone || !zone ? pool : {...pool, provider: {...provider, zone}};
  return provider.region || !region ? pool : {...pool, provider: {...provider, region}};
}

function githubOptions(
  config: Config,
  secrets: SecretReader,
  sources: Pick<GitHubOptions, 'clock' | 'random' | 'logger'>,
): GitHubOptions {
  const {apiUrl} = config.github;
  return {apiUrl, credentials: credentialsOf(config.github, secrets), ...sources};
}

function firestoreOf(config: Config & {readonly project: string}, clock: Clock): Store {
  return createFirestoreStore({clock, project: config.project, ...config.firestore});
}

/** `api` can do without queues, until it is asked for something that needs one. */
function cloudTasksOf({queues, urls, tasksServiceAccount, emulators}: Config, clock: Clock): Tasks {
  const {provision, stop} = queues;
  if (!provision || !stop || !urls.provision || !urls.stop || !tasksServiceAccount) {
    const names = 'PROVISION_QUEUE, STOP_QUEUE, PROVISION_URL, STOP_URL and TASKS_SERVICE_ACCOUNT';
    const refuse = async () => {
      throw new Refused(`found no queue to put a task into; expected all of ${names}`);
    };
    return {enqueue: refuse, check: refuse};
  }
  return createCloudTasks({
    queues: {provision, stop},
    urls: {provision: urls.provision, stop: urls.stop},
    serviceAccount: tasksServiceAccount,
    clock,
    ...(emulators.tasks ? {emulator: emulators.tasks} : {}),
  });
}

function computeOf(config: Config & {readonly project: string}, clock: Clock): Compute {
  const {createCompute}: typeof import('./compute/client') = require('./compute/client');
  const {compute: emulator} = config.emulators;
  return createCompute({project: config.project, clock, ...(emulator ? {emulator} : {})});
}
