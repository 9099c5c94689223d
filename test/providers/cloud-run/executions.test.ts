import {createRequest} from '../../contracts/provider';
import {executionPath, isFinished} from '../../emulators/run/resources';
import {NAME, openCloudRun, REGION} from './world';

type World = Awaited<ReturnType<typeof openCloudRun>>;

let opened: World | undefined;

async function open(...given: Parameters<typeof openCloudRun>): Promise<World> {
  opened = await openCloudRun(...given);
  return opened;
}

afterEach(() => opened?.close());

const HOUR_MS = 3_600_000;
const isList = ({path}: {readonly path: string}) => path.endsWith('/executions');

async function created({provider}: World, name = NAME): Promise<string> {
  const outcome = await provider.create(createRequest({name}));
  if (outcome.kind !== 'created') throw new Error(`found ${outcome.kind}, expected an execution`);
  return outcome.id;
}

describe('the list', () => {
  test('goes through every page', async () => {
    const opening = await open();
    const names = Array.from({length: 230}, (_, n) => `slipway-arm-7-${n + 1}`);
    for (const name of names) await created(opening, name);
    const {machines, complete} = await opening.provider.list();
    expect(complete).toBe(true);
    expect(machines.map(({name}) => name).sort()).toEqual([...names].sort());
    expect(opening.server.requests.filter(isList)).toHaveLength(3);
  });

  test('has no execution that has ended, however it ended', async () => {
    const opening = await open();
    const {world, clock, provider} = opening;
    for (const n of [1, 2, 3, 4]) await created(opening, `slipway-arm-7-${n}`);
    clock.advance(10_000);
    const [first, second, third, fourth] = world.executions();
    if (!first || !second || !third || !fourth) throw new Error('found fewer than four executions');
    world.exit(first, 0);
    world.exit(second, 1);
    world.cancel(executionPath(third));
    clock.advance(10_000);
    const {machines} = await provider.list();
    expect(machines.map(({id}) => id)).toEqual([executionPath(fourth)]);
  });

  test('ends at the first execution that began before any that can still run', async () => {
    const opening = await open();
    const {world, clock, job, server, provider} = opening;
    for (let n = 0; n < 250; n++) world.exit(world.add(job, {}, true), 0);
    clock.advance(24 * HOUR_MS);
    await created(opening);
    expect((await provider.list()).machines).toHaveLength(1);
    expect(server.requests.filter(isList)).toHaveLength(1);
  });

  test('has an execution that runs for longer than its pool now says, while it is on record', async () => {
    const opening = await open();
    const {world, clock, job, provider} = opening;
    const env = {SLIPWAY_DEPLOYMENT: 'slipway', SLIPWAY_RUNNER: NAME, SLIPWAY_POOL: 'arm'};
    const id = executionPath(world.add(job, env, true));
    clock.advance(24 * HOUR_MS);
    expect(await provider.list([{name: NAME, id, place: REGION}])).toMatchObject({
      machines: [{name: NAME, id}],
      complete: true,
    });
  });

  test('has the executions on record of a job that no pool names any more', async () => {
    const {world, provider} = await open();
    const former = world.addJob({name: 'former', region: 'europe-west1'});
    const env = {SLIPWAY_DEPLOYMENT: 'slipway', SLIPWAY_RUNNER: 'slipway-old-7-1', SLIPWAY_POOL: 'old'};
    const id = executionPath(world.add(former, env, true));
    const {machines} = await provider.list([{name: 'slipway-old-7-1', id}]);
    expect(machines).toMatchObject([{name: 'slipway-old-7-1', id, place: 'europe-west1', pool: 'old'}]);
  });

  test('does not ask for what it has seen, nor believe a record whose execution has ended', async () => {
    const opening = await open();
    const {world, clock, server, provider} = opening;
    const [id, ended] = [await created(opening), await created(opening, 'slipway-arm-8-1')];
    clock.advance(10_000);
    const [newest] = world.executions();
    if (newest) world.exit(newest, 0);
    server.requests.length = 0;
    const {machines} = await provider.list([
      {name: NAME, id},
      {name: 'slipway-arm-8-1', id: ended},
    ]);
    expect(machines.map((machine) => machine.id)).toEqual([id]);
    // Executions that have ended stand in the list, so nothing is asked for by its name.
    expect(server.requests.filter((request) => !isList(request))).toEqual([]);
  });

  test('is not complete where an execution on record could not be asked for', async () => {
    const {world, server, provider} = await open();
    const former = world.addJob({name: 'former', region: 'europe-west1'});
    const id = executionPath(world.add(former, {SLIPWAY_DEPLOYMENT: 'slipway', SLIPWAY_RUNNER: NAME}, true));
    server.fault({match: ({path}) => path === id, respond: 'reset'});
    expect(await provider.list([{name: NAME, id}])).toEqual({
      machines: [],
      complete: false,
      unreadPlaces: ['europe-west1'],
    });
  });

  test('is refused where the job may not be read', async () => {
    const {server, provider} = await open();
    server.fault({match: isList, respond: {status: 403, reason: 'PERMISSION_DENIED', message: 'no'}});
    await expect(provider.list()).rejects.toMatchObject({kind: 'refused'});
  });

  test('of a job that is not there is empty', async () => {
    const {provider} = await open({settings: {job: 'no-such-job'}});
    expect(await provider.list()).toEqual({machines: [], complete: true});
  });
});

