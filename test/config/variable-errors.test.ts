import {parseConfig} from '../../shared/config/config';
import {InvalidConfiguration} from '../../shared/errors';
import {COMPLETE, PKCS8, POOLS, problemsOf} from './environments';

const SECRET_FORMS = 'projects/P/secrets/S, projects/P/secrets/S/versions/V, file:<path>, or the value itself';
const URL_FORM = 'an http or https URL without credentials and fragment';
const SWEEP_INTERVAL = 'a whole number of seconds: 10 to 60, or a multiple of 60 up to 3600';
const HOST_PORT = 'host:port, without http://, e.g. 127.0.0.1:8080';
const NAME = 'a name of RFC 1035 with at most 20 characters: a-z, 0-9 and -, a letter first';
const KEY = 'the RSA private key that GitHub offers for download, as PEM, PEM with \\n escapes, or base64 of PEM';

function problems(env: Record<string, string>): string[] {
  return problemsOf(() => parseConfig({...COMPLETE, ...env}, 'sweep'));
}

test.each<[string, string, string, string]>([
  ['DEPLOYMENT', 'Slipway', '"Slipway"', NAME],
  ['DEPLOYMENT', 'a-deployment-of-21-ch', '"a-deployment-of-21-ch"', NAME],
  ['DEPLOYMENT', 'ends-', '"ends-"', NAME],
  ['GITHUB_API_URL', 'ghe.acme.com', '"ghe.acme.com"', URL_FORM],
  ['GITHUB_API_URL', 'https://me:pw@ghe.acme.com', '"https://***@ghe.acme.com"', URL_FORM],
  [
    'GITHUB_API_URL',
    'https://ghe.acme.com',
    '"https://ghe.acme.com"',
    'https://ghe.acme.com/api/v3: the REST API of a GitHub Enterprise Server is below /api/v3',
  ],
  [
    'GITHUB_API_URL',
    'https://ghe.acme.com/api/v4',
    '"https://ghe.acme.com/api/v4"',
    'https://ghe.acme.com/api/v3: the REST API of a GitHub Enterprise Server is below /api/v3',
  ],
  [
    'GITHUB_API_URL',
    'https://acme.ghe.com',
    '"https://acme.ghe.com"',
    'https://api.NAME.ghe.com, with the NAME of the enterprise and nothing behind it',
  ],
  [
    'GITHUB_API_URL',
    'https://api.acme.ghe.com/api/v3',
    '"https://api.acme.ghe.com/api/v3"',
    'https://api.NAME.ghe.com, with the NAME of the enterprise and nothing behind it',
  ],
  [
    'GITHUB_API_URL',
    'https://github.com/',
    '"https://github.com/"',
    'https://api.github.com, the REST API of github.com',
  ],
  [
    'GITHUB_API_URL',
    'https://ghe.acme.com/api/v3?x=1',
    '"https://ghe.acme.com/api/v3?x=1"',
    'a URL without a query: paths of the REST API are put behind it',
  ],
  ['GITHUB_API_URL', 'https://api.github.com/v3', '"https://api.github.com/v3"', 'https://api.github.com'],
  ['GITHUB_APP_INSTALLATION_ID', '0', '"0"', 'the number of the installation'],
  ['GITHUB_WEBHOOK_SECRET', 'projects/p/secret/s', 'a malformed reference', SECRET_FORMS],
  ['RUNNER_MANAGER_SECRET', 'file:', 'a malformed reference', SECRET_FORMS],
  ['GITHUB_TOKEN', 'projects/p/secrets/s/versions/', 'a malformed reference', SECRET_FORMS],
  ['GOOGLE_CLOUD_PROJECT', 'Acme Prod', '"Acme Prod"', 'the id of a project'],
  ['GCP_PROJECT', 'Acme', '"Acme"', 'the id of a project'],
  ['GCP_PROJECT_ID', '123', '"123"', 'the id of a project'],
  ['GOOGLE_CLOUD_ZONE', 'us-central1', '"us-central1"', 'a zone such as us-central1-a'],
  ['GOOGLE_CLOUD_ZONE', 'us-central1-1', '"us-central1-1"', 'a zone such as us-central1-a'],
  ['GOOGLE_CLOUD_REGION', 'us-central1-a', '"us-central1-a"', 'a region such as us-central1'],
  [
    'PROVISION_QUEUE',
    'provision',
    '"provision"',
    'projects/P/locations/L/queues/Q, or several separated by commas, each once',
  ],
  [
    'PROVISION_QUEUE',
    'projects/a/locations/b/queues/c,projects/a/locations/b/queues/c',
    '"projects/a/locations/b/queues/c,projects/a/locations/b/queues/c"',
    'projects/P/locations/L/queues/Q, or several separated by commas, each once',
  ],
  ['STOP_QUEUE', 'projects/p/queues/q', '"projects/p/queues/q"', 'projects/P/locations/L/queues/Q'],
  ['PROVISION_URL', 'ftp://x', '"ftp://x"', URL_FORM],
  ['STOP_URL', '/stop', '"/stop"', URL_FORM],
  ['SWEEP_URL', 'https://x/#y', '"https://x/#y"', URL_FORM],
  ['TASKS_SERVICE_ACCOUNT', 'tasks', '"tasks"', 'the e-mail address of a service account'],
  ['INTERNAL_AUTH', 'none', '"none"', 'verify or platform'],
  ['OIDC_JWKS_URL', 'certs', '"certs"', URL_FORM],
  ['FIRESTORE_DATABASE', 'My DB', '"My DB"', '(default), or the id of a database'],
  ['FIRESTORE_EMULATOR_HOST', 'http://localhost:80', '"http://localhost:80"', HOST_PORT],
  ['CLOUD_TASKS_EMULATOR_HOST', 'localhost', '"localhost"', HOST_PORT],
  ['COMPUTE_EMULATOR_HOST', 'localhost:70000', '"localhost:70000"', HOST_PORT],
  ['SECRET_MANAGER_EMULATOR_HOST', ':80', '":80"', HOST_PORT],
  ['TASK_MAX_ATTEMPTS', '1.5', '"1.5"', 'a whole number of at least 1'],
  ['TASK_MAX_ATTEMPTS', '0', '"0"', 'a whole number of at least 1'],
  ['VM_INACTIVE_MINUTES', '0', '"0"', 'a number above 0'],
  ['VM_INACTIVE_MINUTES', '1e3', '"1e3"', 'a number above 0'],
  ['SWEEP_INTERVAL_SECONDS', '9', '"9"', SWEEP_INTERVAL],
  ['SWEEP_INTERVAL_SECONDS', '10.5', '"10.5"', SWEEP_INTERVAL],
  ['SWEEP_INTERVAL_SECONDS', '90', '"90"', SWEEP_INTERVAL],
  ['SWEEP_INTERVAL_SECONDS', '3660', '"3660"', SWEEP_INTERVAL],
  ['SWEEP_BUDGET_SECONDS', '4000', '"4000"', 'a number above 0 of at most 3600'],
  ['DRY_RUN', 'yes', '"yes"', 'true or false'],
  ['WEBHOOKS', 'no', '"no"', 'on or off'],
  [
    'CORS_ORIGINS',
    'https://a.com/',
    '"https://a.com/"',
    '*, or origins such as https://example.com separated by commas',
  ],
  ['TRACING', '1', '"1"', 'true or false'],
  ['LOG_LEVEL', 'loud', '"loud"', 'debug, info, warning, error or critical'],
  ['LOG_LEVEL', 'constructor', '"constructor"', 'debug, info, warning, error or critical'],
  ['LOG_VERBOSE', 'very', '"very"', 'true or false'],
])('%s=%s is an error', (name, value, found, expected) => {
  expect(problems({[name]: value})).toEqual([`${name}: ${found} → ${expected}`]);
});

