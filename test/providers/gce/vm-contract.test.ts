import {createCompute} from '../../../shared/providers/gce/client/client';
import type {Compute} from '../../../shared/providers/gce/client/compute';
import {createGceVm} from '../../../shared/providers/gce/vm';
import {describePersistentVm, type VmUnderTest} from '../../contracts/vm';
import {ComputeApi} from '../../emulators/compute/api';
import {directCompute} from '../../emulators/compute/direct';
import {ComputeWorld} from '../../emulators/compute/model';
import {ComputeServer} from '../../emulators/compute/server';
import {VirtualScheduler} from '../../emulators/scheduler';
import {SeededRandom} from '../../emulators/seeded-random';

const VM = {instance: 'build-server', zone: 'us-central1-a'};

function aWorld() {
  const clock = new VirtualScheduler();
  const world = new ComputeWorld({scheduler: clock, random: new SeededRandom(7)});
  return {clock, world, instance: world.addInstance({name: VM.instance, zone: VM.zone})};
}

function under(
  {clock, world, instance}: ReturnType<typeof aWorld>,
  compute: Compute,
  rest: Pick<VmUnderTest, 'api' | 'close'>,
): VmUnderTest {
  return {vm: createGceVm({compute, clock, vm: VM}), instance, world, ...rest};
}

describePersistentVm('gce-vm over HTTP', async () => {
  const made = aWorld();
  const server = new ComputeServer(made.world);
  const emulator = await server.listen();
  const compute = createCompute({project: 'p', emulator, clock: made.clock});
  return under(made, compute, {api: server, close: () => server.close()});
});

describePersistentVm('gce-vm on the direct port', async () => {
  const made = aWorld();
  const api = new ComputeApi(made.world);
  return under(made, directCompute(api), {api, close: async () => undefined});
});
