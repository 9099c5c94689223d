import {readFileSync} from 'node:fs';
import {join} from 'node:path';
import {parseConfig} from '../../shared/config/config';
import type {Config, FunctionName} from '../../shared/config/config-types';
import type {Environment} from '../../shared/config/variables';
import {createServicesBase} from '../../shared/services-base';
import {createLogger} from '../../shared/telemetry/create-logger';
import {COMPLETE, problemsOf} from './environments';

const WITHOUT_POOLS: Environment = {...COMPLETE, RUNNER_CONFIG: undefined};

function read(env: Environment, target: FunctionName = 'sweep'): Config {
  return parseConfig(env, target);
}

function problems(env: Environment): string[] {
  return problemsOf(() => read(env));
}

/** What a secret of the configuration reveals or refers to. */
function shown(source: Config['github']['token']): unknown {
  return source?.kind === 'literal' ? source.secret.reveal() : source;
}

describe('secrets', () => {
  const none: Environment = {...COMPLETE, GITHUB_TOKEN: '', GITHUB_WEBHOOK_SECRET: ''};
  test.each<[string, Environment, unknown, unknown]>([
    ['GITHUB_CREDENTIALS is JSON', {GITHUB_CREDENTIALS: '{"token": "ghp_a", "secret": "s3cret"}'}, 'ghp_a', 's3cret'],
    [
      'GITHUB_CREDENTIALS refers to JSON in Secret Manager',
      {GITHUB_CREDENTIALS: 'projects/p/secrets/s'},
      {kind: 'resource', name: 'projects/p/secrets/s', field: 'token'},
      {kind: 'resource', name: 'projects/p/secrets/s', field: 'secret'},
    ],
    [
      'GITHUB_CREDENTIALS refers to a file of JSON',
      {GITHUB_CREDENTIALS: 'file:/run/c.json'},
      {kind: 'file', path: '/run/c.json', field: 'token'},
      {kind: 'file', path: '/run/c.json', field: 'secret'},
    ],
    ['GITHUB_RUNNER_TOKEN and WEBHOOK_TOKEN', {GITHUB_RUNNER_TOKEN: 'ghp_b', WEBHOOK_TOKEN: 'hook'}, 'ghp_b', 'hook'],
    [
      'GITHUB_TOKEN_FILE',
      {GITHUB_TOKEN_FILE: '/run/token', WEBHOOK_TOKEN: 'hook'},
      {kind: 'file', path: '/run/token'},
      'hook',
    ],
    [
      'the name of today rules over all of them',
      {
        GITHUB_TOKEN: 'ghp_new',
        GITHUB_WEBHOOK_SECRET: 'new',
        GITHUB_CREDENTIALS: '{"token": "ghp_a", "secret": "s3cret"}',
        GITHUB_RUNNER_TOKEN: 'ghp_b',
        WEBHOOK_TOKEN: 'hook',
      },
      'ghp_new',
      'new',
    ],
  ])('%s', (_, env, token, secret) => {
    const config = read({...none, ...env}, 'webhook');
    expect(shown(config.github.token)).toEqual(token);
    // One text may hold several secrets of the webhook.
    const several = typeof secret === 'object' && secret !== null ? {...secret, isList: true} : secret;
    expect(config.webhookSecrets.map(shown)).toEqual([several]);
  });

  test.each([['not json, but a token: ghp_0123456789'], ['["ghp_0123456789"]'], ['"ghp_0123456789"']])(
    'GITHUB_CREDENTIALS that is neither is an error that shows nothing of it',
    (text) => {
      const [problem] = problems({...COMPLETE, GITHUB_CREDENTIALS: text});
      expect(problem).toMatch(
        /^GITHUB_CREDENTIALS: a text that is neither → JSON with the texts token and secret, or /,
      );
      expect(problem).not.toContain('0123456789');
    },
  );

  test('GITHUB_CREDENTIALS that is JSON without either part is an error that names it', () => {
    const [problem] = problems({...COMPLETE, GITHUB_CREDENTIALS: '{"TOKEN": "ghp_0123456789", "secret": ""}'});
    expect(problem).toMatch(/^GITHUB_CREDENTIALS: JSON without either → JSON with the texts token and secret, or /);
    expect(problem).not.toContain('0123456789');
  });

  test('a malformed reference is reported under the name of the variable that is set', () => {
    expect(problems({...none, GITHUB_CREDENTIALS: 'projects/p/secret/s'})).toEqual([
      expect.stringContaining('GITHUB_TOKEN (from GITHUB_CREDENTIALS): a malformed reference'),
      expect.stringContaining('GITHUB_WEBHOOK_SECRET (from GITHUB_CREDENTIALS): a malformed reference'),
    ]);
  });
});