test.each<[string, Record<string, string>, string]>([
  [
    'an App without its key',
    {GITHUB_APP_ID: '1'},
    'GITHUB_APP_PRIVATE_KEY: nothing → a value, since GITHUB_APP_ID is set; or neither of them and GITHUB_TOKEN',
  ],
  [
    'a key without its App',
    {GITHUB_APP_PRIVATE_KEY: PKCS8},
    'GITHUB_APP_ID: nothing → a value, since GITHUB_APP_PRIVATE_KEY is set; or neither of them and GITHUB_TOKEN',
  ],
  [
    'a key that is none',
    {GITHUB_APP_ID: '1', GITHUB_APP_PRIVATE_KEY: 'secret-nonsense'},
    `GITHUB_APP_PRIVATE_KEY: text that is neither PEM nor base64 of PEM → ${KEY}`,
  ],
  [
    'an App that is no number',
    {GITHUB_APP_ID: 'app', GITHUB_APP_PRIVATE_KEY: PKCS8},
    'GITHUB_APP_ID: "app" → the number of the GitHub App, as its settings show it, or a reference to a secret that holds it',
  ],
  [
    'an empty webhook secret among others',
    {GITHUB_WEBHOOK_SECRET: 'one,,two'},
    `GITHUB_WEBHOOK_SECRET[1]: an empty secret → ${SECRET_FORMS}`,
  ],
  [
    'a comma at the end of the webhook secrets',
    {GITHUB_WEBHOOK_SECRET: 'one,'},
    `GITHUB_WEBHOOK_SECRET[1]: an empty secret → ${SECRET_FORMS}`,
  ],
  [
    'both pools and a file of pools',
    {RUNNER_CONFIG_FILE: __filename},
    'RUNNER_CONFIG_FILE: RUNNER_CONFIG as well → only one of the two',
  ],
  [
    'a file of pools that is not there',
    {RUNNER_CONFIG: '', RUNNER_CONFIG_FILE: '/nowhere/pools.yaml'},
    'RUNNER_CONFIG_FILE: "/nowhere/pools.yaml" (ENOENT) → the path of a readable file',
  ],
])('%s is an error', (_, env, expected) => {
  expect(problems(env)).toEqual([expected]);
});

