import {execFileSync} from 'node:child_process';
import {mkdirSync, mkdtempSync, symlinkSync, writeFileSync} from 'node:fs';
import {tmpdir} from 'node:os';
import {join, resolve} from 'node:path';
import {signTask} from '../builders/tasks';
import {sign} from '../builders/webhook';

const ROOT = resolve(__dirname, '..', '..');
export const SECRET = 'the-secret-of-the-benchmark';
const SERVICE_ACCOUNT = 'tasks@p.iam.gserviceaccount.com';

/** Everything that a function could ask for; `host`: where its Cloud Tasks and its Firestore are. */
export function environment(host: string): Record<string, string> {
  return {
    RUNNER_CONFIG: `pools:
  - {name: arm, repos: ["acme/*"], requires: [self-hosted], provider: {type: gce, template: t, zones: [us-central1-a]}}`,
    GITHUB_WEBHOOK_SECRET: SECRET,
    RUNNER_MANAGER_SECRET: SECRET,
    GITHUB_TOKEN: 'a-personal-access-token',
    GOOGLE_CLOUD_PROJECT: 'p',
    PROVISION_QUEUE: 'projects/p/locations/l/queues/provision',
    STOP_QUEUE: 'projects/p/locations/l/queues/stop',
    PROVISION_URL: 'https://provision.example',
    STOP_URL: 'https://stop.example',
    SWEEP_URL: 'https://sweep.example',
    TASKS_SERVICE_ACCOUNT: SERVICE_ACCOUNT,
    INTERNAL_AUTH: 'platform',
    TASK_SIGNING_KEY: SECRET,
    CLOUD_TASKS_EMULATOR_HOST: host,
    COMPUTE_EMULATOR_HOST: host,
    FIRESTORE_EMULATOR_HOST: host,
    LOG_LEVEL: 'warning',
    NODE_ENV: 'production',
  };
}

const HELLO = `exports.hello = (request, response) => response.status(200).send('Hello, world');`;
const HELLO_HMAC = `
const {createHmac, timingSafeEqual} = require('node:crypto');
exports['hello-hmac'] = (request, response) => {
  const expected = Buffer.from('sha256=' + createHmac('sha256', ${JSON.stringify(SECRET)}).update(request.rawBody).digest('hex'));
  const given = Buffer.from(request.get('x-hub-signature-256') ?? '');
  const same = given.length === expected.length && timingSafeEqual(given, expected);
  response.status(same ? 200 : 401).send('Hello, world');
};`;

/** Verifies, then creates a task by Google's client as it comes: what no webhook that uses it can be faster than. */
const HELLO_TASK = `${HELLO_HMAC.replace("exports['hello-hmac']", 'const verify')}
const {CloudTasksClient} = require('@google-cloud/tasks');
const {GoogleAuth, PassThroughClient} = require('google-auth-library');
const auth = new GoogleAuth({projectId: 'p', authClient: new PassThroughClient()});
const [apiEndpoint, port] = process.env.CLOUD_TASKS_EMULATOR_HOST.split(':');
const client = new CloudTasksClient({fallback: true, apiEndpoint, port, protocol: 'http', auth});
const parent = process.env.PROVISION_QUEUE;
const body = Buffer.from('x'.repeat(900)).toString('base64');
let serial = 0;
exports['hello-task'] = async (request, response) => {
  const httpRequest = {httpMethod: 'POST', url: process.env.PROVISION_URL, headers: {'content-type': 'application/json'}, body};
  await client.createTask({parent, task: {name: parent + '/tasks/t' + (serial += 1), httpRequest}});
  verify(request, response);
};`;

/** Builds every function, and beside them the baselines `hello`, `hello-hmac` and `hello-task`, outside the project. Returns the folder. */
export function buildFunctions(): string {
  const dist = mkdtempSync(join(tmpdir(), 'slipway-bench-'));
  execFileSync(process.execPath, ['-r', 'ts-node/register', join('functions', 'build', 'index.ts'), '--out', dist], {
    cwd: ROOT,
    stdio: 'ignore',
  });
  symlinkSync(join(ROOT, 'node_modules'), join(dist, 'node_modules'));
  for (const [name, code] of Object.entries({hello: HELLO, 'hello-hmac': HELLO_HMAC, 'hello-task': HELLO_TASK})) {
    mkdirSync(join(dist, name));
    writeFileSync(join(dist, name, 'index.js'), code);
    writeFileSync(join(dist, name, 'package.json'), JSON.stringify({name, main: 'index.js'}));
  }
  return dist;
}

/** A delivery of GitHub's, signed. */
export function delivery(event: string, payload: object): RequestInit {
  const body = JSON.stringify(payload);
  const headers = {
    'content-type': 'application/json',
    'x-github-event': event,
    'x-hub-signature-256': sign(body, SECRET),
  };
  return {method: 'POST', headers, body};
}

/** A task of Cloud Tasks', or the call of Cloud Scheduler's, as Cloud Run passes it on: the signature of its token is replaced. */
export function task(target: 'provision' | 'stop' | 'sweep', body: object): RequestInit {
  const claims = {
    iss: 'https://accounts.google.com',
    aud: `https://${target}.example`,
    email: SERVICE_ACCOUNT,
    email_verified: true,
    exp: Math.floor(Date.now() / 1000) + 600,
  };
  const part = (value: object) => Buffer.from(JSON.stringify(value)).toString('base64url');
  const text = JSON.stringify(body);
  const token = `${part({alg: 'RS256', typ: 'JWT'})}.${part(claims)}.SIGNATURE_REMOVED_BY_GOOGLE`;
  return {
    method: 'POST',
    headers: {
      'content-type': 'application/json',
      authorization: `Bearer ${token}`,
      'x-cloudtasks-taskname': 'a-task',
      'x-cloudtasks-taskretrycount': '0',
      'x-slipway-signature': signTask('a-task', text, SECRET),
    },
    body: text,
  };
}
