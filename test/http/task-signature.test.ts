import {createWebhook} from '../../functions/webhook/index';
import {createLogger} from '../../shared/telemetry/create-logger';
import {aSystem, expectClean, MINUTE, type TestSystem} from '../builders/system';
import {signTask} from '../builders/tasks';
import {httpSink} from '../emulators/github/http-sink';
import {SecretManagerServer} from '../emulators/secret-manager/server';
import {serve} from '../emulators/serve';

const KEY = 'the-task-signing-key-of-the-world';
const SECRET = 'projects/world/secrets/task-signing-key';
const NAME = 'a-task';

let system: TestSystem;
let secrets: SecretManagerServer | undefined;

afterEach(async () => {
  await system.close();
  await secrets?.close();
  secrets = undefined;
});

const event = (jobId: number) => ({
  jobId,
  runId: 1,
  runAttempt: 1,
  status: 'queued',
  repository: 'acme/app',
  labels: ['self-hosted', 'linux'],
  pool: 'arm',
  runnerName: null,
  installationId: null,
  url: null,
  createdAt: 0,
  delivery: 'a-delivery',
});
const DEMAND = JSON.stringify({kind: 'event', event: event(4711)});

interface Sent {
  readonly to?: 'provision' | 'stop';
  readonly name?: string;
  readonly signature?: string | undefined;
  readonly authorization?: string;
  readonly query?: string;
}

/** A call with the identity of Cloud Tasks, and with any signature of the task. */
async function call(body: string, {to = 'provision', name = NAME, query = '', ...sent}: Sent = {}) {
  const {urls, env, oidc} = system;
  const token = await oidc.token({audience: urls[to], email: env['TASKS_SERVICE_ACCOUNT'] ?? ''});
  const response = await fetch(urls[to] + query, {
    method: 'POST',
    headers: {
      authorization: sent.authorization ?? `Bearer ${token}`,
      'x-cloudtasks-taskname': name,
      ...(sent.signature === undefined ? {} : {'x-slipway-signature': sent.signature}),
    },
    body,
  });
  return {status: response.status, body: (await response.json()) as object};
}

const machines = () => system.compute.instances().map(({name}) => name);

describe('a task without a valid signature, from a caller with the right identity,', () => {
  beforeEach(async () => {
    system = await aSystem();
  });

  test.each([
    ['without a signature', () => undefined],
    ['with an empty signature', () => ''],
    ['with a signature of another form', () => 'sha1=00'],
    ['signed with another key', () => signTask(NAME, DEMAND, 'a-guess')],
    ['signed under another name', () => signTask('another-task', DEMAND, KEY)],
    ['with the signature of another body', () => signTask(NAME, `${DEMAND} `, KEY)],
    ['with the signature of its body alone', () => signTask('', DEMAND, KEY)],
  ])('%s has no effect', async (_, signature) => {
    expect((await call(DEMAND, {signature: signature()})).status).toBe(403);
    expect(await system.store.get('jobs', '4711-1')).toBeUndefined();
    expect(machines()).toEqual([]);
  });

  test('releases no runner, whatever its body says', async () => {
    const job = system.queueJob({durationMs: 30 * MINUTE});
    await system.pass(5 * MINUTE);
    const [runner = ''] = machines();
    const body = JSON.stringify({kind: 'delete', runner, force: true});
    expect((await call(body, {to: 'stop'})).status).toBe(403);
    expect(machines()).toEqual([runner]);
    await system.finish();
    expect(job.conclusion).toBe('success');
    expectClean(system);
  });

  test('is refused without any of its content in the log', async () => {
    await call(JSON.stringify({kind: 'demand', job: 'hush-hush'}), {name: 'not a name: hush-hush'});
    expect(system.log.at(-1)).toContain('X-Slipway-Signature');
    expect(system.log.join()).not.toContain('hush-hush');
  });

  test('is performed once it is signed', async () => {
    expect((await call(DEMAND, {signature: signTask(NAME, DEMAND, KEY)})).status).toBe(200);
    expect(machines()).toEqual(['slipway-arm-4711-1']);
  });

  test.each([
    ['a repository that its pool does not serve', {repository: 'evil/app'}],
    ['a pool that there is not', {pool: 'nowhere'}],
  ])('makes no runner for %s, though it is signed', async (_, other) => {
    const body = JSON.stringify({kind: 'event', event: {...event(4711), ...other}});
    const answer = await call(body, {signature: signTask(NAME, body, KEY)});
    expect(answer).toEqual({status: 200, body: {status: 'done', decision: 'not_served'}});
    expect(machines()).toEqual([]);
  });

  test('may have unknown fields, which a newer function may add', async () => {
    const body = JSON.stringify({kind: 'event', event: {...event(4711), invented: {later: true}}, also: 1});
    expect((await call(body, {signature: signTask(NAME, body, KEY)})).status).toBe(200);
    expect(machines()).toEqual(['slipway-arm-4711-1']);
  });
});

