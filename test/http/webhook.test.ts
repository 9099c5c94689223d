import {createWebhook} from '../../functions/webhook/index';
import {version} from '../../package.json';
import type {Environment} from '../../shared/config/variables';
import {createLogger} from '../../shared/telemetry/create-logger';
import {allExamples, sign, workflowJob} from '../builders/webhook';
import {OidcIssuer} from '../emulators/oidc';
import {VirtualScheduler} from '../emulators/scheduler';
import {type Served, serve} from '../emulators/serve';
import {CloudTasksServer} from '../emulators/tasks/server';

const SECRET = "It's a Secret to Everybody";
const QUEUES = {provision: 'projects/p/locations/l/queues/provision', stop: 'projects/p/locations/l/queues/stop'};
const POOLS = `
pools:
  - name: arm
    repos: ["acme/*"]
    requires: [self-hosted, linux]
    provider: {type: gce, template: runner, zones: [us-central1-a]}
`;

let tasks: CloudTasksServer;
let env: Environment;
let webhook: Served;
let lines: string[];

beforeEach(async () => {
  const clock = new VirtualScheduler();
  const oidc = await OidcIssuer.create(clock);
  tasks = new CloudTasksServer({timers: clock, oidc, queues: Object.values(QUEUES), autoDispatch: false});
  const {host, port} = await tasks.listen();
  env = {
    RUNNER_CONFIG: POOLS,
    GITHUB_WEBHOOK_SECRET: `${SECRET},the-next-secret`,
    PROVISION_QUEUE: QUEUES.provision,
    STOP_QUEUE: QUEUES.stop,
    PROVISION_URL: 'https://provision.example',
    STOP_URL: 'https://stop.example',
    TASKS_SERVICE_ACCOUNT: 'tasks@p.iam.gserviceaccount.com',
    CLOUD_TASKS_EMULATOR_HOST: `${host}:${port}`,
    GOOGLE_CLOUD_PROJECT: 'p',
  };
  webhook = await start(env);
});

afterEach(async () => {
  await webhook.close();
  await tasks.close();
});

async function start(environment: Environment): Promise<Served> {
  lines = [];
  const logger = createLogger({level: 'debug', destination: {write: (line) => lines.push(line)}});
  return serve(createWebhook({env: environment, logger}));
}

interface Sent {
  readonly event?: string | null;
  readonly delivery?: string;
  readonly secret?: string;
  readonly signature?: string | null;
  readonly contentType?: string | null;
  readonly path?: string;
}

async function deliver(body: unknown, sent: Sent = {}) {
  const raw = typeof body === 'string' ? body : JSON.stringify(body);
  const headers = new Headers({'x-github-delivery': sent.delivery ?? 'guid-1'});
  const signature = sent.signature === undefined ? sign(raw, sent.secret ?? SECRET) : sent.signature;
  if (signature !== null) headers.set('x-hub-signature-256', signature);
  if (sent.event !== null) headers.set('x-github-event', sent.event ?? 'workflow_job');
  const type = sent.contentType === undefined ? 'application/json' : sent.contentType;
  if (type !== null) headers.set('content-type', type);
  // A Buffer, because fetch adds a content type to a string.
  const response = await fetch(`${webhook.url}${sent.path ?? ''}`, {method: 'POST', headers, body: Buffer.from(raw)});
  const text = await response.text();
  return {status: response.status, text, json: () => JSON.parse(text) as unknown};
}

const pending = (queue: keyof typeof QUEUES) => tasks.queue(QUEUES[queue]).pending();

const eventOf = (queue: keyof typeof QUEUES): unknown =>
  (JSON.parse(pending(queue)[0]?.payload.body.toString() ?? '{}') as {event: unknown}).event;

