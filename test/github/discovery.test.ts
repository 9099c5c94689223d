import type {DeliveryPage, DiscoveredRepository, Discovery} from '../../shared/github/github';
import {Secret} from '../../shared/secret';
import {holdTimeouts, pass, releaseTimeouts} from '../builders/held-timeouts';
import {scriptedServer} from './scripted-server';
import {type ConnectedWorld, connectedWorld} from './world';

const MINUTE = 60_000;
const HOUR = 60 * MINUTE;
const app: DiscoveredRepository = {fullName: 'acme/app', installationId: null, isPublic: false, pushedAt: null};

let world: ConnectedWorld;
let discovery: Discovery;
beforeEach(async () => {
  world = await connectedWorld();
  world.world.addRepository('acme/app', {visibility: 'private'});
  discovery = world.discover();
});
afterEach(async () => {
  releaseTimeouts();
  await world.close();
});

const queue = (labels = ['linux'], runId?: number) =>
  world.world.queueJob({repository: 'acme/app', labels, durationMs: MINUTE, ...(runId ? {runId} : {})});
const since = () => world.scheduler.now() - 25 * HOUR;

describe('repositories', () => {
  test('of every installation, from all pages', async () => {
    for (let i = 0; i < 250; i++) world.world.addRepository(`acme/many-${i}`);
    world.world.addRepository('other/one', {visibility: 'public'});
    const {items: found, failure} = await discovery.listRepositories();
    expect(failure).toBeUndefined();
    expect(found).toHaveLength(252);
    expect(found.find(({fullName}) => fullName === 'other/one')).toMatchObject({isPublic: true});
    expect(new Set(found.map(({installationId}) => installationId)).size).toBe(2);
  });

  test('of one organization', async () => {
    world.world.addRepository('other/one');
    expect((await discovery.listRepositoriesOf('acme')).items.map(({fullName}) => fullName)).toEqual(['acme/app']);
  });

  test('to which a personal token has access', async () => {
    const token = world.world.app.addPersonalToken('alice', {repositories: ['acme/app']});
    world.world.addRepository('other/one');
    const asUser = world.discover({credentials: {kind: 'token', token: async () => new Secret(token)}});
    expect((await asUser.listRepositories()).items.map(({fullName}) => fullName)).toEqual(['acme/app']);
  });
});

describe('jobs', () => {
  test('are found in runs that are queued and in runs that are in progress', async () => {
    const first = queue();
    queue(['gpu'], first.runId);
    const other = queue(['arm']);
    const runner = world.world.runners.generateJitConfig(
      {kind: 'repository', owner: 'acme', repo: 'app'},
      {name: 'r', labels: ['linux'], runnerGroupId: 1},
    );
    world.world.connect(runner.encodedJitConfig);
    world.scheduler.advance(10_000);
    const runs = (await discovery.openRuns(app, since())).items;
    expect(runs.map(({id}) => id).sort()).toEqual([first.runId, other.runId].sort());
    const jobs = (await Promise.all(runs.map((run) => discovery.jobs(app, run)))).flatMap(({items}) => items);
    expect(jobs.map(({labels, status, runnerName}) => `${labels} ${status} ${runnerName}`).sort()).toEqual([
      'arm queued null',
      'gpu queued null',
      'linux in_progress r',
    ]);
  });

  test('of runs older than asked for are not', async () => {
    queue();
    world.scheduler.advance(23 * HOUR);
    const recent = world.scheduler.now() - HOUR;
    expect(await discovery.openRuns(app, recent)).toEqual({items: [], failure: undefined});
    expect(await discovery.recentRuns(app, recent)).toEqual({open: [], isAll: true});
    expect(await discovery.recentRuns(app, since())).toMatchObject({open: [{id: expect.any(Number)}], isAll: true});
  });

  test('that stay queued in a completed run are not', async () => {
    const job = queue();
    expect(await discovery.isOver(app, job.runId)).toBe(false);
    world.world.failRunStartup(job.runId);
    expect((await discovery.openRuns(app, since())).items).toEqual([]);
    expect(await discovery.isOver(app, job.runId)).toBe(true);
    expect(await discovery.isOver(app, 1)).toBe(true);
  });

  test('are found by id, or not at all', async () => {
    const job = queue();
    expect(await discovery.job(app, job.id)).toMatchObject({id: job.id, status: 'queued', queuedAt: job.createdAtMs});
    expect(await discovery.job(app, 1)).toBeUndefined();
  });
});