test('every error is reported at once, in one message, pools and variables together', () => {
  const env = {
    ...COMPLETE,
    RUNNER_CONFIG: POOLS.replace('acme/app', 'acme').replace('linux', ''),
    LOG_LEVEL: 'loud',
    STOP_URL: '',
    GITHUB_APP_PRIVATE_KEY: 'x',
  };
  const parse = () => parseConfig(env, 'sweep');
  expect(problemsOf(parse).map((problem) => problem.split(': ')[0])).toEqual([
    'RUNNER_CONFIG.pools[0].repo',
    'RUNNER_CONFIG.pools[0]',
    'GITHUB_APP_PRIVATE_KEY',
    'GITHUB_APP_ID',
    'STOP_URL',
    'LOG_LEVEL',
  ]);
  expect(parse).toThrow(InvalidConfiguration);
  expect(parse).toThrow(
    /^the configuration has 6 errors:\n {2}RUNNER_CONFIG\.pools\[0\]\.repo: found "acme", expected owner\/name/,
  );
});

test('a secret that was put into a key, or where an address is made better, is not shown', () => {
  const secret = 'correct-horse-battery';
  const pools = `pools:
  - {org: ${secret}, ${secret}: 1, requires: [a], acceptsUnlabeled: true, provider: {type: gce, template: t, ghp_0123456789: x}}
  - {org: ${secret}, requires: [b], acceptsUnlabeled: true, provider: {type: gce, template: t}}
  - {repo: "https://github.com/acme/${secret}", requires: [c], provider: {type: gce, template: t}}`;
  const found = problems({GITHUB_WEBHOOK_SECRET: secret, RUNNER_CONFIG: pools});
  expect(found).toHaveLength(4);
  expect(found.join('\n')).not.toMatch(/horse|0123456789/);
});

test('a secret that was put into the wrong variable is not shown', () => {
  const secret = 'correct-horse-battery';
  const text = problems({
    GITHUB_WEBHOOK_SECRET: `other-secret,${secret}`,
    LOG_LEVEL: secret,
    DEPLOYMENT: `x ${secret} y`,
    GITHUB_API_URL: 'github_pat_11ABCDEFG0123456789',
    PROVISION_QUEUE: PKCS8,
    STOP_QUEUE: Buffer.from(PKCS8).toString('base64'),
    RUNNER_CONFIG: `pools: [{repo: ${secret}, requires: [a], priority: ghs_0123456789, provider: {type: ${secret}}}]`,
  }).join('\n');
  expect(text.split('\n')).toHaveLength(8);
  expect(text).not.toMatch(/horse|11ABC|MII|TUlJ|ghs_/);
});
