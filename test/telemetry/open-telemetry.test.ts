import {InMemorySpanExporter} from '@opentelemetry/sdk-trace';
import {Unavailable} from '../../shared/errors';
import {createLogger} from '../../shared/telemetry/create-logger';
import {createOpenTelemetryTracer} from '../../shared/telemetry/open-telemetry';
import {contentOf} from '../builders/spans';
import {VirtualScheduler} from '../emulators/scheduler';
import {SeededRandom} from '../emulators/seeded-random';

const TOKEN = `ghs_${'a1B2'.repeat(9)}`;

function aTracer(seed = 1) {
  const clock = new VirtualScheduler();
  const exporter = new InMemorySpanExporter();
  const tracer = createOpenTelemetryTracer({
    service: 'provision',
    deployment: 'slipway',
    exporter,
    timers: clock,
    clock,
    random: new SeededRandom(seed),
    logger: createLogger({level: 'error', destination: {write: () => undefined}}),
  });
  const execution = (name: string) => ({name, parent: undefined, fields: {}});
  return {tracer, exporter, execution};
}

test('a token in a field or in an error’s message does not leave the process', async () => {
  const {tracer, exporter, execution} = aTracer();
  const failing = tracer.inExecution(execution('provision'), () =>
    tracer.inSpan('github.getRunner', {scope: `acme/${TOKEN}`}, async (span) => {
      span.set({decision: `Bearer ${TOKEN}`});
      throw new Unavailable(`GitHub refused ${TOKEN}`, 5);
    }),
  );
  await expect(failing).rejects.toThrow('GitHub refused');
  const spans = exporter.getFinishedSpans();
  expect(spans.map(({name}) => name)).toEqual(['github.getRunner', 'provision']);
  for (const span of spans) expect(contentOf(span)).not.toContain(TOKEN);
  expect(spans[0]?.events[0]?.attributes).toEqual({
    'exception.type': 'unavailable',
    'exception.message': 'GitHub refused ***',
  });
});

test('concurrent executions keep their spans apart', async () => {
  const {tracer, exporter, execution} = aTracer();
  const answers = ['one', 'two', 'three'].map((name) =>
    tracer.inExecution(execution(name), async () => {
      await Promise.resolve();
      await tracer.inSpan(`${name}.call`, {}, async () => Promise.resolve());
      return tracer.activeSpan()?.traceId;
    }),
  );
  const traces = await Promise.all(answers);
  expect(new Set(traces).size).toBe(3);
  for (const [index, name] of ['one', 'two', 'three'].entries()) {
    const call = exporter.getFinishedSpans().find((span) => span.name === `${name}.call`);
    expect(call?.spanContext().traceId).toBe(traces[index]);
  }
});

test('outside of an execution nothing is recorded', async () => {
  const {tracer, exporter, execution} = aTracer();
  expect(await tracer.inSpan('store.get', {}, async () => 'done')).toBe('done');
  expect(tracer.activeSpan()).toBeUndefined();
  await tracer.inExecution(execution('stop'), async () => undefined);
  expect(exporter.getFinishedSpans().map(({name}) => name)).toEqual(['stop']);
});

test('a seed reproduces the ids', async () => {
  const idOf = async (seed: number) => {
    const {tracer, execution} = aTracer(seed);
    return tracer.inExecution(execution('stop'), async () => tracer.activeSpan()?.traceparent);
  };
  expect(await idOf(7)).toBe(await idOf(7));
  expect(await idOf(7)).not.toBe(await idOf(8));
});
