import {type ConfigurationProblem, InvalidConfiguration} from '../errors';
import {PROJECT, QUEUE, REGION, SHORT_NAME, ZONE} from '../model/names';
import {Secret} from '../secret';
import {readMoreApps} from './apps';
import {readAws} from './aws';
import type {Config, ConfigFor, FunctionName} from './config-types';
import {readContainerDefaults} from './containers';
import {literalSecrets, readGitHubCredentials, readSecret, readSecrets} from './credentials';
import {GITHUB_COM, type GitHubAddress, gitHubAddress} from './github-address';
import {readLogLevel} from './log-level';
import {type OldNames, readOldNames} from './old-names';
import {NOTHING, parseRunnerConfig, type RunnerConfig} from './pools';
import {type Environment, matching, origins, Problems, present, url, Variables} from './variables';
import {readRunnerConfig} from './yaml';

export type {
  ApiConfig,
  Config,
  ConfigFor,
  DispatchingConfig,
  Emulators,
  FunctionName,
  SweepConfig,
} from './config-types';

const TASKS = ['RUNNER_CONFIG', 'PROVISION_QUEUE', 'STOP_QUEUE', 'PROVISION_URL', 'STOP_URL', 'TASKS_SERVICE_ACCOUNT'];

/** The variables that each function requires, in addition to the credentials of GitHub. */
const REQUIRED: Readonly<Record<FunctionName, readonly string[]>> = {
  webhook: [...TASKS, 'GITHUB_WEBHOOK_SECRET'],
  provision: TASKS,
  stop: TASKS,
  sweep: [...TASKS, 'SWEEP_URL'],
  api: ['RUNNER_MANAGER_SECRET'],
};

/**
 * The configuration of one function, deeply frozen. Every variable that is set is checked, even if the function does not need it.
 *
 * @throws InvalidConfiguration with every error at once, none of which shows a secret.
 */
export function parseConfig<T extends FunctionName>(env: Environment, target: T): ConfigFor<T> {
  const {config, invalid} = parseAsFarAsPossible(env, target);
  if (invalid) throw invalid;
  // The required variables are present: a missing one has been reported.
  return config as ConfigFor<T>;
}

/**
 * The configuration of one function, deeply frozen, and what is wrong with it. What cannot be read is left out, and an error in `RUNNER_CONFIG`
 * leaves out every pool.
 */
export function parseAsFarAsPossible(
  env: Environment,
  target: FunctionName,
): {readonly config: Config; readonly invalid: InvalidConfiguration | undefined} {
  const old = readOldNames(env);
  const problems = new Problems(literalSecrets(env, old.values), old.origins);
  for (const problem of old.problems) problems.report(...problem);
  const variables = new Variables(env, new Set(REQUIRED[target]), problems, old.values);
  const config = readConfig(variables, problems, target, old);
  return {config: deepFreeze(config), invalid: problems.asError()};
}

/**
 * Checks the configuration of every function before any of them is served.
 *
 * @throws InvalidConfiguration with every error of every function, each once.
 */
export function checkConfig(env: Environment): void {
  const problems = new Map<string, ConfigurationProblem>();
  for (const target of Object.keys(REQUIRED) as FunctionName[]) {
    try {
      parseConfig(env, target);
    } catch (error) {
      if (!(error instanceof InvalidConfiguration)) throw error;
      for (const problem of error.problems)
        problems.set(`${problem.path} ${problem.found} ${problem.expected}`, problem);
    }
  }
  if (problems.size > 0) throw new InvalidConfiguration([...problems.values()]);
}

