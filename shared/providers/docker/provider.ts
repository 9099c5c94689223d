import {SlipwayError} from '../../errors';
import type {DockerPool} from '../../model/host';
import type {Placement} from '../../model/placement';
import type {ContainerHosts} from '../container-hosts';
import type {CreateOutcome, CreateRequest, RunnerProvider} from '../provider';

export interface DockerProviderOptions {
  readonly hosts: ContainerHosts;
  readonly pools: readonly DockerPool[];
}

/**
 * Containers on Docker hosts. No call reaches a host: a creation is an assignment on record, which the host picks up with its next sync; what
 * the provider knows is what hosts reported last. A name has one container.
 */
export function createDockerProvider({hosts, pools}: DockerProviderOptions): RunnerProvider {
  const hostsOf = new Map(pools.map(({name, provider}) => [name, provider.hosts]));

  const placements = async (pool: string): Promise<readonly Placement[]> =>
    (await hosts.withRoom(hostsOf.get(pool) ?? [])).map((place) => ({place, spot: false}));

  async function create({name, pool, job, beforeInsert}: CreateRequest): Promise<CreateOutcome> {
    const named = hostsOf.get(pool);
    if (!named) return {kind: 'refused', message: `found no pool ${pool} of type docker`};
    const tried: Placement[] = [];
    for (const placement of await placements(pool)) {
      await beforeInsert(placement);
      const result = await hosts.assign({name, pool, host: placement.place});
      switch (result.kind) {
        case 'assigned':
          return {kind: 'created', placement: {...placement, place: result.host}, id: name};
        case 'taken':
          return {kind: 'name_taken', placement, message: `a container ${name} was on a host before`};
        case 'full':
          tried.push(placement);
      }
    }
    const {refused, waits} = await hosts.startVms(named, {job, runner: name});
    if (refused !== undefined) return {kind: 'refused', message: refused};
    return {kind: 'no_capacity', tried, message: [await hosts.describe(named), ...waits].join('; ')};
  }

  return {
    registration: 'pickup',
    placements: ({pool}) => placements(pool),
    create,
    find: ({name}) => hosts.find(name),
    delete: ({name}) => hosts.askToGo(name),
    list: () => hosts.list(),
    async check(pool) {
      try {
        return await hosts.check(hostsOf.get(pool) ?? []);
      } catch (error) {
        if (!(error instanceof SlipwayError)) throw error;
        return [{status: 'skipped', because: error.message, do: 'Try again in a minute.', isSilent: true}];
      }
    },
  };
}
