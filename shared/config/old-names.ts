import {isSecretReference} from './credentials';
import type {DiscoverySource} from './pools';
import type {Environment} from './variables';

/** A variable under the name that another system uses. */
export interface OldName {
  readonly name: string;
  /** What to write instead; ends a sentence. */
  readonly instead: string;
}

/** The variables of other systems, translated. */
export interface OldNames {
  /** The old variables that are set, even if the new variable takes precedence. */
  readonly found: readonly OldName[];
  /** Values of new variables that the environment does not set. */
  readonly values: Readonly<Record<string, string>>;
  /** By new variable: the old variable from which its value in `values` was taken. */
  readonly origins: ReadonlyMap<string, string>;
  /** Errors that only the operator can correct: path, found, expected. */
  readonly problems: readonly (readonly [path: string, found: string, expected: string])[];
  readonly discovery?: DiscoverySource;
}

/** Old variables that correspond to one new variable each. */
const RENAMED: readonly (readonly [old: string, name: string, value: (text: string) => string])[] = [
  ['GITHUB_RUNNER_TOKEN', 'GITHUB_TOKEN', (text) => text],
  ['GITHUB_TOKEN_FILE', 'GITHUB_TOKEN', (path) => `file:${path}`],
  ['WEBHOOK_TOKEN', 'GITHUB_WEBHOOK_SECRET', (text) => text],
  ['POLL_INTERVAL', 'SWEEP_INTERVAL_SECONDS', (text) => text],
  ['RUNNER_CHECK_INTERVAL', 'SWEEP_INTERVAL_SECONDS', (text) => text],
  ['CLOUD_RUN_SERVICE_URL', 'PROVISION_URL', (base) => `${base.replace(/\/+$/, '')}/provision`],
  ['CLOUD_RUN_SERVICE_URL', 'STOP_URL', (base) => `${base.replace(/\/+$/, '')}/stop`],
  ['CLOUD_RUN_SERVICE_URL', 'SWEEP_URL', (base) => `${base.replace(/\/+$/, '')}/sweep`],
];

const INSTEAD: Readonly<Record<string, string>> = {
  GITHUB_CREDENTIALS: 'GITHUB_TOKEN and GITHUB_WEBHOOK_SECRET',
  GITHUB_RUNNER_TOKEN: 'GITHUB_TOKEN',
  GITHUB_TOKEN_FILE: 'GITHUB_TOKEN=file:<path>',
  WEBHOOK_TOKEN: 'GITHUB_WEBHOOK_SECRET',
  INSTANCE_TEMPLATE: 'RUNNER_CONFIG with a pool whose provider is {type: gce, template: …}',
  GITHUB_REPO: 'RUNNER_CONFIG with a pool of this repo',
  RUNNER_LABELS: 'RUNNER_CONFIG with a pool that offers these labels',
  CLOUD_TASK_LOCATION: 'PROVISION_QUEUE and STOP_QUEUE, each projects/P/locations/L/queues/Q',
  CLOUD_TASK_QUEUE_NAME: 'PROVISION_QUEUE and STOP_QUEUE, each projects/P/locations/L/queues/Q',
  CLOUD_RUN_SERVICE_URL: 'PROVISION_URL, STOP_URL and SWEEP_URL',
  MAX_CONCURRENT: 'maxRunners at the top level of RUNNER_CONFIG',
  JOB_TIMEOUT: 'jobMinutes in defaults of RUNNER_CONFIG',
  DISCOVERY_MODE: 'discovery at the top level of RUNNER_CONFIG',
  POLL_INTERVAL: 'SWEEP_INTERVAL_SECONDS',
  RUNNER_CHECK_INTERVAL: 'SWEEP_INTERVAL_SECONDS',
};

const DISCOVERIES: Readonly<Record<string, DiscoverySource>> = {all: 'installation', organization: 'organization'};
const PROJECTS = ['GOOGLE_CLOUD_PROJECT', 'GCP_PROJECT', 'GCP_PROJECT_ID', 'PROJECT_ID'];
const LABELS_OF_TEMPLATE = ['linux', 'self-hosted', 'ARM64'];