test('every task of a job is signed, by webhook and by the functions after it', async () => {
  system = await aSystem();
  system.queueJob();
  await system.finish();
  await system.sweepFor(15 * MINUTE);
  expectClean(system);
  const dispatches = system.tasks.dispatches;
  expect(new Set(dispatches.map(({url}) => url))).toEqual(new Set([system.urls.provision, system.urls.stop]));
  for (const {headers, status} of dispatches) {
    expect(headers['X-Slipway-Signature']).toMatch(/^sha256=[0-9a-f]{64}$/);
    expect(status).toBe(200);
  }
});

test('with INTERNAL_AUTH=platform, a forged token has no effect without a signed task', async () => {
  system = await aSystem({env: {INTERNAL_AUTH: 'platform'}});
  const {urls, env} = system;
  const part = (value: object) => Buffer.from(JSON.stringify(value)).toString('base64url');
  const claims = {
    iss: 'https://accounts.google.com',
    aud: urls.provision,
    email: env['TASKS_SERVICE_ACCOUNT'],
    email_verified: true,
    exp: 4_102_444_800,
  };
  const authorization = `Bearer ${part({alg: 'RS256', typ: 'JWT'})}.${part(claims)}.SIGNATURE_REMOVED_BY_GOOGLE`;
  expect((await call(DEMAND, {authorization})).status).toBe(403);
  expect(machines()).toEqual([]);
  expect((await call(DEMAND, {authorization, signature: signTask(NAME, DEMAND, KEY)})).status).toBe(200);
});

test('tasks that were created before the key have no effect, and the sweep recovers their work', async () => {
  system = await aSystem({hooks: 0});
  // A webhook of the former version, which signs no tasks.
  const {TASK_SIGNING_KEY: _, ...before} = system.env;
  const logger = createLogger({level: 'error', destination: {write: (line) => system.log.push(line)}});
  const webhook = await serve(createWebhook({env: before, clock: system.scheduler, logger}));
  system.github.addHook({url: webhook.url, secret: before['GITHUB_WEBHOOK_SECRET'] ?? '', deliver: httpSink});
  try {
    const job = system.queueJob();
    await system.pass(2 * MINUTE);
    expect(system.tasks.dispatches.map(({status}) => status)).toContain(403);
    expect(machines()).toEqual([]);
    await system.sweepFor(45 * MINUTE);
    await system.finish();
    expect(job.conclusion).toBe('success');
  } finally {
    await webhook.close();
  }
});

describe('the key is rotated', () => {
  const signedWith = (key: string, name = NAME) => call(DEMAND, {name, signature: signTask(name, DEMAND, key)});

  beforeEach(async () => {
    secrets = await SecretManagerServer.start();
    secrets.addVersion(SECRET, 'old\n');
    system = await aSystem({
      env: {TASK_SIGNING_KEY: SECRET, SECRET_MANAGER_EMULATOR_HOST: `${secrets.host}:${secrets.port}`},
    });
  });

  test('with overlap, and no task is refused at any moment', async () => {
    for (const value of ['old,new', 'new,old', 'new']) {
      secrets?.addVersion(SECRET, value);
      system.queueJob();
      await system.pass(6 * MINUTE);
    }
    await system.finish();
    expect(system.tasks.dispatches.map(({status}) => status)).not.toContain(403);
    expect(system.tasks.dispatches.length).toBeGreaterThan(6);
  });

  test('and a function with the former value cached reads the key afresh when a signature does not match', async () => {
    expect((await signedWith('old')).status).toBe(200);
    secrets?.addVersion(SECRET, 'new');
    expect((await signedWith('new', 'another-task')).status).toBe(200);
  });

  test('and the key is read at most every ten seconds, whatever arrives', async () => {
    expect((await signedWith('old')).status).toBe(200);
    const before = secrets?.requests.length ?? 0;
    for (let i = 0; i < 5; i++) expect((await signedWith('a-guess')).status).toBe(403);
    // One request for the list of versions, and one for the only version.
    expect((secrets?.requests.length ?? 0) - before).toBe(2);
    secrets?.addVersion(SECRET, 'new');
    expect((await signedWith('new')).status).toBe(403);
    system.scheduler.advance(10_000);
    expect((await signedWith('new')).status).toBe(200);
  });
});
