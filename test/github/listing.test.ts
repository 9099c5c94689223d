import type {DiscoveredRepository, Discovery} from '../../shared/github/github';
import {isLabel} from '../../shared/model/names';
import {Secret} from '../../shared/secret';
import {type Answer, type ScriptedServer, type SeenRequest, scriptedServer} from './scripted-server';
import {type ConnectedWorld, connectedWorld, repository} from './world';

jest.setTimeout(60_000);

const DAY = 24 * 3600_000;
const app: DiscoveredRepository = {fullName: 'acme/app', installationId: null, isPublic: false, pushedAt: null};
const BAD_GATEWAY = {status: 502, body: {message: 'Server Error'}};

let world: ConnectedWorld;
let discovery: Discovery;
beforeEach(async () => {
  world = await connectedWorld();
  world.world.addRepository('acme/app', {visibility: 'private'});
  discovery = world.discover();
});
afterEach(() => world.close());

const since = () => world.scheduler.now() - 35 * DAY;
const queue = (more: {runId?: number; needsApproval?: boolean} = {}) =>
  world.world.queueJob({repository: 'acme/app', labels: ['linux'], durationMs: 60_000, ...more});
const asked = (path: RegExp) => world.world.requests.filter((request) => path.test(request.path)).length;

/** Creates a run with this many jobs. */
function aRun(jobs: number): {id: number} {
  const {runId} = queue();
  for (let more = 1; more < jobs; more++) queue({runId});
  return {id: runId};
}

describe('a page that answers 5xx', () => {
  test('of 100 items is read again in pages of 30, and nothing is missing', async () => {
    const run = aRun(70);
    world.world.fault({match: {path: /jobs$/, query: /per_page=100/}, times: 9, respond: BAD_GATEWAY});
    const {items, failure} = await discovery.jobs(app, run);
    expect([new Set(items.map(({id}) => id)).size, failure]).toEqual([70, undefined]);
    expect(asked(/jobs$/)).toBe(1 + 3);
  });

  test('in the middle of a list hides only the items of that page, whatever the page size', async () => {
    const run = aRun(230);
    const query = /per_page=100&.*page=2$|per_page=30&.*page=5$/;
    world.world.fault({match: {path: /jobs$/, query}, times: 9, respond: BAD_GATEWAY});
    const {items, failure} = await discovery.jobs(app, run);
    expect(items).toHaveLength(200);
    expect(failure).toMatchObject({kind: 'unavailable'});
  });

  test('here and there hides only the items of those pages: the newest jobs of a matrix are on the last one', async () => {
    const run = aRun(250);
    const query = /per_page=100&.*page=2$|per_page=30&.*page=[468]$/;
    world.world.fault({match: {path: /jobs$/, query}, times: 9, respond: BAD_GATEWAY});
    const {items, failure} = await discovery.jobs(app, run);
    // The first page of 100 has a third of the fourth one of 30.
    expect(items).toHaveLength(250 - 20 - 30 - 30);
    expect(items.map(({id}) => id)).toContain(world.world.queue.jobs().at(-1)?.id);
    expect(failure).toMatchObject({kind: 'unavailable'});
  });

  test('three times in a row ends the list', async () => {
    const run = aRun(250);
    const query = /per_page=100&.*page=2$|per_page=30&.*page=[5-9]$/;
    world.world.fault({match: {path: /jobs$/, query}, times: 9, respond: BAD_GATEWAY});
    expect((await discovery.jobs(app, run)).items).toHaveLength(120);
    // The first of 100, the second, the fourth of 30, which was read already, and three more.
    expect(asked(/jobs$/)).toBe(6);
  });

  test('always is an error after two calls', async () => {
    const run = aRun(1);
    world.world.fault({match: {path: /jobs$/}, times: 9, respond: BAD_GATEWAY});
    await expect(discovery.jobs(app, run)).rejects.toMatchObject({kind: 'unavailable'});
    expect(asked(/jobs$/)).toBe(2);
  });

  test('for runs of one status hides no run of another', async () => {
    const waiting = queue({needsApproval: true});
    const queued = queue();
    world.world.fault({match: {path: /runs$/, query: /status=in_progress/}, times: 9, respond: BAD_GATEWAY});
    const {items, failure} = await discovery.openRuns(app, since());
    expect(items.map(({id}) => id).sort()).toEqual([waiting.runId, queued.runId].sort());
    expect(failure).toMatchObject({kind: 'unavailable'});
  });

  test('for one installation hides no repository of another', async () => {
    world.world.addRepository('other/one');
    world.world.fault({match: {path: /installation\/repositories$/}, times: 2, respond: BAD_GATEWAY});
    const {items, failure} = await discovery.listRepositories();
    expect(items).toHaveLength(1);
    expect(failure).toMatchObject({kind: 'unavailable'});
  });

  test('of runners is read again too, and the list is complete', async () => {
    for (let n = 0; n < 35; n++) {
      world.world.runners.generateJitConfig(repository, {name: `r${n}`, labels: ['x'], runnerGroupId: 1});
    }
    world.world.fault({match: {path: /runners$/, query: /per_page=100/}, respond: BAD_GATEWAY});
    expect(await world.gitHubFor(repository).listRunners()).toHaveLength(35);
  });
});

