import {aPool} from '../../builders/lifecycle';
import {describeProvider} from '../../contracts/provider';
import {createMemoryProvider, MEMORY, type MemorySettings} from '../../emulators/memory/provider';
import {memoryService} from '../../emulators/memory/service';
import {MEMORY_PLACES, MemoryWorld} from '../../emulators/memory/world';
import {VirtualScheduler} from '../../emulators/scheduler';

describeProvider('a provider in memory', async () => {
  const scheduler = new VirtualScheduler();
  const world = new MemoryWorld({scheduler, startMs: 0});
  const provider: MemorySettings = {type: MEMORY, places: MEMORY_PLACES, spot: 'never'};
  let isUp = true;
  const service = new Proxy(memoryService(world), {
    get: (target, key, receiver) =>
      isUp ? Reflect.get(target, key, receiver) : () => Promise.reject(new Error('no answer')),
  });
  return {
    provider: createMemoryProvider({service, deployment: 'slipway', pools: [aPool({provider})]}),
    machines: () =>
      world
        .machines()
        .filter(({state}) => state !== 'stopping')
        .map(({name, place}) => ({name, place})),
    plantForeign: async (name) => world.add({name, deployment: 'another', isRunning: true}),
    keep: async (name) => {
      const machine = world.find(name);
      if (machine) machine.isKept = true;
    },
    fail: () => {
      isUp = false;
    },
    now: () => scheduler.now(),
    close: async () => undefined,
  };
});
