import type {Clock} from '../../../shared/clock';
import {Unavailable} from '../../../shared/errors';
import type {Placement} from '../../../shared/model/placement';
import {isEphemeral, type Pool, type ProviderSettings} from '../../../shared/model/pool';
import {maxLifetimeMs} from '../../../shared/model/runner';
import type {
  CreateOutcome,
  CreateRequest,
  Machine,
  MachineReference,
  RunnerProvider,
} from '../../../shared/providers/provider';
import type {MemoryService} from './service';
import {type MemoryMachine, MemoryRefusal, type MemoryRequest, UNSEEN_MS} from './world';

/** The types that pools and records name. `memory-ids`: its service knows machines by ids alone. */
export const MEMORY = 'memory';
export const MEMORY_IDS = 'memory-ids';
export type MemoryType = typeof MEMORY | typeof MEMORY_IDS;

export function isInMemory(type: string | undefined): type is MemoryType {
  return type === MEMORY || type === MEMORY_IDS;
}

/** Its pools' settings, which nobody else reads. */
export interface MemorySettings extends ProviderSettings {
  readonly type: MemoryType;
  readonly places: readonly string[];
  readonly spot: 'never' | 'prefer' | 'only';
}

export interface MemoryProviderOptions {
  readonly type: MemoryType;
  readonly service: MemoryService;
  readonly clock: Clock;
  readonly deployment: string;
  readonly pools: readonly Pool[];
}

/** How often a creation without an answer is sent in one place. */
const TRIES = 2;
const RETRY_SECONDS = 10;

/**
 * A provider that exists in tests alone, written from the contract: what it needs beyond it is a fault of the contract. It differs from Compute
 * Engine where the contract lets it: a creation is not awaited, a machine's identity is an id, and a list that lacks places says which. With
 * `memory-ids` names are mere labels: what is not known by its id is looked for in the list.
 */
export function createMemoryProvider(options: MemoryProviderOptions): RunnerProvider {
  const {type, service, deployment, pools} = options;
  const ownPools = new Map(pools.filter((pool) => isMemory(type, pool)).map((pool) => [pool.name, pool]));

  const look = async ({name, id}: MachineReference): Promise<MemoryMachine | undefined> => {
    const machine = await answer(
      type === MEMORY ? service.find(name) : id ? service.get(id) : findListed(options, name),
    );
    return machine?.deployment === deployment ? machine : undefined;
  };

  const placements = async (name: string, poolName: string): Promise<readonly Placement[]> => {
    const pool = ownPools.get(poolName);
    if (!pool) return [];
    const {places, spot} = pool.provider;
    const turn = [...name].reduce((sum, character) => sum + character.charCodeAt(0), 0) % places.length;
    const order = [...places.slice(turn), ...places.slice(0, turn)];
    const models = spot === 'prefer' ? [true, false] : [spot === 'only'];
    return models.flatMap((isSpot) => order.map((place) => ({place, spot: isSpot})));
  };

  return {
    registration: 'create',

    placements: ({name, pool}) => placements(name, pool),

    async create(request) {
      const pool = ownPools.get(request.pool);
      if (!pool) return {kind: 'refused', message: `found no pool ${request.pool} of memory`};
      const tried: Placement[] = [];
      for (const placement of await placements(request.name, request.pool)) {
        await request.beforeInsert(placement);
        const outcome = await attempt(options, requestOf(request, pool, deployment, placement), placement);
        if (outcome !== 'full') return outcome;
        tried.push(placement);
      }
      return {kind: 'no_capacity', tried, message: `no place of pool ${request.pool} has room`};
    },

    async find(reference) {
      const machine = await look(reference);
      return machine && machineOf(machine);
    },

    async delete(reference) {
      const machine = await look(reference);
      return machine ? answer(service.delete(machine.id)) : 'absent';
    },

    async list() {
      const {machines, unreadPlaces} = await answer(service.list(deployment));
      const seen = machines.map(machineOf);
      if (unreadPlaces.length === 0) return {machines: seen, complete: true};
      return {machines: seen, complete: false, unreadPlaces};
    },

    wasPreempted: async ({id}) => id !== undefined && answer(service.wasPreempted(id)),

    async check() {
      try {
        await answer(service.list(deployment));
        return [{status: 'ok', because: 'the memory answers', do: 'Nothing to do.'}];
      } catch (error) {
        if (!(error instanceof Unavailable)) throw error;
        return [{status: 'skipped', because: error.message, do: 'Try again in a minute.', isSilent: true}];
      }
    },
  };
}

function isMemory(type: MemoryType, pool: Pool): pool is Pool & {readonly provider: MemorySettings} {
  return isEphemeral(pool) && pool.provider.type === type;
}

function requestOf(
  {name, job, encodedJitConfig}: CreateRequest,
  pool: Pool,
  deployment: string,
  {place, spot}: Placement,
): MemoryRequest {
  const jitConfig = encodedJitConfig.reveal();
  return {name, deployment, pool: pool.name, job, place, isSpot: spot, jitConfig, lifetimeMs: maxLifetimeMs(pool)};
}

/** Of two machines of the same name, the older one. */
async function findListed(
  {service, deployment}: MemoryProviderOptions,
  name: string,
): Promise<MemoryMachine | undefined> {
  const {machines, unreadPlaces} = await service.list(deployment);
  const found = machines.find((machine) => machine.name === name);
  if (!found && unreadPlaces.length > 0) throw new RangeError(`${name} may be in a place that was not listed`);
  return found;
}

/**
 * What was sent without an answer is sent once more. Where the service would make another machine of it, it is looked for first, once the
 * service must show it.
 */
async function attempt(
  {type, service, clock, ...options}: MemoryProviderOptions,
  request: MemoryRequest,
  placement: Placement,
): Promise<CreateOutcome | 'full'> {
  for (let tries = 1; ; tries++) {
    try {
      const machine = await service.create(request);
      // Until then a deletion would find nothing.
      if (type === MEMORY_IDS) await clock.sleep(UNSEEN_MS);
      return created(machine);
    } catch (error) {
      if (error instanceof MemoryRefusal) return refused(error, placement);
      const uncertain = {kind: 'uncertain', placement, message: 'the memory does not answer'} as const;
      if (type === MEMORY_IDS) {
        await clock.sleep(UNSEEN_MS);
        const found = await findListed({type, service, clock, ...options}, request.name).catch(
          () => 'unknown' as const,
        );
        if (found === 'unknown') return uncertain;
        if (found) return created(found);
      }
      if (tries === TRIES) return uncertain;
    }
  }
}

function created({id, place, isSpot}: MemoryMachine): CreateOutcome {
  return {kind: 'created', id, placement: {place, spot: isSpot}};
}

function refused({reason, message}: MemoryRefusal, placement: Placement): CreateOutcome | 'full' {
  switch (reason) {
    case 'full':
      return 'full';
    case 'quota':
      return {kind: 'quota', message, quotaScope: QUOTA_SCOPE};
    case 'taken':
      return {kind: 'name_taken', placement, message};
    case 'rate':
      return {kind: 'rate_limited', message, retryAfterSeconds: RETRY_SECONDS};
  }
}

/** All places have one quota. */
export const QUOTA_SCOPE = 'the-harbour';

async function answer<T>(work: Promise<T>): Promise<T> {
  try {
    return await work;
  } catch (error) {
    throw new Unavailable('the memory does not answer', RETRY_SECONDS, {cause: error});
  }
}

function machineOf({id, name, place, pool = '', state, createdAtMs, isKept}: MemoryMachine): Machine {
  return {name, id, place, status: state, createdAt: createdAtMs, pool, isKept};
}
