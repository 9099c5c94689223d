import {mkdtempSync, rmSync, writeFileSync} from 'node:fs';
import {request} from 'node:http';
import {tmpdir} from 'node:os';
import {join} from 'node:path';
import {createWebhook} from '../../functions/webhook/index';
import type {Environment} from '../../shared/config/variables';
import type {NewTask} from '../../shared/model/tasks';
import {createLogger} from '../../shared/telemetry/create-logger';
import {holdTimeouts, pass, releaseTimeouts} from '../builders/held-timeouts';
import {sign, workflowJob} from '../builders/webhook';
import {VirtualScheduler} from '../emulators/scheduler';
import {SecretManagerServer} from '../emulators/secret-manager/server';
import {type Served, serve} from '../emulators/serve';

const SECRET = "It's a Secret to Everybody";
const ENV: Environment = {
  RUNNER_CONFIG:
    'pools: [{name: arm, repos: ["acme/*"], requires: [self-hosted, linux], provider: {type: gce, template: runner, zones: [us-central1-a]}}]',
  GITHUB_WEBHOOK_SECRET: SECRET,
  PROVISION_QUEUE: 'projects/p/locations/l/queues/provision',
  STOP_QUEUE: 'projects/p/locations/l/queues/stop',
  PROVISION_URL: 'https://provision.example',
  STOP_URL: 'https://stop.example',
  TASKS_SERVICE_ACCOUNT: 'tasks@p.iam.gserviceaccount.com',
  GOOGLE_CLOUD_PROJECT: 'p',
};

let webhook: Served;
let tasks: NewTask[];
let lines: string[];
const clock = new VirtualScheduler();

async function start(env: Environment = {}): Promise<void> {
  tasks = [];
  lines = [];
  webhook = await serve(
    createWebhook({
      env: {...ENV, ...env},
      clock,
      logger: createLogger({level: 'debug', destination: {write: (line) => lines.push(line)}}),
      tasks: {
        enqueue: async (task) => {
          tasks.push(task);
          return 'created';
        },
        check: async () => undefined,
      },
    }),
  );
}

afterEach(async () => {
  releaseTimeouts();
  await webhook.close();
});

async function post(body: Buffer | string, headers: Record<string, string> = {}, secret = SECRET) {
  const bytes = Buffer.from(body);
  const response = await fetch(webhook.url, {
    method: 'POST',
    headers: {'x-github-event': 'workflow_job', 'x-hub-signature-256': sign(bytes, secret), ...headers},
    body: bytes,
  });
  return {status: response.status, text: await response.text()};
}

describe('the signed bytes of a delivery decide what the delivery is', () => {
  const JSON_BODY = JSON.stringify(workflowJob('queued', {id: 7001}));
  const FORM_BODY = `payload=${encodeURIComponent(JSON_BODY)}`;
  const TYPES = [
    'application/json',
    'application/json; charset=utf-7',
    'application/json; charset=utf-16le',
    'application/x-www-form-urlencoded',
    'application/x-www-form-urlencoded; charset=utf-7',
    'application/cloudevents+json',
    'text/plain',
    'application/octet-stream',
    'multipart/form-data; boundary=x',
    'nonsense',
  ];

  beforeEach(() => start());

  test.each(TYPES)('JSON and a form are the same event, called %s', async (type) => {
    for (const body of [JSON_BODY, FORM_BODY]) {
      expect((await post(body, {'content-type': type})).status).toBe(202);
      expect(tasks.at(-1)?.body).toMatchObject({event: {jobId: 7001, status: 'queued', repository: 'acme/app'}});
    }
  });

  test('a captured delivery whose text contains a form cannot be replayed as a form with another event', async () => {
    const hidden = `&payload=${encodeURIComponent(JSON.stringify(workflowJob('queued', {id: 666})))}`;
    const captured = JSON.stringify({...workflowJob('queued', {id: 7001}), hidden});
    for (const type of TYPES) await post(captured, {'content-type': type});
    expect(tasks).toHaveLength(TYPES.length);
    for (const {body} of tasks) expect(body).toMatchObject({event: {jobId: 7001}});
  });

  test.each([
    ['that begins with a space', ` ${JSON_BODY}`],
    ['with a byte order mark', `\uFEFF${JSON_BODY}`],
    ['of a form whose payload comes second', `a=b&${FORM_BODY}`],
    ['in UTF-16', Buffer.from(JSON_BODY, 'utf16le')],
    ['that is no UTF-8', Buffer.concat([Buffer.from('{"a":"'), Buffer.from([0xff]), Buffer.alloc(2_000_000, 'x')])],
    ['that is a list', '[]'],
  ])('a body %s is 400 or 401', async (_, body) => {
    expect([400, 401]).toContain((await post(body, {'content-type': 'application/json'})).status);
    expect(tasks).toEqual([]);
  });
});

