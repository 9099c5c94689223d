import {GoogleAuth, OAuth2Client} from 'google-auth-library';
import type {TracingOptions} from '../../shared/telemetry/create-tracer';
import {createOtlpExporter, type GoogleIdentity} from '../../shared/telemetry/otlp';
import {aSystem, expectClean, type TestSystem} from '../builders/system';
import {TelemetryApi, valuesOf} from '../emulators/telemetry';

jest.setTimeout(60_000);

const TOKEN = 'ya29.the-token-of-the-functions';
const PROJECT = 'acme-prod';

let api: TelemetryApi;
let system: TestSystem;
beforeEach(async () => {
  api = await TelemetryApi.start(TOKEN);
});
afterEach(async () => {
  await system.close();
  await api.close();
});

/** Google's own library with a token that it need not ask for. */
function identity(): GoogleIdentity {
  const authClient = new OAuth2Client();
  authClient.setCredentials({access_token: TOKEN, expiry_date: Number.MAX_SAFE_INTEGER});
  return new GoogleAuth({authClient, projectId: PROJECT});
}

async function traced(timers?: TracingOptions['timers']): Promise<void> {
  const {exporter} = createOtlpExporter({project: PROJECT, url: api.url, identity: identity()});
  const tracing = {exporter, ...(timers ? {timers} : {})};
  system = await aSystem({env: {TRACING: 'true', GOOGLE_CLOUD_PROJECT: PROJECT}, tracing});
}

/** The wait for the exporter is over once the endpoint has been asked. */
const impatient: TracingOptions['timers'] = {
  now: () => 0,
  at(_timeMs, action) {
    let isOver = false;
    void api.nextRequest().then(() => isOver || action());
    return () => {
      isOver = true;
    };
  },
};

const lines = () => system.log.map((line) => JSON.parse(line) as Record<string, unknown>);

async function runJob(): Promise<void> {
  const job = system.queueJob();
  await system.finish();
  expect(job.conclusion).toBe('success');
  expectClean(system);
}

test('a job’s spans reach Google’s endpoint as OTLP, with the identity, the quota’s project and the resource', async () => {
  await traced();
  await runJob();
  const names = api.spans.map(({name}) => name);
  expect(names).toEqual(
    expect.arrayContaining(['webhook', 'tasks.enqueue', 'provision', 'compute.insertInstance', 'stop']),
  );
  expect(new Set(api.headers.map((headers) => headers['x-goog-user-project']))).toEqual(new Set([PROJECT]));
  const services = new Set(api.spans.map(({resource}) => JSON.stringify(resource)));
  for (const service of ['webhook', 'provision', 'stop']) {
    const resource = {'service.name': service, 'service.namespace': 'slipway', 'gcp.project_id': PROJECT};
    expect([...services].map((text) => JSON.parse(text) as object)).toContainEqual(resource);
  }
  expect(lines().filter(({decision}) => decision === 'untraced')).toEqual([]);
});

test('parents, times and attributes arrive, and log lines name the trace and the span', async () => {
  await traced();
  await runJob();
  const insert = api.spans.find(({name}) => name === 'compute.insertInstance');
  const parent = api.spans.find(({spanId}) => spanId === insert?.parentSpanId);
  expect(parent).toMatchObject({name: 'provider.create', traceId: insert?.traceId});
  expect(valuesOf(insert?.attributes ?? [])).toMatchObject({'slipway.zone': expect.any(String)});
  expect(BigInt(insert?.endTimeUnixNano ?? 0)).toBeGreaterThanOrEqual(BigInt(insert?.startTimeUnixNano ?? 0));
  const created = lines().find(({decision}) => decision === 'created');
  expect(created?.['logging.googleapis.com/trace']).toBe(`projects/${PROJECT}/traces/${insert?.traceId}`);
  expect(api.spans.map(({spanId}) => spanId)).toContain(created?.['logging.googleapis.com/spanId']);
});

test.each([
  ['refuses the identity', 403],
  ['cuts each connection', undefined],
])('an endpoint that %s costs a warning, and the job runs', async (_, status) => {
  await traced(impatient);
  api.status = status;
  await runJob();
  expect(api.spans).toEqual([]);
  const untraced = lines().filter(({decision}) => decision === 'untraced');
  expect(new Set(untraced.map(({function: name}) => name))).toEqual(new Set(['webhook', 'provision', 'stop']));
  expect(JSON.stringify(lines())).not.toContain(TOKEN);
});

test('without a project in the configuration the metadata server’s is named', async () => {
  const {project} = createOtlpExporter({url: api.url, identity: identity()});
  expect(await project).toBe(PROJECT);
  system = await aSystem();
});