describe('webhook creates a task', () => {
  test('and answers 202 with the pool and the job', async () => {
    const answer = await deliver(workflowJob('queued', {id: 12877621891}));
    expect(answer.status).toBe(202);
    expect(answer.json()).toEqual({status: 'accepted', pool: 'arm', job: 12877621891});
    expect(pending('provision')).toHaveLength(1);
  });

  test.each([
    ['queued', 'provision', 'provision'],
    ['waiting', 'provision', 'provision'],
    ['in_progress', 'stop', 'provision'],
    ['completed', 'stop', 'stop'],
  ] as const)('%s in the queue %s, for %s', async (action, queue, target) => {
    expect((await deliver(workflowJob(action))).status).toBe(202);
    expect(pending(queue)).toHaveLength(1);
    expect(pending(queue)[0]?.payload.url).toBe(`https://${target}.example`);
    expect(pending(queue === 'stop' ? 'provision' : 'stop')).toHaveLength(0);
  });

  test('with the needed fields only, not the whole payload', async () => {
    await deliver(workflowJob('queued', {id: 7001}));
    const [task] = pending('provision');
    const body = JSON.parse(task?.payload.body.toString() ?? '{}') as {event: object};
    expect(body).toMatchObject({
      kind: 'event',
      event: {jobId: 7001, status: 'queued', pool: 'arm', installationId: 42},
    });
    expect(Object.keys(body.event)).toHaveLength(16);
    expect(task?.payload.body.length).toBeLessThan(1_000);
  });

  test.each([
    [
      'the runner’s registration and the workflow',
      {runner_id: 4711, workflow_name: 'CI'},
      {runnerId: 4711, workflow: 'CI'},
    ],
    ['none where GitHub writes 0', {runner_id: 0, workflow_name: null}, {runnerId: null, workflow: null}],
    [
      'none where the fields are missing',
      {runner_id: undefined, workflow_name: undefined},
      {runnerId: null, workflow: null},
    ],
    ['none where the id is no id', {runner_id: 1.5}, {runnerId: null}],
  ])('with %s', async (_, fields, expected) => {
    const body = workflowJob('in_progress');
    Object.assign(body['workflow_job'] as object, fields);
    await deliver(body);
    expect(eventOf('stop')).toMatchObject(expected);
  });

  test.each([
    ['failed, and no step did', {conclusion: 'failure', steps: [{conclusion: 'cancelled'}, {conclusion: null}]}, true],
    ['failed, and has no steps', {conclusion: 'failure', steps: null}, true],
    ['failed in a step', {conclusion: 'failure', steps: [{conclusion: 'success'}, {conclusion: 'failure'}]}, undefined],
    ['was cancelled', {conclusion: 'cancelled', steps: [{conclusion: 'cancelled'}]}, undefined],
    ['has a malformed conclusion', {conclusion: 7, steps: []}, undefined],
  ])('with whether its runner failed the job, of one that %s', async (_, job, expected) => {
    const body = workflowJob('completed');
    Object.assign(body['workflow_job'] as object, job);
    await deliver(body);
    expect((eventOf('stop') as {isFailureOfRunner?: boolean}).isFailureOfRunner).toBe(expected);
  });

  test('with the time at which it was received, and without a registration id before a runner has the job', async () => {
    const body = workflowJob('queued');
    Object.assign(body['workflow_job'] as object, {runner_id: 4711, runner_name: 'slipway-arm-1-1'});
    const before = Date.now();
    await deliver(body);
    const {receivedAt, ...event} = eventOf('provision') as {receivedAt: number; runnerId: unknown};
    expect(receivedAt).toBeGreaterThanOrEqual(before);
    expect(receivedAt).toBeLessThanOrEqual(Date.now());
    expect(event.runnerId).toBeNull();
  });

  test('once for a redelivery, which keeps its GUID, and both are answered 202', async () => {
    const body = workflowJob('queued');
    expect((await deliver(body)).status).toBe(202);
    expect((await deliver(body)).status).toBe(202);
    expect(pending('provision')).toHaveLength(1);
  });

  test('for `queued` again after `waiting`, with the same body and another GUID', async () => {
    await deliver(workflowJob('queued'), {delivery: 'guid-1'});
    await deliver(workflowJob('queued'), {delivery: 'guid-2'});
    expect(pending('provision')).toHaveLength(2);
  });

  test('by the status in the body, which takes precedence over the action', async () => {
    await deliver(workflowJob('queued', {status: 'waiting'}));
    expect(JSON.parse(pending('provision')[0]?.payload.body.toString() ?? '{}')).toMatchObject({
      event: {status: 'waiting'},
    });
  });

  test.each(['pending', 'requested'])('of a job that waits, when its status is %s', async (status) => {
    expect((await deliver(workflowJob('queued', {status}))).status).toBe(202);
    expect(told()).toMatchObject({status: 'waiting'});
  });

  test('although minor fields are malformed', async () => {
    const body = workflowJob('queued');
    Object.assign(body['workflow_job'] as object, {created_at: 'yesterday', started_at: 7, html_url: {}});
    Object.assign(body['repository'] as object, {visibility: 3});
    expect((await deliver({...body, installation: 'none'})).status).toBe(202);
    expect(told()).toMatchObject({status: 'queued', url: null, installationId: null, createdAt: expect.any(Number)});
  });

  test('with the time since which the job waits for a runner, which is the time of its approval', async () => {
    const body = workflowJob('queued');
    Object.assign(body['workflow_job'] as object, {
      created_at: '2026-11-01T00:00:00Z',
      started_at: '2026-11-20T00:00:00Z',
    });
    await deliver(body);
    expect(told()).toMatchObject({createdAt: Date.parse('2026-11-20T00:00:00Z')});
  });

  test('when the body is form-encoded', async () => {
    const form = new URLSearchParams({payload: JSON.stringify(workflowJob('queued'))}).toString();
    const answer = await deliver(form, {contentType: 'application/x-www-form-urlencoded'});
    expect(answer.status).toBe(202);
  });

  test.each([
    ['without a content type', {contentType: null}],
    ['as application/vnd.github+json', {contentType: 'application/vnd.github+json'}],
    ['at any path', {path: 'some/path?x=1'}],
    ['signed with the second of two secrets', {secret: 'the-next-secret'}],
  ])('when it comes %s', async (_, sent) => {
    expect((await deliver(workflowJob('queued'), sent)).status).toBe(202);
  });

  test('when the payload is 2 MB large', async () => {
    const answer = await deliver({...workflowJob('queued'), padding: 'x'.repeat(2_000_000)});
    expect(answer.status).toBe(202);
  });

  test('for a completed job that no pool matches, when one of our runners ran it', async () => {
    const foreign = workflowJob('completed', {labels: ['removed'], runnerName: 'slipway-old-7001-1'});
    expect((await deliver(foreign)).json()).toMatchObject({status: 'accepted', pool: 'old'});
    expect(pending('stop')).toHaveLength(1);
  });

  test('and passes the trace on', async () => {
    const traceparent = '00-105445aa7843bc8bf206b12000100000-00f067aa0ba902b7-01';
    const raw = JSON.stringify(workflowJob('queued'));
    await fetch(webhook.url, {
      method: 'POST',
      headers: {
        'content-type': 'application/json',
        'x-github-event': 'workflow_job',
        'x-hub-signature-256': sign(raw, SECRET),
        traceparent,
      },
      body: raw,
    });
    expect(pending('provision')[0]?.payload.headers).toMatchObject({traceparent});
    expect(lines.at(-1)).toContain('projects/p/traces/105445aa7843bc8bf206b12000100000');
  });
});

