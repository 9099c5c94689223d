import {readAppId} from './config/app-id';
import type {AppSettings, Config} from './config/config-types';
import {checkedPrivateKey, type SecretSource} from './config/credentials';
import {resolveAsFarAsPossible, withPlace} from './config/place';
import type {SecretReader} from './config/secrets';
import {InvalidConfiguration, Refused, Unavailable} from './errors';
import type {Credentials} from './github/access';
import {sharedGitHub} from './github/apps';
import {connectGitHub, dryRunGitHub} from './github/client';
import type {Discovery, GitHubConnection, GitHubFor} from './github/github';
import {createAppMaker} from './github/manifest';
import {type SharedApp, sharedDiscovery} from './github/shared-discovery';
import {createContainerHosts} from './hosts/containers';
import type {Context, ControllingFunction, Services, ServicesBase} from './ports';
import type {Compute} from './providers/gce/client/compute';
import {connectCodemagic, createEngine, createProviders, createVms, type ProviderTypes} from './providers/registry';
import {createAppLimits} from './runners/app-limits';
import {withTaskOwners} from './runners/task-owners';
import type {Secret} from './secret';
import {createServicesBase, type ServicesBaseOptions, startLogger} from './services-base';
import {createFirestoreStore} from './store/firestore';
import {runnerToInstallReader} from './store/runner-to-install';
import type {Store} from './store/store';
import {tracedCompute, tracedContext} from './traced-ports';

/** What is left out is the real implementation. */
export interface ServicesOptions extends ServicesBaseOptions {
  /** In place of Firestore. */
  readonly store?: Store;
  /** In place of GitHub over HTTP. */
  readonly github?: GitHubFor;
  /** In place of GitHub over HTTP by several Apps. */
  readonly apps?: readonly SharedApp[];
  /** In place of the sweep's requests to GitHub over HTTP. */
  readonly discovery?: Discovery;
  /** In place of Compute Engine over HTTP. */
  readonly compute?: Compute;
  /** Types of providers beside those that there are, for pools and records that name them. */
  readonly providers?: ProviderTypes;
}

/** How often it is looked, in milliseconds, whether what `api` lacked of its place is there by now. */
const LOOK_AGAIN_MS = 10_000;

/**
 * The composition root: creates all services of a function on the first call, and keeps them. A failure is logged and not kept, because the
 * metadata server may answer the next time. `api` gets services without pools where the place of some is not known, and says so: `invalid`.
 * `base`: the first half, if the function has created it already.
 */
export function createServices<T extends ControllingFunction>(
  target: T,
  options: ServicesOptions,
  base: () => ServicesBase<T> = createServicesBase(target, options),
): () => Promise<Services<T>> {
  let services: Promise<Services<T>> | undefined;
  let lookAgainAt: number | undefined;
  const log = (error: unknown) =>
    startLogger(target, options).error('the function cannot work with its configuration', {decision: 'failed', error});
  return async () => {
    if (lookAgainAt !== undefined && base().clock.now() >= lookAgainAt) {
      lookAgainAt = base().clock.now() + LOOK_AGAIN_MS;
      if (!(await resolveAsFarAsPossible(base().config)).invalid) services = lookAgainAt = undefined;
    }
    services ??= create(target, options, base).then(
      (made) => {
        if (made.isPlaced) return made;
        log(made.invalid);
        lookAgainAt = made.clock.now() + LOOK_AGAIN_MS;
        return made;
      },
      (error: unknown) => {
        services = undefined;
        log(error);
        throw error;
      },
    );
    return services;
  };
}

