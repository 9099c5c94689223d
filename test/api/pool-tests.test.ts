import {aSystem, MINUTE, POOLS, type TestSystem} from '../builders/system';
import {QUEUES} from '../emulators/system';
import {ApiClient, problemOf} from './client';

jest.setTimeout(60_000);

const MORE_POOLS = `${POOLS}
  - name: one
    repo: acme/app
    requires: [self-hosted, one]
    offers: [self-hosted, one, "run-*"]
    maxRunners: 1
    idleMinutes: 5
    runnerGroup: Default
    provider: {type: gce, template: runner-arm64, zones: [us-central1-a, us-central1-b], machineTypes: [c4a-standard-4, t2a-standard-4], spot: prefer}
  - name: first
    repo: acme/app
    requires: [self-hosted, one, run-9]
    provider: {type: gce, template: runner-arm64, zones: [us-central1-a]}
  - name: org
    org: acme
    requires: ["team-*"]
    allowPublicRepos: true
    provider: {type: gce, template: runner-arm64, zones: [us-central1-a]}
  - name: drained
    repo: acme/app
    requires: [drained]
    maxRunners: 0
    provider: {type: gce, template: runner-arm64, zones: [us-central1-a]}
  - name: broken
    repo: acme/app
    requires: [broken]
    provider: {type: gce, template: nowhere, zones: [us-central1-a]}
  - name: any
    repos: ["acme/*"]
    requires: [any]
    provider: {type: gce, template: runner-arm64, zones: [us-central1-a]}
  - name: open
    repos: ["acme/*"]
    requires: [open]
    allowPublicRepos: true
    provider: {type: gce, template: runner-arm64, zones: [us-central1-a]}
  - name: home
    repo: acme/app
    requires: [home]
    offers: [home, "machine=*"]
    options: {machine: ["c4a-*"]}
    fallback: second
    provider: {type: gce, template: runner-arm64, zones: [us-central1-a]}
  - name: second
    repo: acme/app
    requires: [home, second]
    fallback: third
    provider: {type: gce, template: runner-arm64, zones: [us-central1-b], machineTypes: [t2a-standard-4], spot: only}
  - name: third
    repo: acme/app
    requires: [home, third]
    options: {machine: ["c4a-standard-*"]}
    fallback: fourth
    provider: {type: gce, template: runner-arm64, zones: [us-central1-f], machineTypes: [c4a-standard-8]}
  - name: fourth
    repo: acme/app
    requires: [home, fourth]
    options: {machine: ["c4a-*"]}
    provider: {type: gce, template: runner-arm64, region: mars-north1}
  - name: vm
    repo: acme/app
    requires: [self-hosted, big]
    provider: {type: gce-vm, instance: github-runner, zone: us-central1-a}
`;
const NAME = /^slipway-one-t[a-z0-9]{10}-1$/;

let system: TestSystem;
let api: ApiClient;

beforeAll(async () => {
  system = await aSystem({pools: MORE_POOLS});
  system.github.addRepository('acme/site', {visibility: 'public'});
  api = new ApiClient(system.urls.api);
});
afterAll(() => system.close());

const vms = () => system.compute.instances().map(({name}) => name);

