import {type Clock, systemClock} from './clock';
import {createCompute} from './compute/client';
import type {Compute} from './compute/compute';
import {type DispatchingConfig, type Pool, parseConfig} from './config/config';
import type {Environment} from './config/environment';
import {type Place, resolvePlace} from './config/place';
import {createSecretReader, type SecretReader} from './config/secrets';
import type {Context} from './effects/context';
import {createGitHub} from './github/client';
import {credentialsOf} from './github/credentials';
import {dryRunGitHub} from './github/dry-run';
import type {GitHubFor} from './github/github';
import {createOidcVerifier, type OidcVerifier} from './http/oidc';
import {createProviders} from './providers/providers';
import {type Random, systemRandom} from './random';
import {createFirestoreStore} from './store/firestore';
import type {Store} from './store/store';
import {createCloudTasks} from './tasks/cloud-tasks';
import type {Tasks} from './tasks/tasks';
import {createLogger} from './telemetry/create-logger';
import type {Logger} from './telemetry/logger';

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
  /** In place of Compute Engine over HTTP. */
  readonly compute?: Compute;
}

/** What the private functions work with, made once a process. */
export interface ControlPlane {
  readonly config: DispatchingConfig & {readonly project: string};
  readonly logger: Logger;
  readonly verifyCaller: OidcVerifier;
  readonly context: Context;
}

/**
 * Makes the control plane on the first call and keeps it. A failure is logged and not kept: the metadata server may answer
 * next time.
 */
export function controlPlane(target: 'provision' | 'stop', options: ControlPlaneOptions): () => Promise<ControlPlane> {
  let made: Promise<ControlPlane> | undefined;
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

async function make(target: 'provision' | 'stop', options: ControlPlaneOptions): Promise<ControlPlane> {
  const {clock = systemClock, random = systemRandom} = options;
  const parsed = parseConfig(options.env, target);
  const logger = (options.logger ?? createLogger({level: parsed.logLevel})).with({function: target});
  const place: Place = await resolvePlace(parsed);
  const config = {...parsed, ...place, pools: parsed.pools.map((pool) => placed(pool, place))};
  const secrets = createSecretReader({clock, config, logger});
  const github = options.github ?? githubOver(config, secrets, clock, logger);

  const context: Context = {
    deployment: config.deployment,
    pools: config.pools,
    store: options.store ?? firestoreOf(config, clock),
    tasks: options.tasks ?? cloudTasksOf(config, clock),
    github: config.dryRun ? dryRunGitHub(github, logger) : github,
    provider: createProviders({config, compute: options.compute ?? computeOf(config, clock), clock, logger}),
    clock,
    random,
    logger,
  };
  return {
    config,
    logger,
    context,
    verifyCaller: createOidcVerifier({
      audience: config.urls[target],
      serviceAccount: config.tasksServiceAccount,
      jwksUrl: config.oidcJwksUrl,
      mode: config.internalAuth,
      clock,
    }),
  };
}

/** A pool that names no region is in ours. */
function placed(pool: Pool, {region}: Place): Pool {
  const {provider} = pool;
  if (provider.type !== 'gce' || provider.region || !region) return pool;
  return {...pool, provider: {...provider, region}};
}

function githubOver(config: DispatchingConfig, secrets: SecretReader, clock: Clock, logger: Logger): GitHubFor {
  return createGitHub({
    apiUrl: config.github.apiUrl,
    credentials: credentialsOf(config.github, secrets),
    clock,
    logger,
  });
}

function firestoreOf(config: ControlPlane['config'], clock: Clock): Store {
  return createFirestoreStore({clock, project: config.project, ...config.firestore});
}

function cloudTasksOf(config: DispatchingConfig, clock: Clock): Tasks {
  const {tasks: emulator} = config.emulators;
  return createCloudTasks({
    queues: config.queues,
    urls: config.urls,
    serviceAccount: config.tasksServiceAccount,
    clock,
    ...(emulator ? {emulator} : {}),
  });
}

function computeOf(config: ControlPlane['config'], clock: Clock) {
  const {compute: emulator} = config.emulators;
  return createCompute({project: config.project, clock, ...(emulator ? {emulator} : {})});
}