async function create<T extends ControllingFunction>(
  target: T,
  options: ServicesOptions,
  createBase: () => ServicesBase<T>,
): Promise<Services<T>> {
  const base = createBase();
  const {clock, random, logger, secrets, tracer} = base;
  const {place, invalid: misplaced} = await resolveAsFarAsPossible(base.config);
  if (misplaced && target !== 'api') throw misplaced;
  const invalid = misplaced
    ? new InvalidConfiguration([...(base.invalid?.problems ?? []), ...misplaced.problems])
    : base.invalid;
  // A pool without its place could not be named, let alone be looked at.
  const placed = misplaced ? [] : base.config.pools.map((pool) => withPlace(pool, place));
  const config = {...base.config, ...place, pools: placed};
  const {deployment, pools, maxRunners, dryRun, tracing} = config;
  const connectAs = (credentials: Credentials): GitHubConnection =>
    connectGitHub({apiUrl: config.github.apiUrl, credentials, clock, random, logger});
  let connection: GitHubConnection | undefined;
  const connect = (): GitHubConnection => {
    const credentials = credentialsOf(config.github, secrets);
    connection ??= connectAs(credentials);
    return connection;
  };
  const more = config.github.moreApps.map((app, index) => {
    const names = {appId: `GITHUB_APPS[${index}].appId`, privateKey: `GITHUB_APPS[${index}].privateKey`};
    return connectAs(appCredentials(app, secrets, names));
  });

  // Every port is wrapped in the same order: the dry run first, which suppresses changes, then tracing, which records the calls to the dry
  // run. The providers use Compute Engine and put on the dry run themselves. `base.tasks` is wrapped already.
  let engine: Compute | undefined;
  const compute = (): Compute => {
    const real = () => options.compute ?? createEngine(config, clock);
    engine ??= tracing ? tracedCompute(real(), tracer) : real();
    return engine;
  };
  const codemagic = () => connectCodemagic(config.codemagic, secrets, clock);
  const {hosts} = config;
  const store = options.store ?? createFirestoreStore({clock, project: config.project, ...config.firestore});
  // Connects at the first call, because `api` also starts without credentials.
  const connected: GitHubFor = (scope, installationId) => connect().forScope(scope, installationId);
  const connections = [connect, ...more.map((one) => () => one)];
  const apps = options.apps ?? connections.map((one, index) => sharedApp(`app-${index + 1}`, one));
  const limits = createAppLimits({store, clock, logger});
  const one = options.github ?? connected;
  const ports =
    options.github || apps.length === 1 ? {github: one, whileDry: one} : sharedGitHub({apps, limits, clock, logger});
  const [first, ...others] = apps;
  let shared: Discovery | undefined;
  const discovery = (): Discovery => {
    if (!first || others.length === 0) return connect().discovery;
    shared ??= sharedDiscovery({apps: [first, ...others], clock, logger});
    return shared;
  };
  const hasQueues = (config.queues.provision?.length ?? 0) > 1;
  const tasks = hasQueues ? withTaskOwners(base.tasks, store) : base.tasks;
  const containerHosts = () => createContainerHosts({deployment, pools, hosts, store, clock, random, vm, tasks});
  const runnerToInstall = runnerToInstallReader(store, clock);
  const providerOptions = {config, compute, codemagic, hosts: containerHosts, clock, logger, runnerToInstall};
  const vm = createVms(providerOptions);
  const providers = createProviders(providerOptions, options.providers);
  const context: Context = {
    deployment,
    pools,
    hosts,
    ...(maxRunners === undefined ? {} : {maxRunners}),
    store,
    tasks,
    github: dryRun ? dryRunGitHub(ports.github, logger) : ports.github,
    provider: providers.of,
    providers: providers.all,
    vm,
    clock,
    random,
    logger,
  };
  const whileDry: Context = {...context, github: dryRunGitHub(ports.whileDry, logger)};

  return {
    ...base,
    invalid,
    isPlaced: misplaced === undefined,
    config,
    context: tracing ? tracedContext(context, tracer) : context,
    whileDry: tracing ? tracedContext(whileDry, tracer) : whileDry,
    discovery: () => options.discovery ?? discovery(),
    inspection: () => connect().inspection,
    moreInspections: () => more.map(({inspection}) => inspection),
    appMaker: () => createAppMaker({apiUrl: config.github.apiUrl, clock, random}),
  };
}

/** Connects at the first call, because `api` also starts without credentials. */
function sharedApp(name: string, connect: () => GitHubConnection): SharedApp {
  return {
    name,
    forScope: (scope, installationId) => connect().forScope(scope, installationId),
    actsFor: async (scope) => connect().actsFor(scope),
    left: (scope) => connect().left(scope),
    get discovery() {
      return connect().discovery;
    },
    webhookUrl: async () => (await connect().inspection.webhook()).url,
  };
}

/** The configured credentials. Their secrets are read on each use, so that a rotated key applies without a deployment. */
export function credentialsOf(github: Config['github'], secrets: SecretReader): Credentials {
  const {appId, privateKey, installationId, token} = github;
  if (appId !== undefined && privateKey) {
    const names = {appId: 'GITHUB_APP_ID', privateKey: 'GITHUB_APP_PRIVATE_KEY'};
    return appCredentials(
      {appId, privateKey, ...(installationId === undefined ? {} : {installationId})},
      secrets,
      names,
    );
  }
  if (!token)
    throw new Refused(
      'found neither a GitHub App nor a token; set GITHUB_APP_ID and GITHUB_APP_PRIVATE_KEY, or GITHUB_TOKEN',
    );
  return {kind: 'token', token: () => newestVersion(secrets, token), invalidate: () => secrets.invalidate(token)};
}

/** `names`: of the settings, for messages. */
function appCredentials(
  {appId, privateKey, installationId}: AppSettings,
  secrets: SecretReader,
  names: Readonly<Record<'appId' | 'privateKey', string>>,
): Credentials {
  return {
    kind: 'app',
    appId: typeof appId === 'number' ? appId : () => readAppId(secrets, appId, names.appId),
    privateKey: async () => checkedPrivateKey(await newestVersion(secrets, privateKey), names.privateKey),
    invalidate: () => {
      secrets.invalidate(privateKey);
      if (typeof appId !== 'number') secrets.invalidate(appId);
    },
    ...(installationId === undefined ? {} : {installationId}),
  };
}

async function newestVersion(secrets: SecretReader, source: SecretSource): Promise<Secret> {
  const [secret] = await secrets.read(source);
  if (!secret) throw new Unavailable('the GitHub credential has no enabled version in Secret Manager; add one', 60);
  return secret;
}