describe('a dry run', () => {
  afterEach(() => {
    expect(system.github.runners.all()).toEqual([]);
    expect([...system.tasks.queue(QUEUES.provision).pending(), ...vms()]).toEqual([]);
  });

  test.each(['', '?dry-run=true'])(
    'with %j names what would be requested, for a pool of one repository',
    async (query) => {
      const answer = await api.post(`/pools/one/test${query}`);
      expect(answer.status).toBe(200);
      const {name} = answer.json;
      expect(name).toMatch(NAME);
      expect(answer.json).toMatchObject({
        dry_run: true,
        decision: 'create',
        because: 'pool one takes the job: repository and labels fit',
        pool: 'one',
        request: {
          name,
          pool: 'one',
          provider: 'gce',
          repository: 'acme/app',
          org: null,
          runner_group: 'Default',
          labels: ['self-hosted', 'one'],
        },
        state: null,
      });
      const placements = answer.json['placements'] as {place: string; machine_type: string; spot: boolean}[];
      expect(placements.map(({machine_type, spot}) => `${machine_type} ${spot}`)).toEqual(
        [true, false].flatMap((spot) => ['c4a', 't2a'].flatMap((type) => Array(2).fill(`${type}-standard-4 ${spot}`))),
      );
      expect(new Set(placements.map(({place}) => place))).toEqual(new Set(['us-central1-a', 'us-central1-b']));
    },
  );

  test.each([
    ['one', {labels: ['self-hosted', 'one', 'RUN-9']}, 'other_pool', 'first', 'first requires more of its labels'],
    ['one', {labels: ['nothing']}, 'no_matching_pool', null, 'one requires self-hosted, one'],
    ['one', {labels: []}, 'no_labels', null, 'add a label to runs-on'],
    ['one', {repository: 'acme/web'}, 'no_matching_pool', null, 'fit no pool of acme/web'],
    ['org', {repository: 'Acme/web', labels: ['team-a']}, 'create', 'org', 'pool org takes the job'],
    ['drained', {}, 'wait', 'drained', 'pool drained is drained: its maxRunners is 0'],
    ['broken', {}, 'fail', 'broken', 'nowhere'],
    ['one', {repository: 'acme/site', labels: ['self-hosted', 'one']}, 'no_matching_pool', null, 'acme/site'],
    ['any', {repository: 'acme/site'}, 'public_repository', null, 'acme/site is public'],
    ['any', {repository: 'acme/nowhere'}, 'fail', 'any', 'GitHub shows no repository acme/nowhere'],
    ['open', {repository: 'acme/site'}, 'create', 'open', 'pool open takes the job'],
    ['vm', {}, 'start', 'vm', 'persistent VM github-runner'],
  ])('of pool %s for %j decides %s', async (pool, body, decision, taker, because) => {
    const {status, json} = await api.post(`/pools/${pool}/test`, body);
    expect([status, json['decision'], json['pool']]).toEqual([200, decision, taker]);
    expect(json['because']).toContain(because);
    expect((json['request'] as object | null) !== null).toBe(['create', 'wait', 'fail'].includes(decision));
  });

  test('names where a job would be created that falls back, and which fallbacks do not serve it', async () => {
    const fallbacks = async (labels: readonly string[]) => {
      const {status, json} = await api.post('/pools/home/test', {labels});
      expect([status, json['decision'], json['placements']]).toEqual([200, 'create', [expect.anything()]]);
      return json['fallbacks'];
    };
    expect(await fallbacks(['home'])).toEqual([
      {
        pool: 'second',
        because: 'pool second serves the job: repository and options fit',
        placements: [{place: 'us-central1-b', machine_type: 't2a-standard-4', spot: true}],
      },
      expect.objectContaining({
        pool: 'third',
        placements: [{place: 'us-central1-f', machine_type: 'c4a-standard-8', spot: false}],
      }),
      expect.objectContaining({pool: 'fourth', because: expect.stringContaining('mars-north1'), placements: []}),
    ]);
    expect(await fallbacks(['home', 'machine=c4a-standard-4'])).toMatchObject([
      {pool: 'second', because: expect.stringContaining('does not allow machine=c4a-standard-4'), placements: []},
      {pool: 'third', placements: [{place: 'us-central1-f', machine_type: 'c4a-standard-4', spot: false}]},
      {pool: 'fourth', placements: []},
    ]);
    expect((await api.post('/pools/one/test')).json['fallbacks']).toEqual([]);
  });

  test('of an organization’s pool is registered there, and of a persistent one names its zone', async () => {
    const org = await api.post('/pools/org/test', {repository: 'acme/web', labels: ['Team-A']});
    expect(org.json['request']).toMatchObject({repository: null, org: 'acme', labels: ['team-a']});
    const vm = await api.post('/pools/vm/test');
    expect(vm.json).toMatchObject({
      name: null,
      request: null,
      placements: [{place: 'us-central1-a', machine_type: null, spot: false}],
    });
  });

  test.each([
    ['/pools/nowhere/test', {}, 404, 'unknown-pool'],
    ['/pools/org/test', {labels: ['team-a']}, 400, 'invalid-request'],
    ['/pools/org/test', {repository: 'acme/app'}, 400, 'invalid-request'],
    ['/pools/one/test', {repository: 'app'}, 400, 'invalid-request'],
    ['/pools/one/test', {name: 'slipway-one-1001-1'}, 400, 'invalid-request'],
    ['/pools/one/test', {name: 'slipway-arm-tabcdefghij-1'}, 400, 'invalid-request'],
    ['/pools/one/test', {name: 'slipway-one-tabcdefghij-2'}, 400, 'invalid-request'],
    ['/pools/one/test', {name: 'slipway-one-sabcdefghij-1'}, 400, 'invalid-request'],
    ['/pools/one/test', {label: ['x']}, 400, 'invalid-request'],
    ['/pools/one/test?dry-run=FALSE', {}, 400, 'invalid-request'],
    ['/pools/one/test?dry-run=false&dry-run=false', {}, 400, 'invalid-request'],
    ['/pools/one/test?dryRun=false', {}, 400, 'invalid-request'],
    ['/pools/vm/test?dry-run=false', {}, 409, 'wrong-provider'],
    ['/pools/one/test?dry-run=false', {labels: ['nothing']}, 409, 'pool-does-not-take'],
    ['/pools/one/test?dry-run=false', {labels: ['self-hosted', 'one', 'run-9']}, 409, 'pool-does-not-take'],
    ['/pools/drained/test?dry-run=false', {}, 503, 'pool-full'],
    ['/pools/any/test?dry-run=false', {repository: 'acme/site'}, 409, 'public-repository'],
    ['/pools/any/test?dry-run=false', {repository: 'acme/nowhere'}, 502, 'refused'],
    ['/pools/one/test?dry-run=false', {repository: 'acme/nowhere'}, 409, 'pool-does-not-take'],
  ])('%s with %j is refused', async (path, body, status, problem) => {
    const answer = await api.post(path, body);
    expect([answer.status, problemOf(answer)]).toEqual([status, problem]);
  });

  test('is not what an Idempotency-Key is kept for', async () => {
    const headers = {'idempotency-key': 'looked-first'};
    const answers = [
      await api.post('/pools/one/test', {}, {headers}),
      await api.post('/pools/one/test', {}, {headers}),
    ];
    expect(new Set(answers.map(({json}) => json['name'])).size).toBe(2);
  });
});