function readConfig(variables: Variables, problems: Problems, target: FunctionName, old: OldNames): Config {
  const places = readPlaces(variables);
  const vmInactiveMinutes = variables.number('VM_INACTIVE_MINUTES', {above: 0}, 15);
  const limits = readOldLimits(variables);
  const deployment = readDeployment(variables);
  const aws = readAws(variables, deployment);
  const {
    pools,
    hosts,
    discovery = old.discovery,
    maxRunners,
    prices,
    providerTypes,
  } = readPools(
    variables,
    problems,
    {
      ...places,
      ...limits,
      vmInactiveMinutes,
      containers: readContainerDefaults(variables, problems),
      ...(aws.roleArn === undefined ? {} : {awsRoleArn: aws.roleArn}),
    },
    old.discovery,
  );
  const internalAuth = variables.choice('INTERNAL_AUTH', ['verify', 'platform'], 'verify');
  const credentials = readGitHubCredentials(variables, problems, target !== 'webhook');
  return present({
    deployment,
    pools,
    hosts,
    maxRunners,
    prices,
    discovery: discovery ?? (credentials.appId === undefined ? 'configured' : 'installation'),
    github: present({
      ...readGitHubAddress(variables, problems),
      installationId: variables.read('GITHUB_APP_INSTALLATION_ID', 'the number of the installation', (text) =>
        /^[1-9]\d{0,14}$/.test(text) ? Number(text) : undefined,
      ),
      ...credentials,
      moreApps: readMoreApps(variables, problems),
    }),
    codemagic: readCodemagic(variables, problems, target !== 'webhook' && providerTypes.has('codemagic')),
    webhookSecrets: readSecrets(variables, problems, 'GITHUB_WEBHOOK_SECRET'),
    managerSecrets: readSecrets(variables, problems, 'RUNNER_MANAGER_SECRET'),
    ...places,
    queues: present({provision: readQueues(variables), stop: readQueue(variables, 'STOP_QUEUE')}),
    urls: present({
      provision: readUrl(variables, 'PROVISION_URL'),
      stop: readUrl(variables, 'STOP_URL'),
      sweep: readUrl(variables, 'SWEEP_URL'),
      webhook: readUrl(variables, 'WEBHOOK_URL'),
      api: readUrl(variables, 'API_URL'),
    }),
    tasksServiceAccount: variables.read(
      'TASKS_SERVICE_ACCOUNT',
      'the e-mail address of a service account',
      matching(/^[^\s@]+@[^\s@]+\.[^\s@]+$/),
    ),
    internalAuth,
    taskSigningKeys: readSecrets(variables, problems, 'TASK_SIGNING_KEY', internalAuth === 'platform'),
    oidcJwksUrl: readUrl(variables, 'OIDC_JWKS_URL') ?? 'https://www.googleapis.com/oauth2/v3/certs',
    firestore: readFirestore(variables),
    emulators: present({
      tasks: variables.emulator('CLOUD_TASKS_EMULATOR_HOST'),
      compute: variables.emulator('COMPUTE_EMULATOR_HOST'),
      run: variables.emulator('RUN_EMULATOR_HOST'),
      secretManager: variables.emulator('SECRET_MANAGER_EMULATOR_HOST'),
    }),
    aws,
    taskMaxAttempts: variables.number('TASK_MAX_ATTEMPTS', {min: 1, whole: true}, 20),
    vmInactiveMinutes,
    dryRun: variables.flag('DRY_RUN'),
    webhooks: variables.choice('WEBHOOKS', ['on', 'off'], 'on'),
    sweepIntervalSeconds:
      variables.read(
        'SWEEP_INTERVAL_SECONDS',
        'a whole number of seconds: 10 to 60, or a multiple of 60 up to 3600',
        sweepInterval,
      ) ?? 60,
    sweepBudgetSeconds: variables.number('SWEEP_BUDGET_SECONDS', {above: 0, max: 3600}, 240),
    corsOrigins:
      variables.read('CORS_ORIGINS', '*, or origins such as https://example.com separated by commas', origins) ?? [],
    tracing: variables.flag('TRACING'),
    oldNames: old.found,
    logLevel: readLogLevel(variables),
  });
}

/** Cloud Scheduler knows only whole minutes. */
function sweepInterval(text: string): number | undefined {
  const seconds = /^\d{1,9}$/.test(text) ? Number(text) : 0;
  const fits = seconds < 60 ? seconds >= 10 : seconds % 60 === 0 && seconds <= 3600;
  return fits ? seconds : undefined;
}

function readGitHubAddress(variables: Variables, problems: Problems): GitHubAddress {
  const text = variables.text('GITHUB_API_URL');
  const address = text === undefined ? GITHUB_COM : gitHubAddress(text);
  if (!('expected' in address)) return address;
  problems.report('GITHUB_API_URL', problems.describe(text), address.expected);
  return GITHUB_COM;
}

