import {createRequest} from '../../contracts/provider';
import type {RunFault} from '../../emulators/run/api';
import {executionPath} from '../../emulators/run/resources';
import {NAME, openCloudRun, REGION} from './world';

type World = Awaited<ReturnType<typeof openCloudRun>>;

let opened: World | undefined;

async function open(...given: Parameters<typeof openCloudRun>): Promise<World> {
  opened = await openCloudRun(...given);
  return opened;
}

afterEach(() => opened?.close());

const PLACE = {place: REGION, spot: false};
const isRun = ({path}: {readonly path: string}) => path.endsWith(':run');

describe('an execution', () => {
  test('gets what the runner needs beside the variables of its job, and the pool’s minutes as its time-out', async () => {
    const job = {env: {JAVA_HOME: '/opt/java', TEAM: 'of the job'}, args: ['./default.sh']};
    const {provider, world} = await open({job, settings: {env: {TEAM: 'ci'}}});
    await provider.create(createRequest());
    const [execution] = world.executions();
    expect(execution?.env).toEqual({
      JAVA_HOME: '/opt/java',
      TEAM: 'ci',
      SLIPWAY_DEPLOYMENT: 'slipway',
      SLIPWAY_RUNNER: NAME,
      SLIPWAY_POOL: 'arm',
      SLIPWAY_JOB: '7-1',
      ACTIONS_RUNNER_INPUT_JITCONFIG: 'jit-config',
      ACTIONS_RUNNER_RETURN_VERSION_DEPRECATED_EXIT_CODE: '1',
    });
    expect(execution).toMatchObject({args: ['./default.sh'], timeoutSeconds: (5 + 10 + 120 + 10) * 60});
  });

  test('gets the arguments of the pool, with what their placeholders stand for', async () => {
    const settings = {
      args: ['./run.sh', '--name={runner_name}'],
      env: {OF: '{scope_name} {repo_name} {labels} {hostname}'},
    };
    const {provider, world} = await open({settings});
    await provider.create(createRequest());
    const [execution] = world.executions();
    expect(execution?.args).toEqual(['./run.sh', `--name=${NAME}`]);
    expect(execution?.env['OF']).toBe('acme/app app self-hosted,arm64 ');
  });

  test('keeps Slipway’s own variables, whatever the pool says', async () => {
    const {provider, world} = await open({settings: {env: {SLIPWAY_RUNNER: 'another'}}});
    await provider.create(createRequest());
    expect(world.executions()[0]?.env['SLIPWAY_RUNNER']).toBe(NAME);
  });

  test('is known by the full name that Cloud Run gave it, before it has started', async () => {
    const {provider, world} = await open();
    const outcome = await provider.create(createRequest());
    const [execution] = world.executions();
    expect(outcome).toEqual({kind: 'created', placement: PLACE, id: execution && executionPath(execution)});
    expect(await provider.find({name: NAME})).toMatchObject({status: 'starting'});
  });

  test('tells its size before it is started, for the costs', async () => {
    const {provider} = await open({job: {cpu: '4', memory: '512Mi'}});
    const told: unknown[] = [];
    const beforeInsert = async (...insert: unknown[]) => void told.push(insert);
    await provider.create(createRequest({beforeInsert}));
    expect(told).toEqual([[PLACE, 'cloud-run-4-0.5']]);
  });
});

/** Google's error bodies. @see https://cloud.google.com/apis/design/errors#http_mapping */
const said = (status: number, reason: string, message: string, info?: string): RunFault => ({
  ...{status, reason, message},
  ...(info ? {info} : {}),
});
const PER_MINUTE = "Quota exceeded for quota metric 'Write requests' and limit 'Write requests per minute per region'.";

