import {deliver} from '../builders/delivery';
import {contentOf, Spans} from '../builders/spans';
import {aSystem, expectClean, MINUTE, type TestSystem} from '../builders/system';

const TRACE = '105445aa7843bc8bf206b12000100000';
const STOCK_OUT = {code: 'ZONE_RESOURCE_POOL_EXHAUSTED', message: 'The zone does not have enough resources available.'};

jest.setTimeout(60_000);

let system: TestSystem;
let spans: Spans;
beforeEach(() => {
  spans = new Spans();
});
afterEach(() => system.close());

async function traced(options: Parameters<typeof aSystem>[0] = {}): Promise<void> {
  system = await aSystem({env: {TRACING: 'true'}, tracing: {exporter: spans.exporter}, ...options});
}

const traceIds = () => new Set(spans.all().map((span) => span.spanContext().traceId));
const lines = () => system.log.map((line) => JSON.parse(line) as Record<string, unknown>);

describe('a queued job', () => {
  test('is one trace, from the webhook through the task to the insert', async () => {
    await traced();
    const job = system.queueJob();
    await system.pass(10_000);

    const webhook = spans.one('webhook');
    const insert = spans.one('compute.insertInstance');
    expect(traceIds().size).toBe(1);
    expect(webhook.parentSpanContext).toBeUndefined();
    expect(spans.path(insert)).toEqual([
      'webhook',
      'tasks.enqueue',
      'provision',
      'provider.create',
      'compute.insertInstance',
    ]);
    expect(spans.path(spans.one('github.createJitConfig'))).toEqual([
      'webhook',
      'tasks.enqueue',
      'provision',
      'github.createJitConfig',
    ]);
    const transactions = spans.named('store.transaction').map((span) => spans.path(span));
    expect(transactions.length).toBeGreaterThan(0);
    expect(new Set(transactions.map((path) => path[2]))).toEqual(new Set(['provision']));
    await system.finish();
    expect(job.conclusion).toBe('success');
    expectClean(system);
  });

  test('has spans with its job, pool, runner and zone, and the decisions', async () => {
    await traced();
    const job = system.queueJob();
    await system.pass(10_000);
    const [instance] = system.compute.created;
    const about = {'slipway.job': `${job.id}-1`, 'slipway.pool': 'arm'};
    const runner = {'slipway.runner': `slipway-arm-${job.id}-1`};

    expect(spans.one('webhook').attributes).toMatchObject({...about, 'slipway.repository': 'acme/app'});
    const provision = spans.one('provision');
    expect(provision.attributes).toMatchObject({...about, 'slipway.kind': 'event', 'slipway.attempt': 1});
    const said = lines().find((line) => String(line['message']).startsWith('provision: '));
    expect(said?.['decision']).toBe(provision.attributes['slipway.decision']);
    expect(spans.one('provider.create').attributes).toMatchObject({
      ...about,
      ...runner,
      'slipway.decision': 'created',
    });
    const zone = {'slipway.zone': instance?.zone};
    expect(spans.one('compute.insertInstance').attributes).toMatchObject({...about, ...runner, ...zone});
    expect(provision.resource.attributes).toEqual({
      'service.name': 'provision',
      'service.namespace': 'slipway',
      'gcp.project_id': 'world',
    });
    await system.finish();
  });

  test('has spans with the times of the clock port', async () => {
    await traced();
    const start = system.scheduler.now();
    system.queueJob();
    await system.pass(10_000);
    const ms = ([seconds, nanos]: readonly [number, number]) => seconds * 1000 + nanos / 1e6;
    for (const {startTime, endTime} of spans.all()) {
      expect(ms(startTime)).toBeGreaterThanOrEqual(start);
      expect(ms(endTime)).toBeGreaterThanOrEqual(ms(startTime));
      expect(ms(endTime)).toBeLessThanOrEqual(start + 10_000);
    }
    await system.finish();
  });

  test('has log lines with its trace and span', async () => {
    await traced();
    system.queueJob();
    await system.pass(10_000);
    for (const name of ['webhook', 'provision']) {
      const {traceId, spanId} = spans.one(name).spanContext();
      const said = lines().filter((line) => line['function'] === name && line['job'] !== undefined);
      expect(said.length).toBeGreaterThan(0);
      for (const line of said) {
        expect(line).toMatchObject({
          'logging.googleapis.com/trace': `projects/world/traces/${traceId}`,
          'logging.googleapis.com/spanId': spanId,
        });
      }
    }
    await system.finish();
  });

  test('whose delivery belongs to a trace continues that trace, sampled or not', async () => {
    await traced();
    const traceparent = `00-${TRACE}-00f067aa0ba902b7-00`;
    expect((await deliver(system, {headers: {traceparent}})).status).toBe(202);
    await system.pass(1_000);
    expect(traceIds()).toEqual(new Set([TRACE]));
    expect(spans.one('webhook').parentSpanContext?.spanId).toBe('00f067aa0ba902b7');
    expect(spans.path(spans.one('provision'))).toEqual(['webhook', 'tasks.enqueue', 'provision']);
  });
});

