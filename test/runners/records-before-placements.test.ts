import type {RunnerDocument} from '../../shared/model/runner';
import {ApiClient} from '../api/client';
import {aSystem, expectClean, MINUTE, POOLS, type TestSystem} from '../builders/system';

jest.setTimeout(120_000);

/** Records of runners as the version wrote them that knew no placements. */
const WRITTEN_BEFORE = {
  creating: `{"name":"slipway-spot-44200000612-1","pool":"spot","scope":{"kind":"repository","owner":"acme","repo":"app"},
    "installationId":48000526,"labels":["self-hosted","gpu"],"state":"creating","madeFor":"44200000612-1",
    "covers":"44200000612-1","runs":null,"spare":false,"slot":"spot.18","slotOfAll":null,"githubId":22,
    "registrationTriedAt":1793491200477,"zone":"us-central1-a","machineType":"g2-standard-4","spot":true,
    "spareSince":null,"handedTo":null,"createdAt":1793491200477,"stateAt":1793491200477,"expireAt":1796083200477}`,
  booting: `{"name":"slipway-spot-44200000612-1","pool":"spot","scope":{"kind":"repository","owner":"acme","repo":"app"},
    "installationId":48000526,"labels":["self-hosted","gpu"],"state":"booting","madeFor":"44200000612-1",
    "covers":"44200000612-1","runs":null,"spare":false,"slot":"spot.18","slotOfAll":null,"githubId":22,
    "registrationTriedAt":1793491200477,"zone":"us-central1-a","machineType":"g2-standard-4","spot":true,
    "spareSince":null,"handedTo":null,"createdAt":1793491200477,"stateAt":1793491216477,"expireAt":1796083200477}`,
  busy: `{"name":"slipway-spot-44200000612-1","pool":"spot","scope":{"kind":"repository","owner":"acme","repo":"app"},
    "installationId":48000526,"labels":["self-hosted","gpu"],"state":"busy","madeFor":"44200000612-1",
    "covers":null,"runs":"44200000612-1","spare":false,"slot":"spot.18","slotOfAll":null,"githubId":22,
    "registrationTriedAt":1793491200477,"zone":"us-central1-a","machineType":"g2-standard-4","spot":true,
    "spareSince":null,"handedTo":null,"createdAt":1793491200477,"stateAt":1793491233457,"expireAt":1796083200477}`,
} as const;

const NAME = 'slipway-spot-44200000612-1';

/** The pool's order for this name begins with the other zone, which is full: who does not know where the VM is looks there first. */
const ZONE = 'us-central1-a';
const PLACEMENT = {place: ZONE, machineType: 'g2-standard-4', spot: true};
const SPOT = ['self-hosted', 'gpu'];
const POOL_WITH_TYPES = POOLS.replace('spot: prefer}', 'machineTypes: [g2-standard-4], spot: prefer}');
const STOCK_OUT = {code: 'ZONE_RESOURCE_POOL_EXHAUSTED', message: 'The zone does not have enough resources available.'};

let system: TestSystem;
afterEach(() => system.close());

async function aSystemWithAJob(options: Parameters<typeof aSystem>[0] = {}) {
  system = await aSystem({pools: POOL_WITH_TYPES, ...options});
  system.compute.failLate({times: 1, error: STOCK_OUT});
  return system.queueJob({labels: SPOT, durationMs: 5 * MINUTE});
}

/** Puts the record of before in the place of today's, which holds everything that the version before reads. Returns the zones asked for the VM from then on. */
async function goBack(state: keyof typeof WRITTEN_BEFORE): Promise<() => string[]> {
  const before = JSON.parse(WRITTEN_BEFORE[state]) as RunnerDocument;
  const [createdAt, stateAt, expireAt, registrationTriedAt] = [0, 0, 0, 0].map(() => expect.any(Number));
  const times = {createdAt, stateAt, expireAt, registrationTriedAt};
  expect(await system.store.get('runners', NAME)).toMatchObject({...before, ...times, placement: PLACEMENT});
  await system.store.transaction(async (transaction) => transaction.set('runners', NAME, before));
  const {requests} = system.computeServer;
  const asked = requests.length;
  const zoneOf = ({path}: {path: string}) => new RegExp(`/zones/([^/]+)/instances/${NAME}$`).exec(path)?.[1];
  return () => requests.slice(asked).flatMap((request) => zoneOf(request) ?? []);
}

const shown = async () => (await new ApiClient(system.urls.api).get(`/runners/${NAME}`)).json;

describe('a record of a runner from before placements', () => {
  test('that runs a job: it is shown where it was, and its VM is deleted there', async () => {
    const job = await aSystemWithAJob();
    await system.pass(5 * MINUTE, () => job.status === 'in_progress');
    await system.pass(10_000);
    const zones = await goBack('busy');
    expect(await shown()).toMatchObject({state: 'busy', zone: ZONE, machine_type: 'g2-standard-4', spot: true});
    await system.finish();
    expect(job.conclusion).toBe('success');
    expect([...new Set(zones())]).toEqual([ZONE]);
    expectClean(system);
    expect(await shown()).toMatchObject({state: 'gone', zone: ZONE, machine_type: 'g2-standard-4', spot: true});
  });

  test('that runs a job on a spot VM: the sweep knows its preemption', async () => {
    const job = await aSystemWithAJob();
    await system.pass(5 * MINUTE, () => job.status === 'in_progress');
    await system.pass(10_000);
    await goBack('busy');
    const [machine] = system.compute.instances();
    if (!machine) throw new RangeError('no VM');
    system.compute.preempt(machine);
    await system.sweepFor(60 * MINUTE);
    expect(system.log.filter((line) => line.includes(`${NAME} was preempted under a job`))).toHaveLength(1);
    expectClean(system);
  });

  test('that boots for too long: the sweep deletes its VM where it is', async () => {
    await aSystemWithAJob({failsToBoot: ({name}) => name === NAME});
    await system.pass(2 * MINUTE);
    const zones = await goBack('booting');
    expect(await shown()).toMatchObject({state: 'booting', zone: ZONE, machine_type: 'g2-standard-4', spot: true});
    await system.sweepFor(30 * MINUTE);
    expect(await system.store.get('runners', NAME)).toMatchObject({state: 'failed'});
    expect([...new Set(zones())]).toEqual([ZONE]);
    await system.finish();
    expectClean(system);
  });

  test('whose creation died after the insert: the VM is found where it is, and the record has a placement from then on', async () => {
    const job = await aSystemWithAJob({crash: {step: 15, side: 'after'}, bootMs: 3 * MINUTE});
    await system.pass(20_000);
    const zones = await goBack('creating');
    expect(await shown()).toMatchObject({state: 'creating', zone: ZONE, machine_type: 'g2-standard-4', spot: true});
    await system.finish();
    expect(job.conclusion).toBe('success');
    expect([...new Set(zones())]).toEqual([ZONE]);
    expect(system.compute.created.map(({name, zone}) => [name, zone])).toEqual([
      [NAME, 'us-central1-b'],
      [NAME, ZONE],
    ]);
    const created = system.log
      .map((line): Record<string, unknown> => JSON.parse(line))
      .find(({decision}) => decision === 'created');
    expect(created).toMatchObject({zone: ZONE, machineType: 'g2-standard-4', spot: true});
    expect(await system.store.get('runners', NAME)).toMatchObject({placement: PLACEMENT, zone: ZONE});
    expectClean(system);
  });
});