describe('a request without a valid signature', () => {
  beforeEach(() => start());

  test.each([
    ['malformed JSON', '{"hush-hush": ', {'content-type': 'application/json'}],
    ['a malformed event', '{"hush-hush": ', {'content-type': 'application/cloudevents+json'}],
    ['a character set that is unknown', 'hush-hush', {'content-type': 'text/plain; charset=hush'}],
    ['a form that is too deep', 'hush-hush[a]'.repeat(50), {'content-type': 'application/x-www-form-urlencoded'}],
  ])('is nowhere in the log or the answer: %s', async (_, body, headers) => {
    const printed: unknown[] = [];
    for (const method of ['error', 'log', 'warn'] as const) {
      jest.spyOn(console, method).mockImplementation((...args) => void printed.push(args));
    }
    const answer = await post(body, headers, 'a-guess');
    jest.restoreAllMocks();
    expect(answer.status).toBe(401);
    expect(answer.text + lines.join() + JSON.stringify(printed)).not.toContain('hush');
    expect(JSON.parse(answer.text)).toEqual({error: 'the signature is wrong'});
  });

  test('is not in the log, nor are its headers', async () => {
    const long = `hush-hush ${'x'.repeat(200)}`;
    await post('{}', {'x-github-delivery': long, 'x-github-event': long});
    expect(lines).toHaveLength(1);
    expect(lines.join()).not.toContain('hush');
  });

  test.each(['gzip', 'br', 'deflate', 'zstd', 'x', 'identity, gzip'])(
    'that is encoded as %s is 415',
    async (encoding) => {
      expect((await post('{}', {'content-encoding': encoding})).status).toBe(415);
      expect((await post('{}', {'content-encoding': encoding, 'x-hub-signature-256': ''})).status).toBe(415);
    },
  );

  test('a path that cannot be decoded is answered like any other path', async () => {
    const body = JSON.stringify(workflowJob('queued'));
    const sent = {
      method: 'POST',
      headers: {'x-github-event': 'workflow_job', 'x-hub-signature-256': sign(body, SECRET)},
    };
    expect((await fetch(`${webhook.url}%ff`, {...sent, body})).status).toBe(202);
    expect((await fetch(`${webhook.url}%ff`, {method: 'POST', body})).status).toBe(401);
  });
});

describe('a sender that is slow', () => {
  const sending = (headers: Record<string, string>) =>
    request(webhook.url, {
      method: 'POST',
      headers: {'x-github-event': 'workflow_job', 'x-hub-signature-256': `sha256=${'0'.repeat(64)}`, ...headers},
    });

  test.each<[string, Record<string, string>]>([
    ['with a length', {'content-length': '1000'}],
    ['without a length', {'transfer-encoding': 'chunked'}],
  ])('is cut off after 15 s (%s)', async (_, headers) => {
    await start();
    holdTimeouts();
    const slow = sending(headers);
    const answered = new Promise<number>((resolve) => {
      slow.on('response', (response) => {
        response.resume();
        resolve(response.statusCode ?? 0);
      });
    });
    const closed = new Promise((resolve) => slow.on('close', resolve));
    slow.on('error', () => undefined).write('{"a":');
    // The function sets its time-out as soon as it reads the body.
    await pass(15_000, () => jest.getTimerCount() > 0);
    expect(await answered).toBe(408);
    await closed;
    expect(lines.at(-1)).toContain('the body took longer than 15 s');
    expect(tasks).toEqual([]);
  });

  test('and holds all the memory for bodies does not keep out small deliveries', async () => {
    await start();
    holdTimeouts();
    const size = 25 * 1024 * 1024;
    const answers: number[] = [];
    const slow = Array.from({length: 5}, () => {
      const each = sending({'content-length': String(size)});
      each.on('error', () => undefined).on('response', ({statusCode = 0}) => answers.push(statusCode));
      each.write(Buffer.alloc(size - 1));
      return each;
    });
    // The fifth body is refused, because the other four hold all memory for bodies.
    while (answers.length === 0) await new Promise((resolve) => setImmediate(resolve));
    expect(answers).toEqual([503]);
    const text = 'x'.repeat(40_000);
    expect((await post(JSON.stringify({...workflowJob('queued'), text}))).status).toBe(202);
    for (const each of slow) each.destroy();
    while (jest.getTimerCount() > 0) await new Promise((resolve) => setImmediate(resolve));
  });

  test('and closes the connection leaves no memory in use', async () => {
    await start();
    holdTimeouts();
    const slow = sending({'content-length': '1000'});
    slow.on('error', () => undefined).write('{"a":');
    await pass(0, () => jest.getTimerCount() > 0);
    slow.destroy();
    while (lines.length === 0) await new Promise((resolve) => setImmediate(resolve));
    expect(lines.at(-1)).toContain('the connection ended before the body');
    expect(jest.getTimerCount()).toBe(0);
  });
});

