import {parseConfig} from '../../shared/config/config';
import type {FunctionName} from '../../shared/config/config-types';
import type {Environment} from '../../shared/config/variables';
import {environmentOf, terraformFile} from '../builders/terraform-files';

const FUNCTIONS: readonly FunctionName[] = ['webhook', 'provision', 'stop', 'sweep', 'api'];

/** Variables that the code reads and a deployment by Terraform has no use for, with the reason. */
const NOT_DEPLOYED: Readonly<Record<string, string>> = {
  RUNNER_CONFIG_FILE: 'RUNNER_CONFIG holds the pools themselves',
  GCP_PROJECT: 'another name of GOOGLE_CLOUD_PROJECT',
  GCP_PROJECT_ID: 'another name of GOOGLE_CLOUD_PROJECT',
  PROJECT_ID: 'another name of GOOGLE_CLOUD_PROJECT',
  RUNNER_COMMAND: 'environment.tf merges it in where runner_command is given',
  LOG_VERBOSE: 'LOG_LEVEL says it',
  GITHUB_RUNNER_TOKEN: 'a name of another system',
  GITHUB_TOKEN_FILE: 'a name of another system',
  WEBHOOK_TOKEN: 'a name of another system',
  CLOUD_RUN_SERVICE_URL: 'a name of another system',
  GITHUB_CREDENTIALS: 'a name of another system',
  CLOUD_TASK_LOCATION: 'a name of another system',
  CLOUD_TASK_QUEUE_NAME: 'a name of another system',
  DISCOVERY_MODE: 'a name of another system',
  INSTANCE_TEMPLATE: 'a name of another system',
  GITHUB_REPO: 'a name of another system',
  RUNNER_LABELS: 'a name of another system',
  MAX_CONCURRENT: 'a name of another system',
  JOB_TIMEOUT: 'a name of another system',
  POLL_INTERVAL: 'a name of another system',
  RUNNER_CHECK_INTERVAL: 'a name of another system',
  OIDC_JWKS_URL: 'Google signs the tokens',
  CLOUD_TASKS_EMULATOR_HOST: 'no emulator',
  AWS_ENDPOINT_URL_EC2: 'no emulator',
  AWS_ENDPOINT_URL_STS: 'no emulator',
  COMPUTE_EMULATOR_HOST: 'no emulator',
  FIRESTORE_EMULATOR_HOST: 'no emulator',
  RUN_EMULATOR_HOST: 'no emulator',
  SECRET_MANAGER_EMULATOR_HOST: 'no emulator',
  CODEMAGIC_API_URL: 'CodeMagic itself is asked',
};

/** Variables that what serves the functions reads, the framework or Node itself, and they do not. */
const OF_FRAMEWORK = ['NODE_ENV', 'HTTPS_PROXY', 'NO_PROXY', 'NODE_EXTRA_CA_CERTS', 'NODE_USE_ENV_PROXY'];

