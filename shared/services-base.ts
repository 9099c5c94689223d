import {type Clock, systemClock} from './clock';
import {parseAsFarAsPossible} from './config/config';
import type {Config, ConfigFor, FunctionName} from './config/config-types';
import {warnOfOldNames} from './config/old-names';
import {createSecretCheck} from './config/secret-check';
import {createVersionAdder} from './config/secret-manager';
import {createSecretReader} from './config/secrets';
import type {Environment} from './config/variables';
import {Refused} from './errors';
import type {Logger} from './logger';
import type {Pool} from './model/pool';
import type {ServicesBase} from './ports';
import {type Random, systemRandom} from './random';
import {createCloudTasks} from './tasks/cloud-tasks';
import {signedTasks} from './tasks/signed-tasks';
import type {Tasks} from './tasks/tasks';
import {createLogger} from './telemetry/create-logger';
import {createTracer, type TracingOptions} from './telemetry/create-tracer';
import {tracedTasks} from './traced-ports';

/** What is left out is the real implementation. */
export interface ServicesBaseOptions {
  readonly env: Environment;
  /** The pools to work with in place of those that the configuration names. */
  readonly pools?: (configured: readonly Pool[]) => readonly Pool[];
  readonly clock?: Clock;
  readonly random?: Random;
  readonly logger?: Logger;
  /** In place of Cloud Tasks. */
  readonly tasks?: Tasks;
  /** In place of Cloud Trace; only with `TRACING=true`. */
  readonly tracing?: TracingOptions;
}

/**
 * The first half of the composition root: the services that need neither the network nor the clients of Firestore, Compute Engine and
 * GitHub. So `webhook` loads none of these clients, and `api` answers at once after a start. The services are created on the first call, so
 * that an invalid configuration is answered and logged, and are then kept. The call throws `InvalidConfiguration`; for `api` only if its
 * secret is not configured, and else what is wrong is in `invalid`.
 */
export function createServicesBase<T extends FunctionName>(
  target: T,
  options: ServicesBaseOptions,
): () => ServicesBase<T> {
  let services: ServicesBase<T> | undefined;
  return () => {
    services ??= create(target, options);
    return services;
  };
}

/** The function's logger before its configuration is read, or while the configuration is invalid. */
export function startLogger(target: FunctionName, {logger}: Pick<ServicesBaseOptions, 'logger'>): Logger {
  return (logger ?? createLogger({level: 'info'})).with({function: target});
}

function create<T extends FunctionName>(target: T, options: ServicesBaseOptions): ServicesBase<T> {
  const {env, clock = systemClock, random = systemRandom} = options;
  const {config: read, invalid} = parseAsFarAsPossible(env, target);
  // `api` says what is wrong to whoever has its secret. Every other function works with the whole configuration or not at all.
  if (invalid && (target !== 'api' || read.managerSecrets.length === 0)) throw invalid;
  const parsed = read as ConfigFor<T>;
  const config = options.pools ? {...parsed, pools: options.pools(parsed.pools)} : parsed;
  const logger = (options.logger ?? createLogger({level: config.logLevel})).with({function: target});
  if (invalid) logger.error('the configuration is invalid', {decision: 'failed', error: invalid});
  warnOfOldNames(config.oldNames, logger.warning);
  const secrets = createSecretReader({clock, config, logger});
  const tracer = createTracer({function: target, config, clock, random, logger, tracing: options.tracing});

  // The order of the wrappers: signing, then tracing, which is outermost.
  const queues = options.tasks ?? cloudTasksOf(config, clock);
  const signed = signedTasks(queues, config.taskSigningKeys, secrets);
  const tasks = config.tracing ? tracedTasks(signed, tracer) : signed;

  const secretCheck: ServicesBase<T>['secretCheck'] = (sources) => createSecretCheck(sources, {secrets, clock});
  const {secretManager: emulator} = config.emulators;
  const addVersion = createVersionAdder(emulator ? {emulator} : {});
  return {config, invalid, clock, random, logger, secrets, secretCheck, tasks, tracer, addVersion};
}

/** The queues. `api` can be deployed without them; its operations that create tasks are then refused. */
function cloudTasksOf({queues, urls, tasksServiceAccount, emulators}: Config, clock: Clock): Tasks {
  const {provision, stop} = queues;
  if (!provision || !stop || !urls.provision || !urls.stop || !tasksServiceAccount) {
    const names = 'PROVISION_QUEUE, STOP_QUEUE, PROVISION_URL, STOP_URL and TASKS_SERVICE_ACCOUNT';
    const refused = async () => {
      throw new Refused(`found no queue to put a task into; expected all of ${names}`);
    };
    return {enqueue: refused, check: refused};
  }
  return createCloudTasks({
    queues: {provision, stop},
    urls: {...urls, provision: urls.provision, stop: urls.stop},
    serviceAccount: tasksServiceAccount,
    clock,
    ...(emulators.tasks ? {emulator: emulators.tasks} : {}),
  });
}
