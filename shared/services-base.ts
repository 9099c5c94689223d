import {type Clock, systemClock} from './clock';
import {parseConfig} from './config/config';
import type {Config, FunctionName} from './config/config-types';
import {warnOfOldNames} from './config/old-names';
import {createSecretCheck} from './config/secret-check';
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

/** What is left out is the real thing. */
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
 * The first half of the composition root: what needs neither the network nor the clients of Firestore, Compute Engine and GitHub, so that
 * `webhook` holds none of them and `api` answers at once after a start. Makes it on the first call, so that a wrong configuration is
 * answered and logged, and keeps it. That call throws `InvalidConfiguration`.
 */
export function createServicesBase<T extends FunctionName>(
  target: T,
  options: ServicesBaseOptions,
): () => ServicesBase<T> {
  let made: ServicesBase<T> | undefined;
  return () => {
    made ??= make(target, options);
    return made;
  };
}

/** The function's logger until its configuration is read, or when that is wrong. */
export function startLogger(target: FunctionName, {logger}: Pick<ServicesBaseOptions, 'logger'>): Logger {
  return (logger ?? createLogger({level: 'info'})).with({function: target});
}

function make<T extends FunctionName>(target: T, options: ServicesBaseOptions): ServicesBase<T> {
  const {env, clock = systemClock, random = systemRandom} = options;
  const parsed = parseConfig(env, target);
  const config = options.pools ? {...parsed, pools: options.pools(parsed.pools)} : parsed;
  const logger = (options.logger ?? createLogger({level: config.logLevel})).with({function: target});
  warnOfOldNames(config.oldNames, logger.warning);
  const secrets = createSecretReader({clock, config, logger});
  const tracer = createTracer({function: target, config, clock, random, logger, tracing: options.tracing});

  // The outermost wrapper last.
  const queues = options.tasks ?? cloudTasksOf(config, clock);
  const signed = signedTasks(queues, config.taskSigningKeys, secrets);
  const tasks = config.tracing ? tracedTasks(signed, tracer) : signed;

  const secretCheck: ServicesBase<T>['secretCheck'] = (sources) => createSecretCheck(sources, {secrets, clock});
  return {config, clock, random, logger, secrets, secretCheck, tasks, tracer};
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