/** What Terraform sets a variable to, as far as its form goes. */
const VALUES: Readonly<Record<string, string>> = {
  API_URL: 'https://slipway-api-123456789012.us-central1.run.app',
  CODEMAGIC_TOKEN: 'projects/acme-runners/secrets/slipway-codemagic-token',
  AWS_ROLE_ARN: 'arn:aws:iam::111122223333:role/slipway-ec2-eu-central-1',
  AWS_WEB_IDENTITY_AUDIENCE: 'slipway-slipway',
  CORS_ORIGINS: 'https://example.com',
  DEPLOYMENT: 'slipway',
  DRY_RUN: 'false',
  FIRESTORE_DATABASE: 'slipway-state',
  GITHUB_API_URL: 'https://api.github.com',
  GITHUB_APPS: '[{"appId":777,"privateKey":"projects/acme-runners/secrets/slipway-github-app-777-private-key"}]',
  GITHUB_APP_ID: '12345',
  GITHUB_APP_INSTALLATION_ID: '67890',
  GITHUB_APP_PRIVATE_KEY: 'projects/acme-runners/secrets/slipway-github-app-private-key',
  GITHUB_TOKEN: 'projects/acme-runners/secrets/slipway-github-token',
  GITHUB_WEBHOOK_SECRET: 'file:/etc/secrets/github-webhook-secret',
  GOOGLE_CLOUD_PROJECT: 'acme-runners',
  GOOGLE_CLOUD_REGION: 'us-central1',
  GOOGLE_CLOUD_ZONE: 'us-central1-a',
  HTTPS_PROXY: 'http://proxy.example.com:3128',
  INTERNAL_AUTH: 'platform',
  LOG_LEVEL: 'info',
  NODE_ENV: 'production',
  NODE_EXTRA_CA_CERTS: '/etc/ca-certificates/ca.pem',
  NODE_USE_ENV_PROXY: '1',
  NO_PROXY: 'metadata.google.internal',
  PROVISION_QUEUE: 'projects/acme-runners/locations/us-central1/queues/slipway-provision-1a2b',
  PROVISION_URL: 'https://slipway-provision-123456789012.us-central1.run.app',
  RUNNER_CONFIG: '{pools: [{repo: acme/app, requires: [gpu], provider: {type: gce-vm, instance: gpu}}]}',
  RUNNER_MANAGER_SECRET: 'projects/acme-runners/secrets/slipway-runner-manager-secret',
  STOP_QUEUE: 'projects/acme-runners/locations/us-central1/queues/slipway-stop-1a2b',
  STOP_URL: 'https://slipway-stop-123456789012.us-central1.run.app',
  SWEEP_BUDGET_SECONDS: '240',
  SWEEP_INTERVAL_SECONDS: '60',
  SWEEP_URL: 'https://slipway-sweep-123456789012.us-central1.run.app',
  TASK_MAX_ATTEMPTS: '20',
  TASK_SIGNING_KEY: 'projects/acme-runners/secrets/slipway-task-signing-key',
  TASKS_SERVICE_ACCOUNT: 'slipway-tasks@acme-runners.iam.gserviceaccount.com',
  TRACING: 'false',
  VM_INACTIVE_MINUTES: '15',
  WEBHOOK_URL: 'https://slipway-webhook-123456789012.us-central1.run.app',
  WEBHOOKS: 'on',
};

const terraform = environmentOf(terraformFile('environment.tf'));
const setFor = (target: FunctionName): readonly string[] => terraform.get(target) ?? [];
const valuesFor = (target: FunctionName): Environment =>
  Object.fromEntries(setFor(target).map((name) => [name, VALUES[name]]));

/** The names that the code asks the environment for, with `values` in it. */
function readBy(target: FunctionName, values: Environment): Set<string> {
  const names = new Set<string>();
  const recording = new Proxy(values, {
    get(variables, name) {
      if (typeof name === 'string') names.add(name);
      return Reflect.get(variables, name) as unknown;
    },
  });
  parseConfig(recording, target);
  return names;
}

test('Terraform has an environment for each function, and for nothing else', () => {
  expect([...terraform.keys()].sort()).toEqual([...FUNCTIONS].sort());
});

test('this test knows a value for each variable that Terraform sets', () => {
  const all = new Set(FUNCTIONS.flatMap(setFor));
  expect(Object.keys(VALUES).sort()).toEqual([...all].sort());
});

describe.each(FUNCTIONS)('%s', (target) => {
  test('gets every variable that it cannot do without', () => {
    expect(() => parseConfig(valuesFor(target), target)).not.toThrow();
  });

  test('gets no variable that the code does not read', () => {
    const known = new Set([...OF_FRAMEWORK, ...readBy(target, valuesFor(target))]);
    expect(setFor(target).filter((name) => !known.has(name))).toEqual([]);
  });
});

test('every variable that the code reads is set somewhere, or is not for a deployment', () => {
  const read = new Set([...OF_FRAMEWORK, ...FUNCTIONS.flatMap((target) => [...readBy(target, valuesFor(target))])]);
  const set = new Set([...FUNCTIONS.flatMap(setFor), ...Object.keys(NOT_DEPLOYED)]);
  expect([...read].filter((name) => !set.has(name))).toEqual([]);
  expect([...set].filter((name) => !read.has(name))).toEqual([]);
});

test('only functions behind IAM trust the platform with the verification of callers', () => {
  expect(FUNCTIONS.filter((target) => setFor(target).includes('INTERNAL_AUTH'))).toEqual([
    'provision',
    'stop',
    'sweep',
  ]);
});

test('every function has the key that signs tasks, and no framework that shows stacks', () => {
  for (const target of FUNCTIONS)
    expect(setFor(target)).toEqual(expect.arrayContaining(['TASK_SIGNING_KEY', 'NODE_ENV']));
});