describe('when Cloud Run refuses to start it', () => {
  test.each<[string, RunFault, object]>([
    [
      'for a quota of executions',
      said(429, 'RESOURCE_EXHAUSTED', 'Quota exceeded for total running executions.'),
      {kind: 'quota', quotaScope: REGION},
    ],
    [
      'for a quota that is worded as a precondition',
      said(400, 'FAILED_PRECONDITION', 'Quota violated: CpuAllocPerProjectRegion.'),
      {kind: 'quota', quotaScope: REGION},
    ],
    ['for its rate of requests', said(429, 'RESOURCE_EXHAUSTED', PER_MINUTE), {kind: 'rate_limited'}],
    [
      'for its rate of requests, in the details alone',
      said(429, 'RESOURCE_EXHAUSTED', 'Resource exhausted.', 'RATE_LIMIT_EXCEEDED'),
      {kind: 'rate_limited'},
    ],
    ['because another change is under way', said(409, 'ABORTED', 'Conflict.'), {kind: 'rate_limited'}],
    [
      'for lack of permission',
      said(403, 'PERMISSION_DENIED', "Permission 'run.jobs.runWithOverrides' denied."),
      {kind: 'refused'},
    ],
    ['because the job is gone', said(404, 'NOT_FOUND', 'Resource was not found.'), {kind: 'refused'}],
    ['because the request is wrong', said(400, 'INVALID_ARGUMENT', 'Bad.'), {kind: 'refused'}],
    ['with 503', said(503, 'UNAVAILABLE', 'Try again.'), {kind: 'uncertain', placement: PLACE}],
    ['with 500', said(500, 'INTERNAL', 'Internal error.'), {kind: 'uncertain', placement: PLACE}],
    ['with a 404 of a proxy', {status: 404, sender: 'proxy'}, {kind: 'uncertain', placement: PLACE}],
    ['with a 429 of a proxy', {status: 429, sender: 'proxy'}, {kind: 'rate_limited'}],
    ['by closing the connection', 'reset', {kind: 'uncertain', placement: PLACE}],
  ])('%s, the outcome says so, and it is asked once', async (_, fault, outcome) => {
    const {provider, server, world} = await open();
    server.fault({match: isRun, respond: fault});
    expect(await provider.create(createRequest())).toMatchObject(outcome);
    expect(server.requests.filter(isRun)).toHaveLength(1);
    expect(world.executions()).toEqual([]);
  });

  test('no message contains the JIT config, also where the answer quotes the request', async () => {
    const {provider, server} = await open({settings: {env: {TOKEN: 'a-long-token-of-the-pool'}}});
    const quoted = 'Invalid value: {"env": [{"value": "jit-config"}, {"value": "a-long-token-of-the-pool"}]}';
    server.fault({match: isRun, respond: said(400, 'INVALID_ARGUMENT', quoted)});
    const outcome = await provider.create(createRequest());
    expect(JSON.stringify(outcome)).not.toMatch(/jit-config|a-long-token/);
  });
});

describe('when the answer is lost', () => {
  test('the execution that was started is found, and no other one is', async () => {
    const {provider, server, world} = await open();
    server.fault({match: isRun, respond: 'lost'});
    const outcome = await provider.create(createRequest());
    const [execution, ...others] = world.executions();
    expect(outcome).toEqual({kind: 'created', placement: PLACE, id: execution && executionPath(execution)});
    expect(others).toEqual([]);
  });

  test('and the executions cannot be listed, the outcome is uncertain, and it is found later', async () => {
    const {provider, server, world} = await open();
    server.fault({match: isRun, respond: 'lost'});
    server.fault({match: ({path}) => path.endsWith('/executions'), respond: 'reset'});
    expect(await provider.create(createRequest())).toMatchObject({kind: 'uncertain', placement: PLACE});
    const [execution] = world.executions();
    expect(await provider.find({name: NAME, pool: 'arm', place: REGION})).toMatchObject({
      id: execution && executionPath(execution),
    });
  });

  test("another deployment's execution of the same name is not taken for it", async () => {
    const {provider, server, world, job} = await open();
    world.add(job, {SLIPWAY_DEPLOYMENT: 'another', SLIPWAY_RUNNER: NAME}, true);
    server.fault({match: isRun, respond: 'reset'});
    expect(await provider.create(createRequest())).toMatchObject({kind: 'uncertain'});
  });
});

describe('when the job cannot be read', () => {
  const isGetJob = ({method, path}: {readonly method: string; readonly path: string}) =>
    method === 'GET' && /\/jobs\/[^/]+$/.test(path);

  test('because there is none, nothing is started and the message names it', async () => {
    const {provider} = await open({settings: {job: 'no-such-job'}});
    const tried: unknown[] = [];
    const outcome = await provider.create(createRequest({beforeInsert: async (one) => void tried.push(one)}));
    expect(outcome).toEqual({
      kind: 'refused',
      message:
        'found no Cloud Run job projects/world/locations/us-central1/jobs/no-such-job in us-central1; create it, or correct job and region of the pool',
    });
    expect(tried).toEqual([]);
  });

  test.each<[string, RunFault, object]>([
    ['for a moment', said(503, 'UNAVAILABLE', 'Try again.'), {kind: 'rate_limited', retryAfterSeconds: 10}],
    ['for lack of permission', said(403, 'PERMISSION_DENIED', 'Denied.'), {kind: 'refused'}],
  ])('%s, nothing is started', async (_, fault, outcome) => {
    const {provider, server, world} = await open();
    server.fault({match: isGetJob, respond: fault});
    expect(await provider.create(createRequest())).toMatchObject(outcome);
    expect(world.created).toBe(0);
  });

  test('it is read once for many executions', async () => {
    const {provider, server} = await open();
    for (const n of [1, 2, 3]) await provider.create(createRequest({name: `slipway-arm-7-${n}`}));
    expect(server.requests.filter(isGetJob)).toHaveLength(1);
  });
});