describe('pools', () => {
  const template = {template: 'runner', type: 'gce'};
  test.each<[string, Environment, object]>([
    [
      'INSTANCE_TEMPLATE: every repository',
      {INSTANCE_TEMPLATE: 'runner'},
      {
        scope: {kind: 'repositories', patterns: ['*/*']},
        requires: ['linux', 'self-hosted', 'arm64'],
        offers: null,
        provider: template,
      },
    ],
    [
      'GITHUB_REPO and RUNNER_LABELS with its provider',
      {INSTANCE_TEMPLATE: 'runner', GITHUB_REPO: 'acme/app', RUNNER_LABELS: 'self-hosted, Linux,,x64'},
      {
        scope: {kind: 'repositories', patterns: ['acme/app']},
        requires: [],
        offers: ['self-hosted', 'linux', 'x64'],
        provider: template,
      },
    ],
  ])('%s', (_, env, expected) => {
    expect(read({...WITHOUT_POOLS, ...env}).pools).toEqual([
      expect.objectContaining({...expected, provider: expect.objectContaining(template)}),
    ]);
  });

  test('RUNNER_CONFIG takes precedence over them', () => {
    const {pools} = read({...COMPLETE, INSTANCE_TEMPLATE: 'other', GITHUB_REPO: 'acme/other', RUNNER_LABELS: 'x'});
    expect(pools.map(({name, requires}) => [name, requires])).toEqual([['linux', ['linux']]]);
  });

  test('without a template the error says what to add', () => {
    expect(problems({...WITHOUT_POOLS, GITHUB_REPO: 'acme/app', RUNNER_LABELS: 'x'})).toEqual([
      'INSTANCE_TEMPLATE: nothing → the name of an instance template for the runners of GITHUB_REPO and RUNNER_LABELS; or RUNNER_CONFIG in place of both',
    ]);
  });

  test('an error in one of them names it', () => {
    expect(
      problems({...WITHOUT_POOLS, INSTANCE_TEMPLATE: 't', GITHUB_REPO: 'https://github.com/acme/app.git'}),
    ).toEqual([
      'RUNNER_CONFIG.pools[0].repo (from GITHUB_REPO, INSTANCE_TEMPLATE): "https://github.com/acme/app.git" → acme/app: the owner and the name alone',
    ]);
  });

  test('MAX_CONCURRENT is the limit over all pools, JOB_TIMEOUT the default of jobMinutes, rounded up', () => {
    const old = {MAX_CONCURRENT: '7', JOB_TIMEOUT: '3601'};
    const config = read({...COMPLETE, ...old});
    expect([config.maxRunners, config.pools[0]?.jobMinutes]).toEqual([7, 61]);
    const text = `maxRunners: 3\ndefaults: {jobMinutes: 5}\n${COMPLETE.RUNNER_CONFIG}`;
    const newer = read({...COMPLETE, ...old, RUNNER_CONFIG: text});
    expect([newer.maxRunners, newer.pools[0]?.jobMinutes]).toEqual([3, 5]);
  });

  test.each([
    ['MAX_CONCURRENT', 'many', 'a whole number of runners, 0 or more'],
    ['JOB_TIMEOUT', '1h', 'a whole number of seconds, above 0'],
    ['JOB_TIMEOUT', '0', 'a whole number of seconds, above 0'],
    ['DISCOVERY_MODE', 'some', 'all or organization'],
  ])('%s=%s is an error', (name, value, expected) => {
    expect(problems({...COMPLETE, [name]: value})).toEqual([`${name}: "${value}" → ${expected}`]);
  });

  test.each([
    ['all', 'installation'],
    ['Organization', 'organization'],
  ])('DISCOVERY_MODE=%s is discovery: %s, unless the pools say another', (mode, discovery) => {
    expect(read({...COMPLETE, DISCOVERY_MODE: mode}).discovery).toBe(discovery);
    const text = `discovery: configured\n${COMPLETE.RUNNER_CONFIG}`;
    expect(read({...COMPLETE, DISCOVERY_MODE: mode, RUNNER_CONFIG: text}).discovery).toBe('configured');
  });
});

describe('queues and addresses', () => {
  const QUEUES = {CLOUD_TASK_LOCATION: 'europe-west1', CLOUD_TASK_QUEUE_NAME: 'jobs'};
  const none: Environment = {
    ...COMPLETE,
    PROVISION_QUEUE: '',
    STOP_QUEUE: '',
    PROVISION_URL: '',
    STOP_URL: '',
    SWEEP_URL: '',
    CLOUD_RUN_SERVICE_URL: 'https://slipway.example.com/',
  };

  test('one queue is used for both, and the functions are below one address', () => {
    const {queues, urls} = read({...none, ...QUEUES, PROJECT_ID: 'acme-prod'});
    const queue = 'projects/acme-prod/locations/europe-west1/queues/jobs';
    expect(queues).toEqual({provision: [queue], stop: queue});
    expect(urls).toEqual({
      provision: 'https://slipway.example.com/provision',
      stop: 'https://slipway.example.com/stop',
      sweep: 'https://slipway.example.com/sweep',
    });
  });

  test('each new name takes precedence', () => {
    const {queues, urls} = read({...COMPLETE, ...QUEUES, CLOUD_RUN_SERVICE_URL: 'https://old.example.com'});
    expect(queues.provision).toEqual([COMPLETE.PROVISION_QUEUE]);
    expect(urls.sweep).toBe(COMPLETE.SWEEP_URL);
  });

  test('each missing part of the queues is reported once', () => {
    const found = problems({...none, CLOUD_TASK_LOCATION: 'europe-west1'});
    expect(found.map((problem) => problem.split(':')[0])).toEqual(['CLOUD_TASK_QUEUE_NAME', 'GOOGLE_CLOUD_PROJECT']);
  });
});

