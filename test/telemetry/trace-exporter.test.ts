import type {SpanExporter} from '@opentelemetry/sdk-trace';
import type {TracingOptions} from '../../shared/telemetry/create-tracer';
import {deliver} from '../builders/delivery';
import {aSystem, expectClean, type TestSystem} from '../builders/system';

jest.setTimeout(60_000);

let system: TestSystem;
afterEach(() => system.close());

async function exportingTo(exporter: Pick<SpanExporter, 'export'>, timers?: TracingOptions['timers']): Promise<void> {
  const whole = {...exporter, shutdown: async () => undefined};
  system = await aSystem({
    env: {TRACING: 'true'},
    tracing: {exporter: whole, ...(timers ? {timers} : {})},
  });
}

const warnings = () =>
  system.log
    .map((line) => JSON.parse(line) as Record<string, unknown>)
    .filter(({decision}) => decision === 'untraced')
    .map(({function: name, reason}) => `${name} ${reason}`);

async function expectJobRuns(): Promise<void> {
  const job = system.queueJob();
  await system.finish();
  expect(job.conclusion).toBe('success');
  // Nothing was retried.
  expect(system.compute.created).toHaveLength(1);
  const attempts = system.log.filter((line) => line.includes('will be tried again'));
  expect(attempts).toEqual([]);
  expectClean(system);
}

test.each<[string, SpanExporter['export']]>([
  ['says that it failed', (_, done) => done({code: 1, error: new Error('PERMISSION_DENIED')})],
  ['fails without a reason', (_, done) => done({code: 1})],
  [
    'throws',
    () => {
      throw new Error('no credentials');
    },
  ],
  ['rejects, as it may although its type says otherwise', async () => Promise.reject(new Error('no project'))],
])('an exporter that %s costs a warning, and the job runs', async (_, send) => {
  await exportingTo({export: send});
  await expectJobRuns();
  expect(new Set(warnings())).toEqual(new Set(['webhook exporter', 'provision exporter', 'stop exporter']));
});

test('an exporter that never answers delays the answer by at most 1.5 seconds, and the job runs', async () => {
  const waits: number[] = [];
  const timers = {
    now: () => 0,
    at(timeMs: number, action: () => void) {
      waits.push(timeMs);
      const due = setImmediate(action);
      return () => clearImmediate(due);
    },
  };
  const batches: number[] = [];
  await exportingTo({export: (spans) => void batches.push(spans.length)}, timers);
  await expectJobRuns();
  expect(new Set(waits)).toEqual(new Set([1_500]));
  expect(new Set(warnings())).toEqual(new Set(['webhook timeout', 'provision timeout', 'stop timeout']));
  // Spans that were not answered are not sent again: each execution sends its own spans only.
  expect(batches.length).toBe(waits.length);
});

test('the exporter receives the spans before the function answers', async () => {
  const order: string[] = [];
  await exportingTo({
    export(spans, done) {
      setImmediate(() => {
        order.push(`sent ${spans.at(-1)?.name}`);
        done({code: 0});
      });
    },
  });
  const {status} = await deliver(system);
  order.push(`answered ${status}`);
  expect(order).toEqual(['sent webhook', 'answered 202']);
});