test('a task continues the trace of its cause', async () => {
  await traced();
  const job = system.queueJob();
  await system.pass(12_000);
  system.github.cancelJob(job.id);
  await system.finish();

  const checks = spans.named('stop').filter(({attributes}) => attributes['slipway.kind'] === 'idle');
  expect(checks.length).toBeGreaterThan(0);
  const cause = spans.one('webhook', {'slipway.status': 'completed'});
  for (const check of checks) {
    expect(check.spanContext().traceId).toBe(cause.spanContext().traceId);
    expect(spans.path(check).slice(0, 5)).toEqual(['webhook', 'tasks.enqueue', 'stop', 'tasks.enqueue', 'stop']);
  }
  expectClean(system);
});

test('no span contains a secret, in success and failure', async () => {
  await traced();
  system.compute.failLate({times: 1, error: STOCK_OUT});
  system.queueJob();
  await system.finish();

  const content = spans.all().map(contentOf).join('\n');
  const jitConfigs = system.compute.created.flatMap(({metadata}) =>
    metadata.filter(({key}) => key === 'slipway-jit-config').map(({value}) => value),
  );
  expect(jitConfigs.length).toBeGreaterThan(0);
  const secrets = [...jitConfigs, system.env['GITHUB_WEBHOOK_SECRET'], system.github.app.privateKeyPem.slice(40, 80)];
  for (const secret of secrets) expect(content).not.toContain(secret);
  expect(content).not.toMatch(/ghs_|Bearer|eyJ/);
});

test('a failed call is marked with its error, and so is the attempt that it ends', async () => {
  await traced();
  const match = {method: 'POST', path: /generate-jitconfig$/};
  system.github.fault({match, times: 4, respond: {status: 502, headers: {}, body: {}}});
  system.queueJob();
  await system.pass(1_000);
  const call = spans.named('github.createJitConfig')[0];
  expect(call?.status).toMatchObject({code: 2});
  expect(call?.events[0]).toMatchObject({name: 'exception', attributes: {'exception.type': 'uncertain'}});
  const attempt = spans.named('provision')[0];
  expect(attempt?.status.code).toBe(2);
  expect(attempt?.attributes).toMatchObject({'slipway.decision': 'retry'});
});

test('a request without the secret creates no span', async () => {
  await traced();
  expect((await deliver(system, {secret: 'another secret'})).status).toBe(401);
  expect((await fetch(system.urls.provision, {method: 'POST', body: '{}'})).status).toBe(401);
  expect(spans.all()).toEqual([]);
});

test('an operation of the control API is a trace that its tasks continue', async () => {
  await traced();
  const answer = await fetch(new URL('/api/v1/runners', system.urls.api), {
    method: 'POST',
    headers: {'x-runner-secret': system.env['RUNNER_MANAGER_SECRET'] ?? '', 'content-type': 'application/json'},
    body: JSON.stringify({pool: 'arm', repo: 'acme/app'}),
  });
  expect(answer.status).toBe(201);
  await system.pass(10_000);
  expect(spans.path(spans.one('compute.insertInstance')).slice(0, 3)).toEqual(['api', 'tasks.enqueue', 'provision']);
  await system.pass(30 * MINUTE);
});

test('without TRACING there is no span, and no trace in the tasks', async () => {
  await traced({env: {}});
  system.queueJob();
  await system.finish();
  expect(spans.all()).toEqual([]);
  expect(lines().filter((line) => 'logging.googleapis.com/trace' in line)).toEqual([]);
  expectClean(system);
});