describe('the webhook’s secret is rotated as documented', () => {
  const body = JSON.stringify(workflowJob('queued'));
  const statuses = async (...secrets: string[]) => {
    const all = [];
    for (const secret of secrets) all.push((await post(body, {}, secret)).status);
    return all;
  };

  test('in a mounted file, `NEW,OLD` in one version, and no delivery is refused', async () => {
    const folder = mkdtempSync(join(tmpdir(), 'secrets-'));
    const file = join(folder, 'github-webhook-secret');
    writeFileSync(file, 'old\n');
    await start({GITHUB_WEBHOOK_SECRET: `file:${file}`});
    try {
      expect(await statuses('old', 'new')).toEqual([202, 401]);
      writeFileSync(file, 'new, old\n');
      clock.advance(10_000);
      expect(await statuses('new', 'old')).toEqual([202, 202]);
      writeFileSync(file, 'new\n');
      clock.advance(60_000);
      expect(await statuses('old', 'new')).toEqual([401, 202]);
    } finally {
      rmSync(folder, {recursive: true});
    }
  });

  test('in a version of a secret, read by name', async () => {
    const server = await SecretManagerServer.start();
    const name = 'projects/p/secrets/webhook';
    server.addVersion(name, 'old');
    await start({
      GITHUB_WEBHOOK_SECRET: `${name}/versions/latest`,
      SECRET_MANAGER_EMULATOR_HOST: `${server.host}:${server.port}`,
    });
    try {
      expect(await statuses('old', 'new')).toEqual([202, 401]);
      server.addVersion(name, 'new,old\n');
      clock.advance(10_000);
      expect(await statuses('new', 'old', 'new,old')).toEqual([202, 202, 401]);
    } finally {
      await server.close();
    }
  });

  test.each(['new,,old', 'new,', ',', ' , old'])(
    'and %j, which contains an empty secret, is refused: the former value stays',
    async (value) => {
      const folder = mkdtempSync(join(tmpdir(), 'secrets-'));
      const file = join(folder, 'github-webhook-secret');
      writeFileSync(file, 'old');
      await start({GITHUB_WEBHOOK_SECRET: `file:${file}`});
      try {
        expect(await statuses('old')).toEqual([202]);
        writeFileSync(file, value);
        clock.advance(60_000);
        expect(await statuses('old', '')).toEqual([202, 401]);
        expect(lines.join()).toContain('found an empty secret between commas');
      } finally {
        rmSync(folder, {recursive: true});
      }
    },
  );
});

describe('a megabyte where a name is expected', () => {
  const MB = 1024 * 1024;
  const WORST = [
    'a'.repeat(MB),
    'a-'.repeat(MB / 2),
    '-1'.repeat(MB / 2),
    `slipway-${'a-1'.repeat(MB / 3)}-1-1x`,
    `${'/'.repeat(MB)}\n`,
    `a/${'a*'.repeat(MB / 2)}`,
    ' '.repeat(MB),
    `${'_'.repeat(MB)}x`,
    'eyJaaaaaaaa-'.repeat(MB / 12),
  ];
  const FIELDS: readonly (readonly [string, (text: string) => object])[] = [
    ['the repository', (text) => workflowJob('completed', {repository: text})],
    ['the runner', (text) => workflowJob('completed', {runnerName: text})],
    ['a label', (text) => workflowJob('queued', {labels: ['self-hosted', 'linux', text]})],
    ['the action', (text) => ({...workflowJob('queued'), action: text})],
    ['the page', (text) => withJob({html_url: `https://github.com/${text}`})],
    ['a date', (text) => withJob({created_at: text})],
  ];

  function withJob(changes: object): object {
    const body = workflowJob('queued');
    return {...body, workflow_job: {...(body['workflow_job'] as object), ...changes}};
  }

  beforeEach(() => start());

  test.each(FIELDS)(
    'is %s: it is answered at once, and no task holds it',
    async (_, bodyOf) => {
      for (const text of WORST) {
        const before = process.cpuUsage();
        const answer = await post(JSON.stringify(bodyOf(text)));
        const {user, system} = process.cpuUsage(before);
        expect(answer.status).toBeLessThan(500);
        // A regular expression with quadratic time would take minutes.
        expect((user + system) / 1e6).toBeLessThan(3);
      }
      for (const task of tasks) expect(JSON.stringify(task).length).toBeLessThan(2_000);
      expect(lines.every((line) => line.length < 2_000)).toBe(true);
    },
    60_000,
  );

  test('a job that asks for 10,000 labels is ignored', async () => {
    const labels = Array.from({length: 10_000}, (_, i) => `label-${i}`);
    const answer = await post(JSON.stringify(workflowJob('queued', {labels})));
    expect(JSON.parse(answer.text)).toEqual({status: 'ignored', reason: 'labels'});
  });
});