describe.each([1, -1])('a total_count that is wrong by %i', (total) => {
  const wrong = (path: RegExp) => world.world.fault({match: {path}, times: 9, respond: {total}});

  test('makes a list of runs or jobs incomplete, and its items are used', async () => {
    const {runId, id} = queue();
    wrong(/runs$/);
    const runs = await discovery.openRuns(app, since());
    expect(runs).toMatchObject({items: [{id: runId}], failure: {kind: 'unavailable'}});
    wrong(/jobs$/);
    expect(await discovery.jobs(app, {id: runId})).toMatchObject({items: [{id}], failure: {kind: 'unavailable'}});
  });

  test('makes a list of runners an error, but a search by name finds its runner', async () => {
    world.world.runners.generateJitConfig(repository, {name: 'r1', labels: ['x'], runnerGroupId: 1});
    wrong(/runners$/);
    const github = world.gitHubFor(repository);
    await expect(github.listRunners()).rejects.toMatchObject({kind: 'unavailable'});
    expect(await github.findRunner('r1')).toMatchObject({name: 'r1'});
    await expect(github.findRunner('r2')).rejects.toMatchObject({kind: 'unavailable'});
  });
});

test('more runs than GitHub shows of a filtered list are read in slices by their creation', async () => {
  for (let n = 0; n < 1_090; n++) {
    queue({needsApproval: true});
    world.scheduler.advance(400);
  }
  const {items, failure} = await discovery.openRuns(app, since());
  expect([new Set(items.map(({id}) => id)).size, failure]).toEqual([1_090, undefined]);
});

describe('recent runs', () => {
  test('are all runs if there are few, without the completed ones', async () => {
    const over = queue();
    world.world.cancelJob(over.id);
    const open = queue({needsApproval: true});
    expect(await discovery.recentRuns(app, since())).toMatchObject({open: [{id: open.runId}], isAll: true});
    expect(asked(/runs$/)).toBe(1);
  });

  test('are not all runs if there are many', async () => {
    for (let n = 0; n < 30; n++) queue();
    expect(await discovery.recentRuns(app, since())).toMatchObject({isAll: false});
  });
});

describe('an item of another shape than GitHub describes', () => {
  let server: ScriptedServer;
  const scripted = async (answer: (request: SeenRequest) => Answer) => {
    server = await scriptedServer(answer);
    const credentials = {kind: 'token', token: async () => new Secret('t')} as const;
    return world.discover({apiUrl: server.url, credentials});
  };
  afterEach(() => server.close());
  const list = (name: string, items: unknown[]) => ({status: 200, body: {total_count: items.length, [name]: items}});

  test('hides no other run', async () => {
    const runs = [{id: 1, status: 'waiting'}, {id: 'two'}, {id: 3, status: 'waiting'}];
    const asUser = await scripted(({line}) => list('workflow_runs', line.includes('status=waiting') ? runs : []));
    const {items, failure} = await asUser.openRuns(app, since());
    expect(items.map(({id}) => id)).toEqual([1, 3]);
    expect(failure).toMatchObject({kind: 'unavailable'});
  });

  test('hides no other job; a malformed date, URL or visibility does not hide its own job either', async () => {
    const job = {
      id: 7,
      run_id: 1,
      status: 'queued',
      labels: ['linux'],
      created_at: 'yesterday',
      html_url: 5,
      steps: 'no',
    };
    const asUser = await scripted(() => list('jobs', [{id: 6, run_id: 1, status: 'queued'}, job]));
    const {items, failure} = await asUser.jobs(app, {id: 1});
    expect(items).toMatchObject([{id: 7, status: 'queued', url: null, queuedAt: null, runAttempt: 1}]);
    expect(failure).toMatchObject({kind: 'unavailable'});
  });

  test('does not get into a task: names and URLs that a task cannot have; labels are cut, and stay ones that no runner can have', async () => {
    const job = {id: 7, run_id: 1, status: 'in_progress', labels: ['linux']};
    const labels = Array.from({length: 1001}, (_, n) => `label-${n}`);
    const jobs = [
      {...job, runner_name: '../stop', runner_id: -3, html_url: 'javascript:alert(1)'},
      {...job, id: 8, labels},
      {...job, id: 9, labels: ['a\u0000b', 'x'.repeat(1e6), '😀'.repeat(1e6)]},
    ];
    const asUser = await scripted(() => list('jobs', jobs));
    const {items, failure} = await asUser.jobs(app, {id: 1});
    expect(items).toMatchObject([{id: 7, runnerName: null, runnerId: null, url: null}, {id: 8}, {id: 9}]);
    expect(failure).toBeUndefined();
    const [, many, long] = items.map((item) => item.labels);
    expect(many).toHaveLength(101);
    expect(long?.map((label) => [isLabel(label), label.length])).toEqual([
      [false, 3],
      [false, 600],
      [false, 600],
    ]);
  });

  test('hides no other repository', async () => {
    const repositories = [
      {full_name: 'no slash'},
      {full_name: 'acme/app', visibility: 7, private: true, pushed_at: 'now'},
    ];
    const asUser = await scripted(() => ({status: 200, body: repositories}));
    const {items, failure} = await asUser.listRepositories();
    expect(items).toMatchObject([{fullName: 'acme/app', isPublic: false, pushedAt: null}]);
    expect(failure).toMatchObject({kind: 'unavailable'});
  });
});

test.each([
  ['waiting', 'waiting'],
  ['pending', 'waiting'],
  ['requested', 'waiting'],
] as const)('a job that is %s is one that waits', async (word, status) => {
  const server = await scriptedServer(() => ({
    status: 200,
    body: {
      id: 7,
      run_id: 1,
      status: word,
      labels: [],
      created_at: '2026-11-01T00:00:00Z',
      started_at: '2026-11-03T00:00:00Z',
    },
  }));
  const credentials = {kind: 'token', token: async () => new Secret('t')} as const;
  const job = await world.discover({apiUrl: server.url, credentials}).job(app, 7);
  expect(job).toMatchObject({status, queuedAt: Date.parse('2026-11-03T00:00:00Z')});
  await server.close();
});