describe('deliveries of the App', () => {
  const newest = {cursor: null, failuresOnly: false};
  let status = 502;
  const settle = async () => {
    world.scheduler.advance(MINUTE);
    await world.world.deliveries.settled();
  };

  beforeEach(() => {
    status = 502;
    world.world.addHook({
      secret: 's',
      deliver: async () => {
        if (status === 0) throw new Error('the function was not reached');
        return {status};
      },
    });
  });

  test('are listed and redelivered as the App itself', async () => {
    queue();
    await settle();
    const {deliveries} = await discovery.deliveries({kind: 'app'}, newest);
    expect(deliveries).toMatchObject([{ok: false, redelivery: false, event: 'workflow_job', action: 'queued'}]);
    const [failed] = deliveries;
    if (!failed) throw new Error('no delivery');
    status = 202;
    await discovery.redeliver(failed);
    await settle();
    const [again] = (await discovery.deliveries({kind: 'app'}, newest)).deliveries;
    expect(again).toMatchObject({ok: true, redelivery: true, guid: failed.guid});
  });

  test('come in pages, newest first, each with the cursor of the next', async () => {
    for (let n = 0; n < 230; n++) queue();
    await settle();
    const ids: number[] = [];
    const sizes: number[] = [];
    for (let cursor: string | null = null, more = true; more; more = cursor !== null) {
      const page: DeliveryPage = await discovery.deliveries({kind: 'app'}, {cursor, failuresOnly: false});
      ids.push(...page.deliveries.map(({id}) => id));
      sizes.push(page.deliveries.length);
      cursor = page.next;
    }
    expect(sizes).toEqual([100, 100, 30]);
    expect(ids).toEqual([...ids].sort((a, b) => b - a));
  });

  test('are listed without the successful ones if only failures are asked for', async () => {
    queue();
    await settle();
    status = 202;
    queue();
    await settle();
    const {deliveries} = await discovery.deliveries({kind: 'app'}, {cursor: null, failuresOnly: true});
    expect(deliveries.map(({ok}) => ok)).toEqual([false]);
  });

  test('of an unknown shape are counted, and hide no other', async () => {
    const server = await scriptedServer(() => ({
      status: 200,
      body: [
        {id: 1},
        {
          id: 2,
          guid: 'g',
          event: 'workflow_job',
          action: 'queued',
          delivered_at: '2026-11-01T00:00:00Z',
          redelivery: false,
          status: null,
          status_code: null,
        },
        {id: 3, guid: '__proto__', event: 'ping', delivered_at: '2026-11-01T00:00:00Z', redelivery: false},
      ],
    }));
    const asUser = world.discover({
      apiUrl: server.url,
      credentials: {kind: 'token', token: async () => new Secret('t')},
    });
    const hook = {kind: 'hook', scope: {kind: 'organization', org: 'acme'}, hookId: 7} as const;
    const page = await asUser.deliveries(hook, newest);
    expect(page).toMatchObject({unreadable: 2, next: null, deliveries: [{id: 2, ok: false}]});
    await server.close();
  });
});

test('an unchanged answer is a 304, which does not count against the hourly limit, and reads the same', async () => {
  queue();
  const first = await discovery.openRuns(app, since());
  const used = world.world.limits.state(caller()).used;
  const again = await discovery.openRuns(app, since());
  expect(again).toEqual(first);
  expect(world.world.limits.state(caller()).used).toBe(used);
  queue();
  expect((await discovery.openRuns(app, since())).items).toHaveLength(2);
});

test('the remaining quota is read from every answer', async () => {
  expect(discovery.remainingQuota()).toBe(1);
  world.world.limits.primary = 10;
  await discovery.openRuns(app, since());
  expect(discovery.remainingQuota()).toBe(0.5);
  world.scheduler.advance(2 * HOUR);
  expect(discovery.remainingQuota()).toBe(1);
});

test('a missing answer is an error', async () => {
  const server = await scriptedServer(() => 'hang');
  const asUser = world.discover({
    apiUrl: server.url,
    timeoutMs: 10_000,
    credentials: {kind: 'token', token: async () => new Secret('t')},
  });
  holdTimeouts();
  const late = expect(asUser.listRepositories()).rejects.toMatchObject({kind: 'unavailable'});
  await pass(10_000, () => server.seen.length === 1);
  await late;
  await server.close();
});

const caller = () => `installation ID ${world.world.app.installations()[0]?.id}`;
