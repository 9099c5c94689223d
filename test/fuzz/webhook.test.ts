import fc from 'fast-check';
import {createWebhook} from '../../functions/webhook/index';
import {parseTask, type QueueName} from '../../shared/model/task-payload';
import {functionOf, type NewTask} from '../../shared/model/tasks';
import {createLogger} from '../../shared/telemetry/create-logger';
import {allExamples, sign, workflowJob} from '../builders/webhook';
import {appKey} from '../emulators/github/app-key';
import {callFunction} from '../simulation/call-function';
import {drawScenario} from '../simulation/draw-scenario';
import {environmentOf, WEBHOOK_SECRET} from '../simulation/environment';
import {mutatedJson} from './mutated-json';
import {holdsFor} from './property';

const RUNS = 5_000;
let accepted = 0;
const ACTIONS = ['queued', 'waiting', 'in_progress', 'completed'];

const {setting} = drawScenario(1, {days: 0.1});
const tasks: NewTask[] = [];
const log: string[] = [];
const rejections: unknown[] = [];
const noteRejection = (reason: unknown) => rejections.push(reason);
const webhook = createWebhook({
  env: environmentOf(setting, {id: 1, privateKeyPem: appKey().privateKeyPem}),
  clock: {now: () => Date.parse('2026-11-01T12:00:00Z'), sleep: async () => undefined},
  logger: createLogger({level: 'debug', destination: {write: (line) => log.push(line)}}),
  tasks: {
    enqueue: async (task) => {
      tasks.push(task);
      return 'created';
    },
    check: async () => undefined,
  },
});

beforeAll(() => process.on('unhandledRejection', noteRejection));
afterAll(() => process.off('unhandledRejection', noteRejection));
beforeEach(() => {
  tasks.length = 0;
  log.length = 0;
});

const header = fc.oneof(
  fc.string({maxLength: 40}),
  fc.constantFrom('', 'workflow_job', 'ping', 'push', 'application/json', 'application/x-www-form-urlencoded', '*/*'),
);
const headers = fc.dictionary(
  fc.constantFrom(
    'content-type',
    'x-github-event',
    'x-github-delivery',
    'traceparent',
    'x-cloud-trace-context',
    'accept',
  ),
  header,
);
const bodies = fc.oneof(
  fc
    .constantFrom(...allExamples(), ...ACTIONS.map((action) => workflowJob(action)))
    .chain(mutatedJson)
    .map((value) => JSON.stringify(value) ?? ''),
  fc.json(),
  fc.string({unit: 'binary'}),
  fc.webQueryParameters().map((query) => `payload=${query}`),
);

test('a signed body, whatever is in it, is answered and never a 5xx; its task is one that the functions read', async () => {
  await holdsFor(RUNS, fc.tuple(bodies, headers), async ([text, given]) => {
    tasks.length = 0;
    const body = Buffer.from(text);
    const base = {'x-github-event': 'workflow_job', 'content-type': 'application/json', ...given};
    const answer = await callFunction(webhook, {
      body,
      headers: {...base, 'x-hub-signature-256': sign(body, WEBHOOK_SECRET)},
    });
    expect([200, 202, 400, 401]).toContain(answer.status);
    expect(tasks).toHaveLength(answer.status === 202 ? 1 : 0);
    accepted += tasks.length;
    for (const task of tasks) {
      expect(task.name).toMatch(/^[A-Za-z0-9_-]{1,500}$/);
      expect(parseTask(functionOf(task) as QueueName, Buffer.from(JSON.stringify(task.body)))).toEqual(task.body);
    }
  });
  expect(rejections).toEqual([]);
  // Both outcomes have to occur for this to mean anything.
  expect(accepted).toBeGreaterThan(100);
  expect(log.join()).not.toContain(WEBHOOK_SECRET);
}, 60_000);

test('a body without a valid signature makes no task and is answered with 401', async () => {
  const signatures = fc.oneof(
    fc.string({maxLength: 80}),
    fc.stringMatching(/^sha256=[0-9a-f]{64}$/),
    fc.stringMatching(/^sha1=[0-9a-f]{40}$/),
    fc.constant('sha256='),
  );
  await holdsFor(
    RUNS,
    fc.tuple(bodies, headers, fc.option(signatures, {nil: undefined})),
    async ([text, given, signature]) => {
      const answer = await callFunction(webhook, {
        body: Buffer.from(text),
        headers: {
          'x-github-event': 'workflow_job',
          ...given,
          ...(signature === undefined ? {} : {'x-hub-signature-256': signature}),
        },
      });
      expect(answer.status).toBe(401);
      expect(tasks).toEqual([]);
    },
  );
  expect(rejections).toEqual([]);
}, 60_000);

test('a body that was changed after it was signed makes no task', async () => {
  const signed = JSON.stringify(workflowJob('queued'));
  const signature = sign(signed, WEBHOOK_SECRET);
  const changes = fc.tuple(fc.nat({max: signed.length - 1}), fc.string({minLength: 1, maxLength: 1}));
  await holdsFor(500, changes, async ([at, character]) => {
    fc.pre(signed[at] !== character);
    const body = Buffer.from(signed.slice(0, at) + character + signed.slice(at + 1));
    const sent = {'x-github-event': 'workflow_job', 'x-hub-signature-256': signature};
    expect((await callFunction(webhook, {body, headers: sent})).status).toBe(401);
    expect(tasks).toEqual([]);
  });
}, 60_000);
