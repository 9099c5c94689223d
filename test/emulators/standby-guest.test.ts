import type {StandbyHold} from '../../shared/providers/provider';
import {openGceWorld} from '../providers/gce/world';
import {computeMachines} from './compute/machine-world';
import {directGitHub} from './github/direct';
import {GitHubWorld} from './github/model';
import {bootRunners} from './runner-process';
import {SeededRandom} from './seeded-random';

const NAME = 'slipway-arm-sa1b2c3d4e5-1';
/** What docs/fast.md assumes, in seconds. */
const SECONDS = {insert: 12, start: 9, resume: 6, boot: 6, wake: 1};

/** GitHub, Compute Engine and the guests, on one clock. */
async function open(failsToBoot = false) {
  const latencies = {insert: SECONDS.insert * 1000, start: SECONDS.start * 1000, resume: SECONDS.resume * 1000};
  const gce = await openGceWorld({isDirect: true, latencies});
  const {clock: scheduler} = gce;
  const github = new GitHubWorld({scheduler, random: new SeededRandom(1), authClock: scheduler});
  github.addRepository('acme/app', {installationId: 1});
  const machines = computeMachines(gce.world);
  const killed = bootRunners({
    ...{github, machines, bootMs: SECONDS.boot * 1000, wakeMs: SECONDS.wake * 1000, failsToBoot: () => failsToBoot},
  });
  const {standby} = gce.provider;
  if (!standby) throw new Error('expected standby machines');
  const scope = {kind: 'repository', owner: 'acme', repo: 'app'} as const;
  const port = directGitHub(github)(scope, 1);

  const prepare = async (hold: StandbyHold) => {
    const outcome = await standby.prepare({name: NAME, pool: 'arm', hold, beforeInsert: () => Promise.resolve()});
    if (outcome.kind !== 'created') throw new Error(`found ${outcome.kind}`);
    const {placement} = outcome;
    return {machine: {name: NAME, id: NAME, pool: 'arm', place: placement.place, hold}, placement};
  };
  const begin = async ({machine, placement}: Awaited<ReturnType<typeof prepare>>) => {
    const request = {name: NAME, labels: ['self-hosted', 'arm64'], runnerGroup: 'Default'};
    const {encodedJitConfig} = await port.createJitConfig(request);
    return standby.begin({machine, placement, job: '7-1', encodedJitConfig});
  };
  const online = async () => (await port.listRunners()).filter(({status}) => status === 'online').map(({name}) => name);
  return {
    ...gce,
    github,
    killed,
    standby,
    prepare,
    begin,
    online,
    seconds: (count: number) => scheduler.advance(count * 1000),
  };
}

test('a machine to be held stopped prepares itself, powers off, and once begun has its runner online after start and boot', async () => {
  const world = await open();
  const prepared = await world.prepare('stopped');
  world.seconds(SECONDS.boot);
  expect(await world.standby.look(prepared.machine)).toMatchObject({state: 'ready'});
  expect((await world.begin(prepared)).kind).toBe('created');
  world.seconds(SECONDS.boot - 1);
  expect(await world.online()).toEqual([]);
  world.seconds(1);
  expect(await world.online()).toEqual([NAME]);
  await world.close();
});

test('one to be held suspended waits, is suspended, and once begun has its runner online after the resume alone', async () => {
  const world = await open();
  const prepared = await world.prepare('suspended');
  world.seconds(SECONDS.boot);
  expect(await world.standby.look(prepared.machine)).toMatchObject({state: 'prepared'});
  await world.standby.suspend(prepared.machine);
  world.seconds(3600);
  expect(await world.standby.look(prepared.machine)).toMatchObject({state: 'ready'});
  expect((await world.begin(prepared)).kind).toBe('created');
  world.seconds(SECONDS.wake);
  expect(await world.online()).toEqual([NAME]);
  await world.close();
});

test('one that is begun before it is suspended goes on at once', async () => {
  const world = await open();
  const prepared = await world.prepare('suspended');
  world.seconds(SECONDS.boot);
  expect((await world.begin(prepared)).kind).toBe('created');
  world.seconds(SECONDS.wake);
  expect(await world.online()).toEqual([NAME]);
  await world.close();
});

test('a job that it runs to its end powers it off, and nothing was killed', async () => {
  const world = await open();
  const prepared = await world.prepare('stopped');
  world.seconds(SECONDS.boot);
  const job = world.github.queueJob({repository: 'acme/app', labels: ['self-hosted', 'arm64'], durationMs: 60_000});
  await world.begin(prepared);
  world.seconds(120);
  expect(job.conclusion).toBe('success');
  expect((await world.provider.list()).machines).toMatchObject([{name: NAME, status: 'stopped'}]);
  expect(world.killed).toEqual([]);
  await world.close();
});

test('one that is left waiting while it runs powers off after a quarter of an hour', async () => {
  const world = await open();
  const {machine} = await world.prepare('suspended');
  world.seconds(SECONDS.boot + 14 * 60);
  expect(await world.standby.look(machine)).toMatchObject({state: 'prepared'});
  world.seconds(2 * 60);
  expect(await world.standby.look(machine)).toMatchObject({state: 'failed'});
  await world.close();
});

test('one whose startup script dies never reports', async () => {
  const world = await open(true);
  const {machine} = await world.prepare('stopped');
  world.seconds(3600);
  expect(await world.standby.look(machine)).toMatchObject({state: 'preparing'});
  await world.close();
});
