import type {ProviderTypes} from '../../shared/providers/registry';
import {createMemoryProvider, MEMORY, MEMORY_IDS, type MemoryType} from '../emulators/memory/provider';
import {type MemoryService, memoryService} from '../emulators/memory/service';
import {MemoryWorld} from '../emulators/memory/world';
import type {Scheduler} from '../emulators/scheduler';
import type {FaultyPorts} from './faulty-ports';

/** The provider that exists in tests alone, in a simulated world. `providers`: on a service with the faults of the scenario. */
export function simulateMemory(scheduler: Scheduler, type: MemoryType) {
  const world = new MemoryWorld({scheduler, identity: type === MEMORY ? 'name' : 'id'});
  return {
    world,
    providers: (ports: FaultyPorts) => over(ports.machines(memoryService(world), (ms) => scheduler.sleep(ms))),
    undisturbed: over(memoryService(world)),
  };
}

function over(service: MemoryService): ProviderTypes {
  const ofType = (type: MemoryType): ProviderTypes => ({
    [type]: ({config: {deployment, pools}, clock}) => createMemoryProvider({type, service, clock, deployment, pools}),
  });
  return {...ofType(MEMORY), ...ofType(MEMORY_IDS)};
}
