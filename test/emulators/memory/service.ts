import type {MemoryMachine, MemoryRequest, MemoryWorld} from './world';

/** The service of the provider that exists in tests alone, as its client calls it. Rejects with `MemoryRefusal`, or anything else for no answer. */
export interface MemoryService {
  create(request: MemoryRequest): Promise<MemoryMachine>;
  /** By its name, where no two machines have the same one. */
  find(name: string): Promise<MemoryMachine | undefined>;
  get(id: string): Promise<MemoryMachine | undefined>;
  list(
    deployment: string,
  ): Promise<{readonly machines: readonly MemoryMachine[]; readonly unreadPlaces: readonly string[]}>;
  delete(id: string): Promise<'accepted' | 'absent'>;
  wasPreempted(id: string): Promise<boolean>;
}

/** The service over a world, without faults of its own. */
export function memoryService(world: MemoryWorld): MemoryService {
  return {
    create: async (request) => world.create(request),
    find: async (name) => world.find(name),
    get: async (id) => world.get(id),
    list: async (deployment) => world.list(deployment),
    delete: async (id) => world.delete(id),
    wasPreempted: async (id) => world.wasPreempted(id),
  };
}