/** CodeMagic has v3 of its API on another host than v1; a host that is named has both. `required`: a pool starts builds. */
function readCodemagic(variables: Variables, problems: Problems, required: boolean): Config['codemagic'] {
  const apiUrl = readUrl(variables, 'CODEMAGIC_API_URL')?.replace(/\/+$/, '');
  const token = readSecret(variables, problems, 'CODEMAGIC_TOKEN');
  if (required && variables.text('CODEMAGIC_TOKEN') === undefined) {
    const expected = 'the token of CodeMagic’s API, because a pool is of type codemagic';
    problems.report('CODEMAGIC_TOKEN', 'nothing', expected);
  }
  return present({
    apiUrl: apiUrl ?? 'https://api.codemagic.io',
    v3Url: apiUrl === undefined ? 'https://codemagic.io/api/v3' : `${apiUrl}/api/v3`,
    token,
  });
}

/** Limits from the variables of other systems. */
function readOldLimits(variables: Variables) {
  const whole = (text: string) => (/^\d{1,9}$/.test(text) ? Number(text) : undefined);
  const seconds = variables.read(
    'JOB_TIMEOUT',
    'a whole number of seconds, above 0',
    (text) => whole(text) || undefined,
  );
  return present({
    maxRunners: variables.read('MAX_CONCURRENT', 'a whole number of runners, 0 or more', whole),
    jobMinutes: seconds === undefined ? undefined : Math.ceil(seconds / 60),
  });
}

function readDeployment(variables: Variables): string {
  const expected = 'a name of RFC 1035 with at most 20 characters: a-z, 0-9 and -, a letter first';
  return variables.read('DEPLOYMENT', expected, matching(SHORT_NAME)) ?? 'slipway';
}

function readPlaces(variables: Variables) {
  // All are checked; the first that is set is used.
  const [project] = ['GOOGLE_CLOUD_PROJECT', 'GCP_PROJECT', 'GCP_PROJECT_ID', 'PROJECT_ID']
    .map((name) => variables.read(name, 'the id of a project', matching(PROJECT)))
    .filter((id) => id !== undefined);
  return present({
    project,
    zone: variables.read('GOOGLE_CLOUD_ZONE', 'a zone such as us-central1-a', matching(ZONE)),
    region: variables.read('GOOGLE_CLOUD_REGION', 'a region such as us-central1', matching(REGION)),
  });
}

function readPools(
  variables: Variables,
  problems: Problems,
  context: Parameters<typeof parseRunnerConfig>[2],
  oldDiscovery: Config['discovery'] | undefined,
): RunnerConfig {
  const source = readRunnerConfig(variables, problems);
  if (!source) return NOTHING;
  const config = parseRunnerConfig(source.text, source.root, context, problems);
  const path = config.discovery ? `${source.root}.discovery` : 'DISCOVERY_MODE';
  if (
    (config.discovery ?? oldDiscovery) === 'organization' &&
    config.pools.length > 0 &&
    !config.pools.some(namesOwner)
  ) {
    const expected = 'installation or configured; or a pool that names an owner without *: no other is looked into';
    problems.report(path, 'organization, and no pool that names one', expected);
  }
  return config;
}

function namesOwner({scope}: Config['pools'][number]): boolean {
  return scope.kind === 'organization' || scope.patterns.some((pattern) => /^[^!*/]+\//.test(pattern));
}

function readUrl(variables: Variables, name: string): string | undefined {
  return variables.read(name, 'an http or https URL without credentials and fragment', url);
}

function readQueue(variables: Variables, name: string): string | undefined {
  return variables.read(name, 'projects/P/locations/L/queues/Q', matching(QUEUE));
}

/** One provision queue, or several separated by commas. */
function readQueues(variables: Variables): string[] | undefined {
  const expected = 'projects/P/locations/L/queues/Q, or several separated by commas, each once';
  return variables.read('PROVISION_QUEUE', expected, (text) => {
    const queues = text.split(',').map((part) => part.trim());
    const valid = queues.every((queue) => QUEUE.test(queue)) && new Set(queues).size === queues.length;
    return valid ? queues : undefined;
  });
}

function readFirestore(variables: Variables): Config['firestore'] {
  const emulator = variables.emulator('FIRESTORE_EMULATOR_HOST');
  return present({
    database: variables.read(
      'FIRESTORE_DATABASE',
      '(default), or the id of a database',
      matching(/^(\(default\)|[a-z][a-z0-9-]{2,61}[a-z0-9])$/),
    ),
    emulatorHost: emulator && `${emulator.host}:${emulator.port}`,
  });
}

function deepFreeze<T>(value: T): T {
  if (typeof value !== 'object' || value === null || Object.isFrozen(value)) return value;
  if (!(value instanceof Secret)) for (const inner of Object.values(value)) deepFreeze(inner);
  return Object.freeze(value);
}