test('without a dry run the runner that was shown is made where it was shown, takes a job that fits, and goes when idle', async () => {
  const {json: shown} = await api.post('/pools/one/test', {labels: ['self-hosted', 'one', 'run-1']});
  const name = String(shown['name']);
  const body = {labels: ['self-hosted', 'one', 'run-1'], name};
  const made = await api.post('/pools/one/test?dry-run=false', body);
  expect(made.status).toBe(201);
  expect(made.json).toMatchObject({...shown, dry_run: false, state: 'requested'});
  // The same name asks for the same runner, although the pool's one slot is taken by now.
  expect((await api.post('/pools/one/test?dry-run=false', body)).json['name']).toBe(name);
  const {json: full} = await api.post('/pools/one/test');
  const because = 'pool one is full: 1 of 1 runners are in use or on their way';
  expect(full).toMatchObject({decision: 'wait', because});
  const refused = await api.post('/pools/one/test?dry-run=false');
  expect([refused.status, problemOf(refused), refused.json['detail']]).toEqual([503, 'pool-full', because]);
  // Another label under the same name is another runner, which there cannot be.
  for (const query of ['', '?dry-run=false']) {
    const other = await api.post(`/pools/one/test${query}`, {labels: ['self-hosted', 'one', 'run-2'], name});
    expect([other.status, problemOf(other)]).toEqual([409, 'name-taken']);
    expect(other.json['detail']).toContain('with the labels self-hosted, one, run-1 in repository acme/app');
  }

  await system.pass(2 * MINUTE);
  const [first] = shown['placements'] as {place: string; machine_type: string}[];
  const [instance] = system.compute.instances();
  expect([instance?.name, instance?.zone, instance?.machineType]).toEqual([name, first?.place, first?.machine_type]);
  expect(system.github.runners.all().map((runner) => runner.name)).toEqual([name]);
  const {json: runner} = await api.get(`/runners/${name}`);
  expect(runner).toMatchObject({pool: 'one', job_id: null, labels: ['self-hosted', 'one', 'run-1']});

  const job = system.queueJob({labels: ['self-hosted', 'one', 'run-1'], durationMs: MINUTE});
  await system.pass(10 * MINUTE, () => job.status === 'completed');
  await system.pass(MINUTE);
  expect([job.conclusion, job.runner?.name, vms()]).toEqual(['success', name, []]);

  await api.post('/pools/one/test?dry-run=false');
  await system.pass(2 * MINUTE);
  expect(vms()).toEqual([expect.stringMatching(NAME)]);
  await system.pass(12 * MINUTE);
  expect([vms(), system.github.runners.all(), system.killed]).toEqual([[], [], []]);
  const line = system.log.find((each) => each.includes('"reason":"test"'));
  expect(JSON.parse(line ?? '{}')).toMatchObject({decision: 'requested', runner: name, pool: 'one'});
});

