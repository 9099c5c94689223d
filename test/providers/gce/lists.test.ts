import {createCompute} from '../../../shared/providers/gce/client/client';
import type {Compute} from '../../../shared/providers/gce/client/compute';
import {ComputeApi} from '../../emulators/compute/api';
import {directCompute} from '../../emulators/compute/direct';
import {ComputeWorld} from '../../emulators/compute/model';
import {ComputeServer} from '../../emulators/compute/server';
import {VirtualScheduler} from '../../emulators/scheduler';
import {SeededRandom} from '../../emulators/seeded-random';

const ZONE = 'us-central1-a';
const OURS = {'slipway-deployment': 'slipway'};

describe.each(['over HTTP', 'directly'])('lists of Compute Engine, %s', (how) => {
  let world: ComputeWorld;
  let server: ComputeServer | undefined;
  let scheduler: VirtualScheduler;
  let compute: Compute;
  beforeEach(async () => {
    scheduler = new VirtualScheduler();
    world = new ComputeWorld({scheduler, random: new SeededRandom(1)});
    server = how === 'directly' ? undefined : new ComputeServer(world);
    const emulator = await server?.listen();
    compute = emulator
      ? createCompute({project: 'p', clock: scheduler, emulator})
      : directCompute(new ComputeApi(world));
  });
  afterEach(() => server?.close());

  test('contain this deployment’s instances of every zone, from all pages', async () => {
    for (let i = 0; i < 620; i++) world.addInstance({name: `vm-${i}`, zone: ZONE, labels: OURS});
    world.addInstance({
      name: 'far',
      zone: 'europe-west1-b',
      labels: {...OURS, 'slipway-pool': 'arm'},
      status: 'RUNNING',
    });
    world.addInstance({name: 'foreign', zone: ZONE, labels: {'slipway-deployment': 'other'}});
    world.addInstance({name: 'unlabelled', zone: ZONE});
    const found = await compute.listInstances(OURS);
    expect(found).toHaveLength(621);
    expect(found.find(({name}) => name === 'far')).toMatchObject({
      zone: 'europe-west1-b',
      status: 'RUNNING',
      labels: {'slipway-pool': 'arm'},
    });
  });

  test('throw while a zone cannot be reached', async () => {
    world.addInstance({name: 'vm', zone: ZONE, labels: OURS});
    world.catalog.setZoneStatus('us-central1-b', 'DOWN');
    await expect(compute.listInstances(OURS)).rejects.toMatchObject({code: 'UNREACHABLE', retryable: true});
  });

  test('distinguish a preempted VM from a deleted one', async () => {
    const spot = {provisioningModel: 'SPOT', instanceTerminationAction: 'DELETE'};
    const taken = world.addInstance({name: 'vm-1', zone: ZONE, scheduling: spot, status: 'RUNNING'});
    world.addInstance({name: 'vm', zone: ZONE, status: 'RUNNING'});
    world.preempt(taken);
    world.delete(ZONE, 'vm');
    scheduler.advance(120_000);
    expect(await compute.wasPreempted(ZONE, 'vm-1')).toBe(true);
    expect(await compute.wasPreempted(ZONE, 'vm')).toBe(false);
  });
});