test('each old name that is set is logged once, with its replacement, whether it is used or not', () => {
  const set = {
    GITHUB_CREDENTIALS: '{"token": "ghp_a"}',
    INSTANCE_TEMPLATE: 't',
    GITHUB_REPO: 'a/b',
    RUNNER_LABELS: 'x',
    GITHUB_RUNNER_TOKEN: 'ghp_b',
    GITHUB_TOKEN_FILE: '/run/t',
    WEBHOOK_TOKEN: 'w',
    CLOUD_TASK_LOCATION: 'l',
    CLOUD_TASK_QUEUE_NAME: 'q',
    CLOUD_RUN_SERVICE_URL: 'https://x.example.com',
    MAX_CONCURRENT: '1',
    JOB_TIMEOUT: '60',
    POLL_INTERVAL: '10',
    RUNNER_CHECK_INTERVAL: '10',
    DISCOVERY_MODE: 'all',
  };
  const {oldNames} = read({...COMPLETE, ...set});
  expect(oldNames.map(({name}) => name).sort()).toEqual(Object.keys(set).sort());
  expect(oldNames.every(({instead}) => instead !== '')).toBe(true);
  expect(read(COMPLETE).oldNames).toEqual([]);
});

describe('each old name, set alone', () => {
  /** Each with what it needs beside it, and the names of today that it stands for. */
  const rows: readonly (readonly [name: string, value: string, beside: Environment])[] = [
    ['GITHUB_CREDENTIALS', '{"token": "ghp_a", "secret": "s3cret"}', {GITHUB_TOKEN: '', GITHUB_WEBHOOK_SECRET: ''}],
    ['INSTANCE_TEMPLATE', 'runner', WITHOUT_POOLS],
    ['GITHUB_REPO', 'acme/app', {...WITHOUT_POOLS, INSTANCE_TEMPLATE: 'runner'}],
    ['RUNNER_LABELS', 'self-hosted,linux', {...WITHOUT_POOLS, INSTANCE_TEMPLATE: 'runner'}],
    ['GITHUB_RUNNER_TOKEN', 'ghp_a', {GITHUB_TOKEN: ''}],
    ['GITHUB_TOKEN_FILE', '/run/token', {GITHUB_TOKEN: ''}],
    ['WEBHOOK_TOKEN', 's3cret', {GITHUB_WEBHOOK_SECRET: ''}],
    [
      'CLOUD_TASK_LOCATION',
      'europe-west1',
      {PROJECT_ID: 'p', CLOUD_TASK_QUEUE_NAME: 'jobs', PROVISION_QUEUE: '', STOP_QUEUE: ''},
    ],
    [
      'CLOUD_TASK_QUEUE_NAME',
      'jobs',
      {PROJECT_ID: 'p', CLOUD_TASK_LOCATION: 'europe-west1', PROVISION_QUEUE: '', STOP_QUEUE: ''},
    ],
    ['CLOUD_RUN_SERVICE_URL', 'https://x.example.com', {PROVISION_URL: '', STOP_URL: '', SWEEP_URL: ''}],
    ['MAX_CONCURRENT', '7', {}],
    ['JOB_TIMEOUT', '7200', {}],
    ['POLL_INTERVAL', '10', {}],
    ['RUNNER_CHECK_INTERVAL', '300', {}],
    ['DISCOVERY_MODE', 'all', {}],
  ];

  test.each(rows)('%s lets the function start, with one WARNING that says what to write', (name, value, beside) => {
    const lines: Record<string, unknown>[] = [];
    const destination = {write: (line: string) => void lines.push(JSON.parse(line))};
    const env = {...COMPLETE, ...beside, [name]: value};
    createServicesBase('webhook', {env, logger: createLogger({level: 'info', destination})})();
    const told = lines.filter((line) => line['decision'] === 'old_name' && line['variable'] === name);
    expect(told).toEqual([
      expect.objectContaining({
        severity: 'WARNING',
        message: expect.stringMatching(new RegExp(`^${name} is a name of another system: write \\S`)),
      }),
    ]);
    const secrets = ['ghp_a', 's3cret'].filter((secret) => JSON.stringify(lines).includes(secret));
    expect(secrets).toEqual([]);
  });

  test('the table here, the code and docs/migrate.md name the same', () => {
    const all = Object.fromEntries(rows.map(([name, value]) => [name, value]));
    expect(
      read({...COMPLETE, ...all})
        .oldNames.map(({name}) => name)
        .sort(),
    ).toEqual(Object.keys(all).sort());
    const page = readFileSync(join(__dirname, '..', '..', 'docs', 'migrate.md'), 'utf8');
    const table = page.slice(page.indexOf('## Variables of other systems'));
    expect(Object.keys(all).filter((name) => !table.includes(`\`${name}\``))).toEqual([]);
  });
});