/** Reads the variables of other systems. A new variable takes precedence over an old one. */
export function readOldNames(env: Environment): OldNames {
  const text = (name: string) => env[name]?.trim() || undefined;
  const values: Record<string, string> = {};
  const origins = new Map<string, string>();
  const problems: [string, string, string][] = [];
  const setValue = (old: string, name: string, value: string) => {
    if (text(name) !== undefined || values[name] !== undefined) return;
    values[name] = value;
    origins.set(name, old);
  };

  for (const [old, name, value] of RENAMED) {
    const given = text(old);
    if (given !== undefined) setValue(old, name, value(given));
  }
  const credentials = text('GITHUB_CREDENTIALS');
  if (credentials !== undefined) {
    const parts = credentialsOf(credentials);
    if (parts?.token) setValue('GITHUB_CREDENTIALS', 'GITHUB_TOKEN', parts.token);
    if (parts?.secret) setValue('GITHUB_CREDENTIALS', 'GITHUB_WEBHOOK_SECRET', parts.secret);
    if (!parts?.token && !parts?.secret) {
      const found = parts ? 'JSON without either' : 'a text that is neither';
      const expected =
        'JSON with the texts token and secret, or projects/P/secrets/S or file:<path> that holds such JSON';
      problems.push(['GITHUB_CREDENTIALS', found, expected]);
    }
  }
  readQueues(text, setValue, problems);
  readPool(text, setValue, problems);
  const mode = text('DISCOVERY_MODE')?.toLowerCase();
  const discovery = mode !== undefined && Object.hasOwn(DISCOVERIES, mode) ? DISCOVERIES[mode] : undefined;
  if (mode !== undefined && !discovery) problems.push(['DISCOVERY_MODE', JSON.stringify(mode), 'all or organization']);

  const found = Object.entries(INSTEAD)
    .filter(([name]) => text(name) !== undefined)
    .map(([name, instead]) => ({name, instead}));
  return {found, values, origins, problems, ...(discovery ? {discovery} : {})};
}

type Text = (name: string) => string | undefined;
type SetValue = (old: string, name: string, value: string) => void;

/** The token and the secret in literal JSON, or references to them in a secret that holds such JSON. */
function credentialsOf(text: string): {token?: string; secret?: string} | undefined {
  if (isSecretReference(text)) return {token: `${text}#token`, secret: `${text}#secret`};
  try {
    const value: unknown = JSON.parse(text);
    if (typeof value !== 'object' || value === null || Array.isArray(value)) return undefined;
    const part = (name: 'token' | 'secret') => {
      const given = (value as Record<string, unknown>)[name];
      return typeof given === 'string' && given.trim() !== '' ? {[name]: given} : {};
    };
    return {...part('token'), ...part('secret')};
  } catch {
    return undefined;
  }
}

function readQueues(text: Text, setValue: SetValue, problems: [string, string, string][]): void {
  const location = text('CLOUD_TASK_LOCATION');
  const queue = text('CLOUD_TASK_QUEUE_NAME');
  if (location === undefined && queue === undefined) return;
  if (text('PROVISION_QUEUE') !== undefined && text('STOP_QUEUE') !== undefined) return;
  const project = PROJECTS.map(text).find((id) => id !== undefined);
  const missing = [
    ...(location === undefined ? ['CLOUD_TASK_LOCATION'] : []),
    ...(queue === undefined ? ['CLOUD_TASK_QUEUE_NAME'] : []),
    ...(project === undefined ? ['GOOGLE_CLOUD_PROJECT'] : []),
  ];
  for (const name of missing) {
    const expected = `a value, as the queues are projects/<project>/locations/<location>/queues/<name>; or ${INSTEAD['CLOUD_TASK_LOCATION']}`;
    problems.push([name, 'nothing', expected]);
  }
  const path = `projects/${project}/locations/${location}/queues/${queue}`;
  // An incomplete queue gets a value, too: its missing part is reported above, and a missing queue must not be reported again.
  for (const name of ['PROVISION_QUEUE', 'STOP_QUEUE']) {
    setValue('CLOUD_TASK_QUEUE_NAME', name, missing.length === 0 ? path : 'projects/-/locations/-/queues/-');
  }
}

/** Builds the pool from the variables of systems that have only one pool. */
function readPool(text: Text, setValue: SetValue, problems: [string, string, string][]): void {
  if (text('RUNNER_CONFIG') !== undefined || text('RUNNER_CONFIG_FILE') !== undefined) return;
  const template = text('INSTANCE_TEMPLATE');
  const repo = text('GITHUB_REPO');
  const labels = text('RUNNER_LABELS')
    ?.split(',')
    .map((label) => label.trim())
    .filter((label) => label !== '');
  const old = [
    ...(repo === undefined ? [] : ['GITHUB_REPO']),
    ...(labels === undefined ? [] : ['RUNNER_LABELS']),
    ...(template === undefined ? [] : ['INSTANCE_TEMPLATE']),
  ];
  if (old.length === 0) return;
  if (template === undefined) {
    const expected = `the name of an instance template for the runners of ${old.join(' and ')}; or RUNNER_CONFIG in place of both`;
    problems.push(['INSTANCE_TEMPLATE', 'nothing', expected]);
  }
  const pool = {
    ...(repo === undefined ? {repos: ['*/*']} : {repo}),
    ...(labels === undefined ? {requires: LABELS_OF_TEMPLATE} : {offers: labels}),
    provider: {type: 'gce', template: template ?? 'none'},
  };
  setValue(old.join(', '), 'RUNNER_CONFIG', JSON.stringify({pools: [pool]}));
}

/** Logs a warning for each old variable at the start of a function, so that the operator knows what to change. */
export function warnOfOldNames(
  oldNames: readonly OldName[],
  warn: (message: string, fields: Record<string, string>) => void,
): void {
  for (const {name, instead} of oldNames) {
    warn(`${name} is a name of another system: write ${instead}`, {decision: 'old_name', variable: name});
  }
}
