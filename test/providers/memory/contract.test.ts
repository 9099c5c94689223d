import type {Pool} from '../../../shared/model/pool';
import {aPool} from '../../builders/lifecycle';
import {describeProvider} from '../../contracts/provider';
import {createMemoryProvider, MEMORY, MEMORY_IDS, type MemorySettings} from '../../emulators/memory/provider';
import {memoryService} from '../../emulators/memory/service';
import {MEMORY_PLACES, MemoryWorld} from '../../emulators/memory/world';
import {VirtualScheduler} from '../../emulators/scheduler';

describe.each([
  {type: MEMORY, identity: 'name'},
  {type: MEMORY_IDS, identity: 'id'},
] as const)('$type', ({type, identity}) => {
  describeProvider('a provider in memory', async () => {
    const scheduler = new VirtualScheduler();
    const world = new MemoryWorld({scheduler, identity, startMs: 0});
    const provider: MemorySettings = {type, places: MEMORY_PLACES, spot: 'never'};
    let isUp = true;
    const service = new Proxy(memoryService(world), {
      get: (target, key, receiver) =>
        isUp ? Reflect.get(target, key, receiver) : () => Promise.reject(new Error('no answer')),
    });
    const changedTo = (pool: Partial<Pool>) =>
      createMemoryProvider({
        ...{type, service, clock: scheduler},
        ...{deployment: 'slipway', pools: [aPool({provider, ...pool})]},
      });
    return {
      provider: changedTo({}),
      identity,
      changed: () => changedTo({name: 'other', provider: {...provider, places: ['elsewhere']} as MemorySettings}),
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
});