test('a repository counts as public if neither `visibility` nor `private` can be read', async () => {
  const body = workflowJob('queued');
  Object.assign(body['repository'] as object, {visibility: 3, private: 'no'});
  expect(await deliver(body)).toMatchObject({status: 200, text: expect.stringContaining('ignored')});
  expect(pending('provision')).toHaveLength(0);
});

/** The event in the task that was created last. */
const told = () => JSON.parse(pending('provision').at(-1)?.payload.body.toString() ?? '{}').event;

describe('webhook ignores, with 200 and the reason,', () => {
  test.each([
    ['another event', {event: 'push'}, workflowJob('queued'), 'event'],
    ['another action', {}, {...workflowJob('queued'), action: 'requested'}, 'action'],
    ['labels that no pool takes', {}, workflowJob('queued', {labels: ['ubuntu-latest']}), 'no_matching_pool'],
    ['a job without labels', {}, workflowJob('queued', {labels: []}), 'no_labels'],
    ['another repository', {}, workflowJob('queued', {repository: 'evil/app'}), 'no_matching_pool'],
    ['a public repository', {}, workflowJob('queued', {public: true}), 'public_repository'],
  ])('%s', async (_, sent, body, reason) => {
    const answer = await deliver(body, sent);
    expect(answer.status).toBe(200);
    expect(answer.json()).toEqual({status: 'ignored', reason});
    expect(tasks.requests).toHaveLength(0);
  });

  test.each(allExamples().map((example, i) => [i, example] as const))(
    'jobs of other repositories, from examples that GitHub published (%i)',
    async (_, example) => {
      expect((await deliver(example)).json()).toMatchObject({status: 'ignored', reason: 'no_matching_pool'});
    },
  );

  test.each([
    ['at INFO where the job asks for a label of a pool', ['self-hosted'], 'INFO', 'arm requires linux'],
    ['at DEBUG where it does not', ['ubuntu-latest'], 'DEBUG', 'arm requires self-hosted'],
  ])('saying in its log which job and why, %s', async (_, labels, severity, why) => {
    await deliver(workflowJob('queued', {id: 7001, labels}));
    expect(JSON.parse(lines.at(-1) ?? '{}')).toMatchObject({
      severity,
      message: expect.stringContaining(why),
      decision: 'ignored',
      reason: 'no_matching_pool',
      job: '7001-1',
      run: expect.any(Number),
      url: expect.stringContaining('/actions/runs/'),
      repository: 'acme/app',
      labels,
    });
  });
});

