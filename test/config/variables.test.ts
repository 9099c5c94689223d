import {parseConfig} from '../../shared/config/config';
import type {Config} from '../../shared/config/config-types';
import {COMPLETE, PKCS1, PKCS8} from './environments';

describe('each variable', () => {
  const printed = (config: Config, pick: (config: Config) => unknown) =>
    JSON.parse(JSON.stringify(pick(config) ?? null)) as unknown;

  test.each<[string, string, (config: Config) => unknown, unknown]>([
    ['DEPLOYMENT', 'blue', (c) => c.deployment, 'blue'],
    ['RUNNER_CONFIG', COMPLETE.RUNNER_CONFIG, (c) => c.pools.map(({name}) => name), ['linux']],
    ['GITHUB_API_URL', 'https://ghe.acme.com/api/v3/', (c) => c.github.apiUrl, 'https://ghe.acme.com/api/v3'],
    ['GITHUB_APP_INSTALLATION_ID', '77', (c) => c.github.installationId, 77],
    ['GITHUB_TOKEN', 'ghp_x', (c) => c.github.token, {kind: 'literal', secret: '***'}],
    ['GITHUB_TOKEN', 'file:/run/token', (c) => c.github.token, {kind: 'file', path: '/run/token'}],
    ['GITHUB_WEBHOOK_SECRET', 'a', (c) => c.webhookSecrets, [{kind: 'literal', secret: '***'}]],
    [
      'GITHUB_WEBHOOK_SECRET',
      'one, projects/p/secrets/s ,file:/x',
      (c) => c.webhookSecrets,
      [
        {kind: 'literal', secret: '***'},
        {kind: 'resource', name: 'projects/p/secrets/s', isList: true},
        {kind: 'file', path: '/x', isList: true},
      ],
    ],
    [
      'RUNNER_MANAGER_SECRET',
      'projects/p/secrets/s/versions/3',
      (c) => c.managerSecrets,
      [{kind: 'resource', name: 'projects/p/secrets/s/versions/3', isList: true}],
    ],
    ['RUNNER_MANAGER_SECRET', 'new,old', (c) => c.managerSecrets.length, 2],
    [
      'TASK_SIGNING_KEY',
      'file:/etc/secrets/key',
      (c) => c.taskSigningKeys,
      [{kind: 'file', path: '/etc/secrets/key', isList: true}],
    ],
    ['GOOGLE_CLOUD_PROJECT', 'acme-prod', (c) => c.project, 'acme-prod'],
    ['GCP_PROJECT', 'example.com:acme-prod', (c) => c.project, 'example.com:acme-prod'],
    ['GCP_PROJECT_ID', 'acme-prod', (c) => c.project, 'acme-prod'],
    ['GOOGLE_CLOUD_ZONE', 'northamerica-northeast1-a', (c) => c.zone, 'northamerica-northeast1-a'],
    ['GOOGLE_CLOUD_ZONE', 'us-central1-ai1a', (c) => c.zone, 'us-central1-ai1a'],
    ['GOOGLE_CLOUD_REGION', 'us-central1', (c) => c.region, 'us-central1'],
    [
      'PROVISION_QUEUE',
      'projects/a/locations/b/queues/c',
      (c) => c.queues.provision,
      ['projects/a/locations/b/queues/c'],
    ],
    [
      'PROVISION_QUEUE',
      'projects/a/locations/b/queues/c, projects/a/locations/b/queues/d',
      (c) => c.queues.provision,
      ['projects/a/locations/b/queues/c', 'projects/a/locations/b/queues/d'],
    ],
    ['STOP_QUEUE', 'projects/a/locations/b/queues/c', (c) => c.queues.stop, 'projects/a/locations/b/queues/c'],
    ['PROVISION_URL', 'https://a.run.app/', (c) => c.urls.provision, 'https://a.run.app/'],
    ['STOP_URL', 'http://127.0.0.1:1/x', (c) => c.urls.stop, 'http://127.0.0.1:1/x'],
    ['SWEEP_URL', 'https://a.run.app', (c) => c.urls.sweep, 'https://a.run.app'],
    ['TASKS_SERVICE_ACCOUNT', 'a@b.c', (c) => c.tasksServiceAccount, 'a@b.c'],
    ['OIDC_JWKS_URL', 'http://127.0.0.1:9/certs', (c) => c.oidcJwksUrl, 'http://127.0.0.1:9/certs'],
    ['FIRESTORE_DATABASE', '(default)', (c) => c.firestore.database, '(default)'],
    ['FIRESTORE_DATABASE', 'runners', (c) => c.firestore.database, 'runners'],
    ['FIRESTORE_EMULATOR_HOST', 'localhost:8080', (c) => c.firestore.emulatorHost, 'localhost:8080'],
    ['CLOUD_TASKS_EMULATOR_HOST', '127.0.0.1:1', (c) => c.emulators.tasks, {host: '127.0.0.1', port: 1}],
    ['COMPUTE_EMULATOR_HOST', 'compute:65535', (c) => c.emulators.compute, {host: 'compute', port: 65535}],
    ['SECRET_MANAGER_EMULATOR_HOST', '[::1]:80', (c) => c.emulators.secretManager, {host: '[::1]', port: 80}],
    ['TASK_MAX_ATTEMPTS', '3', (c) => c.taskMaxAttempts, 3],
    [
      'CODEMAGIC_TOKEN',
      'projects/p/secrets/codemagic',
      (c) => c.codemagic.token,
      {kind: 'resource', name: 'projects/p/secrets/codemagic'},
    ],
    ['CODEMAGIC_TOKEN', 'a-token', (c) => c.codemagic.token, {kind: 'literal', secret: '***'}],
    [
      'CODEMAGIC_API_URL',
      'http://127.0.0.1:4100/',
      (c) => c.codemagic,
      {apiUrl: 'http://127.0.0.1:4100', v3Url: 'http://127.0.0.1:4100/api/v3'},
    ],
    ['VM_INACTIVE_MINUTES', '0.5', (c) => c.vmInactiveMinutes, 0.5],
    ['DRY_RUN', 'true', (c) => c.dryRun, true],
    ['DRY_RUN', 'false', (c) => c.dryRun, false],
    ['WEBHOOKS', 'off', (c) => c.webhooks, 'off'],
    ['SWEEP_BUDGET_SECONDS', '60', (c) => c.sweepBudgetSeconds, 60],
    ['SWEEP_INTERVAL_SECONDS', '10', (c) => c.sweepIntervalSeconds, 10],
    ['SWEEP_INTERVAL_SECONDS', '59', (c) => c.sweepIntervalSeconds, 59],
    ['SWEEP_INTERVAL_SECONDS', '600', (c) => c.sweepIntervalSeconds, 600],
    ['POLL_INTERVAL', '30', (c) => c.sweepIntervalSeconds, 30],
    ['RUNNER_CHECK_INTERVAL', '300', (c) => c.sweepIntervalSeconds, 300],
    ['CORS_ORIGINS', '*', (c) => c.corsOrigins, ['*']],
    ['CORS_ORIGINS', 'https://a.com, http://b:81', (c) => c.corsOrigins, ['https://a.com', 'http://b:81']],
    ['TRACING', 'true', (c) => c.tracing, true],
    ['LOG_LEVEL', 'warning', (c) => c.logLevel, 'warning'],
    ['LOG_LEVEL', 'INFO', (c) => c.logLevel, 'info'],
    ['LOG_LEVEL', 'Debug', (c) => c.logLevel, 'debug'],
    ['LOG_LEVEL', 'WARN', (c) => c.logLevel, 'warning'],
    ['LOG_LEVEL', 'CRITICAL', (c) => c.logLevel, 'error'],
    ['LOG_VERBOSE', 'true', (c) => c.logLevel, 'debug'],
    ['DRY_RUN', 'TRUE', (c) => c.dryRun, true],
    ['WEBHOOKS', 'Off', (c) => c.webhooks, 'off'],
    ['PROJECT_ID', 'acme-prod', (c) => c.project, 'acme-prod'],
    ['GITHUB_API_URL', 'https://ghe.acme.com/api/v3', (c) => c.github.webUrl, 'https://ghe.acme.com'],
    ['GITHUB_API_URL', 'https://ghe.acme.com:8443/api/v3/', (c) => c.github.webUrl, 'https://ghe.acme.com:8443'],
    [
      'GITHUB_API_URL',
      'https://api.acme.ghe.com/',
      (c) => c.github,
      {
        apiUrl: 'https://api.acme.ghe.com',
        webUrl: 'https://acme.ghe.com',
        token: {kind: 'literal', secret: '***'},
        moreApps: [],
      },
    ],
    ['GITHUB_API_URL', 'https://api.github.com/', (c) => c.github.webUrl, 'https://github.com'],
    ['GITHUB_API_URL', 'http://127.0.0.1:4000', (c) => c.github.webUrl, 'http://127.0.0.1:4000'],
    ['GITHUB_API_URL', 'http://[::1]:4000/', (c) => c.github.apiUrl, 'http://[::1]:4000'],
    ['GITHUB_API_URL', 'http://localhost:4000/api/v3', (c) => c.github.webUrl, 'http://localhost:4000'],
  ])('%s=%s is read', (name, value, pick, expected) => {
    expect(printed(parseConfig({...COMPLETE, [name]: value}, 'sweep'), pick)).toEqual(expected);
  });

  test.each<[string, (config: Config) => unknown, unknown]>([
    ['DEPLOYMENT', (c) => c.deployment, 'slipway'],
    ['GITHUB_API_URL', (c) => c.github.apiUrl, 'https://api.github.com'],
    ['GITHUB_API_URL', (c) => c.github.webUrl, 'https://github.com'],
    ['GITHUB_APP_INSTALLATION_ID', (c) => c.github.installationId, undefined],
    ['GOOGLE_CLOUD_PROJECT', (c) => c.project, undefined],
    ['GOOGLE_CLOUD_ZONE', (c) => c.zone, undefined],
    ['INTERNAL_AUTH', (c) => c.internalAuth, 'verify'],
    ['OIDC_JWKS_URL', (c) => c.oidcJwksUrl, 'https://www.googleapis.com/oauth2/v3/certs'],
    ['FIRESTORE_DATABASE', (c) => c.firestore, {}],
    ['COMPUTE_EMULATOR_HOST', (c) => c.emulators, {}],
    [
      'CODEMAGIC_API_URL',
      (c) => c.codemagic,
      {apiUrl: 'https://api.codemagic.io', v3Url: 'https://codemagic.io/api/v3'},
    ],
    ['TASK_MAX_ATTEMPTS', (c) => c.taskMaxAttempts, 20],
    ['VM_INACTIVE_MINUTES', (c) => c.vmInactiveMinutes, 15],
    ['DRY_RUN', (c) => c.dryRun, false],
    ['WEBHOOKS', (c) => c.webhooks, 'on'],
    ['SWEEP_BUDGET_SECONDS', (c) => c.sweepBudgetSeconds, 240],
    ['SWEEP_INTERVAL_SECONDS', (c) => c.sweepIntervalSeconds, 60],
    ['CORS_ORIGINS', (c) => c.corsOrigins, []],
    ['TRACING', (c) => c.tracing, false],
    ['LOG_LEVEL', (c) => c.logLevel, 'info'],
  ])('%s has its default when it is left out or empty', (name, pick, expected) => {
    expect(pick(parseConfig(COMPLETE, 'sweep'))).toEqual(expected);
    expect(pick(parseConfig({...COMPLETE, [name]: ' '}, 'sweep'))).toEqual(expected);
  });

  test('of the three names of the project the first counts', () => {
    const env = {...COMPLETE, GCP_PROJECT_ID: 'third', GCP_PROJECT: 'second'};
    expect(parseConfig(env, 'stop').project).toBe('second');
    expect(parseConfig({...env, GOOGLE_CLOUD_PROJECT: 'first'}, 'stop').project).toBe('first');
  });

  test('the credentials of an App are read, its key as PKCS#8, and stand before a token', () => {
    const {github} = parseConfig({...COMPLETE, GITHUB_APP_ID: '12', GITHUB_APP_PRIVATE_KEY: PKCS1}, 'provision');
    expect(github.appId).toBe(12);
    expect(github.privateKey?.kind === 'literal' && github.privateKey.secret.reveal()).toBe(PKCS8);
    expect(github.token).toBeUndefined();
  });

  test('the key of an App may be in Secret Manager', () => {
    const env = {...COMPLETE, GITHUB_APP_ID: '12', GITHUB_APP_PRIVATE_KEY: 'projects/p/secrets/key'};
    expect(parseConfig(env, 'provision').github.privateKey).toEqual({kind: 'resource', name: 'projects/p/secrets/key'});
  });

  test('the value of a literal secret is what was given', () => {
    const [first, second] = parseConfig({...COMPLETE, GITHUB_WEBHOOK_SECRET: 'old,new'}, 'webhook').webhookSecrets;
    expect(first?.kind === 'literal' && first.secret.reveal()).toBe('old');
    expect(second?.kind === 'literal' && second.secret.reveal()).toBe('new');
  });
});