describe('a deletion', () => {
  test('ends a running execution and removes it', async () => {
    const opening = await open();
    const {world, clock, provider} = opening;
    const id = await created(opening);
    clock.advance(10_000);
    expect(await provider.delete({name: NAME, id})).toBe('accepted');
    clock.advance(60_000);
    expect(world.executions()).toEqual([]);
  });

  test('is accepted where an execution has to end before it can be removed', async () => {
    const opening = await open();
    const {world, clock, provider} = opening;
    world.deletesRunning = false;
    const id = await created(opening);
    clock.advance(10_000);
    expect(await provider.delete({name: NAME, id})).toBe('accepted');
    clock.advance(60_000);
    expect(world.executions().map(isFinished)).toEqual([true]);
    expect(await provider.delete({name: NAME, id})).toBe('accepted');
    clock.advance(60_000);
    expect(world.executions()).toEqual([]);
    expect(await provider.delete({name: NAME, id})).toBe('absent');
  });

  test('whose answer was lost can be repeated', async () => {
    const opening = await open();
    const {server, provider} = opening;
    const id = await created(opening);
    server.fault({match: ({path}) => path.endsWith(':cancel'), respond: 'lost'});
    await expect(provider.delete({name: NAME, id})).rejects.toMatchObject({kind: 'unavailable'});
    expect(['accepted', 'absent']).toContain(await provider.delete({name: NAME, id}));
    expect(opening.alive()).toEqual([]);
  });

  test('by an id leaves alone what carries another runner’s name', async () => {
    const opening = await open();
    const {provider, log} = opening;
    const id = await created(opening, 'slipway-arm-8-1');
    expect(await provider.delete({name: NAME, id})).toBe('absent');
    expect(opening.alive()).toHaveLength(1);
    expect(log.join()).toContain('left alone');
  });

  test('by the name ends both executions of a runner whose creation was repeated', async () => {
    const opening = await open();
    const {provider} = opening;
    await created(opening);
    await created(opening);
    expect(await provider.delete({name: NAME})).toBe('accepted');
    expect(opening.alive()).toEqual([]);
  });
});

describe('what an execution says about itself', () => {
  test.each([
    {exitCode: 0, failure: undefined},
    {exitCode: 7, failure: 'exit code 7: GitHub refuses the runner version of the image; give the job a newer image'},
    {exitCode: 137, failure: 'exit code 137: The container was killed.'},
    {exitCode: undefined, failure: 'no exit code: The container was killed.'},
  ])('that ended with exit code $exitCode', async ({exitCode, failure}) => {
    const opening = await open();
    const {world, clock, provider} = opening;
    world.endNext(1, exitCode, 'The container was killed.');
    const id = await created(opening);
    expect(await provider.failure?.({name: NAME, id})).toBeUndefined();
    clock.advance(60_000);
    expect(await provider.failure?.({name: NAME, id})).toBe(failure);
  });

  test('that was found by its name, after it had ended: stopped', async () => {
    const opening = await open();
    const {world, clock, provider} = opening;
    world.endNext(1, 0, '');
    await created(opening);
    clock.advance(60_000);
    expect(await provider.find({name: NAME})).toMatchObject({status: 'stopped'});
  });

  test('that never starts: what Cloud Run waits for', async () => {
    const opening = await open();
    const {world, clock, provider} = opening;
    world.keepPending(1);
    const id = await created(opening);
    clock.advance(600_000);
    expect(await provider.find({name: NAME, id})).toMatchObject({status: 'starting'});
    expect(await provider.console?.({name: NAME, id})).toBe('Waiting for capacity to start the execution.');
  });

  test('for people: its page in the console of Google Cloud', async () => {
    const opening = await open();
    const id = await created(opening);
    const short = id.slice(id.lastIndexOf('/') + 1);
    expect(await opening.provider.page?.({name: NAME, id})).toBe(
      `https://console.cloud.google.com/run/jobs/executions/details/us-central1/${short}/tasks?project=world`,
    );
    expect(await opening.provider.page?.({name: NAME})).toBeUndefined();
  });

  test('that ran for its time-out is gone', async () => {
    const opening = await open();
    const {clock, provider} = opening;
    await created(opening);
    clock.advance(24 * HOUR_MS);
    expect(await provider.list()).toEqual({machines: [], complete: true});
  });
});