test('a dry run goes on while GitHub does not say whether the repository is public, and a real one does not', async () => {
  const silent = {match: {path: /^\/repos\/acme\/quiet$/}, times: 9, respond: {status: 502}};
  system.github.addRepository('acme/quiet');
  system.github.fault(silent);
  const {json} = await api.post('/pools/any/test', {repository: 'acme/quiet'});
  expect(json).toMatchObject({
    decision: 'create',
    because:
      'pool any takes the job: repository and labels fit; GitHub was not heard: if acme/quiet is public the pool does not, as allowPublicRepos is not set',
  });
  const real = await api.post('/pools/any/test?dry-run=false', {repository: 'acme/quiet'});
  expect([real.status, problemOf(real)]).toEqual([503, 'unavailable']);
});

test('in a deployment with DRY_RUN nothing is made, and the answer says so', async () => {
  const dry = await aSystem({pools: MORE_POOLS, env: {DRY_RUN: 'true'}});
  const {status, json} = await new ApiClient(dry.urls.api).post('/pools/one/test?dry-run=false');
  expect([status, json['dry_run'], json['decision']]).toEqual([200, true, 'create']);
  expect(json['because']).toContain('nothing is made in this deployment, because DRY_RUN is set');
  await dry.pass(2 * MINUTE);
  expect(dry.compute.instances()).toEqual([]);
  await dry.close();
});

test('a runner that cannot be created is given up once, and keeps no slot', async () => {
  const broken = await aSystem({
    pools: `${POOLS}
  - name: broken
    repo: acme/app
    requires: [broken]
    maxRunners: 1
    provider: {type: gce, template: nowhere, zones: [us-central1-a]}
`,
  });
  try {
    expect((await new ApiClient(broken.urls.api).post('/pools/broken/test?dry-run=false')).status).toBe(201);
    await broken.pass(40 * MINUTE);
    const letters = await broken.store.find('deadletters', {where: {}, limit: 5});
    expect(letters).toHaveLength(1);
    const runners = await broken.store.find('runners', {where: {pool: 'broken'}, limit: 9});
    expect(new Set(runners.map(({data}) => data.state))).toEqual(new Set(['failed']));
    const slot = await broken.store.get('slots', 'broken.0');
    expect(slot?.holder ?? null).toBeNull();
  } finally {
    await broken.close();
  }
});