describe('webhook refuses', () => {
  const body = workflowJob('queued', {repository: 'acme/secret-project'});
  test.each([
    ['a body that nobody signed', null],
    ['a wrong signature', `sha256=${'0'.repeat(64)}`],
    ['a signature with another secret', sign(JSON.stringify(body), 'guess')],
    ['a signature of another length', 'sha256=00'],
    ['SHA-1', 'sha1=7e2d1c2a'],
  ])('%s with 401, and says nothing of it', async (_, signature) => {
    const answer = await deliver(body, {signature});
    expect(answer.status).toBe(401);
    expect(answer.text).not.toContain('acme');
    expect(lines.join()).not.toContain('acme');
    expect(tasks.requests).toHaveLength(0);
  });

  test.each([
    ['what is not JSON', 'hello', 'text/plain'],
    ['an array', '[]', 'application/json'],
    ['a form without payload', 'a=b', 'application/x-www-form-urlencoded'],
    ['missing fields', JSON.stringify({action: 'queued', repository: {full_name: 'acme/app'}}), 'application/json'],
    ['a job id that is no number', JSON.stringify({...body, workflow_job: {id: 'x'}}), 'application/json'],
  ])('%s with 400', async (_, raw, contentType) => {
    expect((await deliver(raw, {contentType})).status).toBe(400);
    expect(tasks.requests).toHaveLength(0);
  });

  test('a request without an event with 400', async () => {
    expect((await deliver(body, {event: null})).status).toBe(400);
  });

  test.each(['GET', 'PUT', 'DELETE'])('%s with 405 and what is allowed', async (method) => {
    const response = await fetch(webhook.url, {method});
    expect(response.status).toBe(405);
    expect(response.headers.get('allow')).toBe('POST');
  });

  test('more than 25 MB with 413', async () => {
    expect((await deliver('x'.repeat(25 * 1024 * 1024 + 1), {contentType: 'text/plain'})).status).toBe(413);
  });
});

test('webhook answers a ping', async () => {
  const answer = await deliver({zen: 'Design for failure.', hook_id: 1}, {event: 'ping'});
  expect(answer).toMatchObject({status: 200});
  expect(answer.json()).toEqual({status: 'pong'});
});

test('webhook answers the health check, even with an invalid configuration', async () => {
  await webhook.close();
  webhook = await start({...env, RUNNER_CONFIG: 'pools: [{name: X}]'});
  const ping = await fetch(`${webhook.url}ping`);
  expect([ping.status, ping.headers.get('content-type'), await ping.text()]).toEqual([
    200,
    'text/plain; charset=utf-8',
    'pong',
  ]);
  const health = await fetch(`${webhook.url}health?x=1`);
  expect([health.status, await health.json()]).toEqual([200, {status: 'healthy', version}]);
  expect((await fetch(`${webhook.url}other`)).status).toBe(405);
  expect((await fetch(`${webhook.url}health`, {method: 'PUT'})).status).toBe(405);
});

describe('webhook answers 503', () => {
  test('if the task cannot be created in two tries; the redelivery with the same GUID is processed', async () => {
    tasks.fault({times: 2, respond: {status: 'UNAVAILABLE'}});
    expect((await deliver(workflowJob('queued'))).status).toBe(503);
    expect(tasks.requests).toHaveLength(2);
    expect((await deliver(workflowJob('queued'))).status).toBe(202);
    expect(pending('provision')).toHaveLength(1);
  });

  test('with an invalid configuration, and logs all its errors without a secret', async () => {
    await webhook.close();
    webhook = await start({...env, RUNNER_CONFIG: 'pools: [{name: X}]', PROVISION_QUEUE: 'nowhere', STOP_URL: ''});
    expect((await deliver(workflowJob('queued'))).status).toBe(503);
    const log = lines.join();
    for (const path of ['RUNNER_CONFIG', 'PROVISION_QUEUE', 'STOP_URL']) expect(log).toContain(path);
    expect(log).not.toContain(SECRET);
  });
});

test('if the answer of a create is lost, the second try finds the created task', async () => {
  tasks.fault({times: 1, respond: 'lost'});
  expect((await deliver(workflowJob('queued'))).status).toBe(202);
  expect(pending('provision')).toHaveLength(1);
});
