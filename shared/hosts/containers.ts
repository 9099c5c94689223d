import {askToGo, type ContainerDocument, isContainerOver, newContainer} from '../model/container';
import {type Host, type HostDocument, isDocker, isSilent, newHost, slotsOfHost, withWork} from '../model/host';
import {parseRunnerName} from '../model/names';
import {newSlot, slotIsFree} from '../model/slot';
import type {Context} from '../ports';
import type {ContainerHosts, ContainerToAssign} from '../providers/container-hosts';
import type {Finding, Machine} from '../providers/provider';
import {findFreeSlot} from '../runners/slots';
import type {Transaction} from '../store/store';
import {whyVmIsDown} from './host-vm';
import {describeHost, isUsable, openContainers, readHosts, whyUnheard} from './hosts';
import {startVms} from './start-vm';

/** Attempts to take a slot of a host, each after another execution took the slot of the attempt before. */
const MAX_ROUNDS = 12;

type HostContext = Pick<Context, 'deployment' | 'pools' | 'hosts' | 'store' | 'clock' | 'random' | 'vm' | 'tasks'>;

/** The Docker hosts as provider `docker` sees them, on record in the store. */
export function createContainerHosts(context: HostContext): ContainerHosts {
  const {store, clock, hosts} = context;
  return {
    async withRoom(names) {
      const known = await readHosts(context, names);
      const free = known.filter(({silent, used, capacity}) => !silent && used < capacity);
      return free.sort((a, b) => a.used / a.capacity - b.used / b.capacity).map(({name}) => name);
    },

    async describe(names) {
      const known = await readHosts(context, names);
      return known.length === 0 ? 'found no host of the pool in hosts' : known.map(describeHost).join('; ');
    },

    startVms: (names, wanted) => startVms(context, names, wanted),

    assign: (container) => assign(context, container),

    async find(name) {
      const container = await store.get('containers', name);
      if (container && !isContainerOver(container)) return machineOf(container);
      return (await listUnknown(context, await readDocuments(context), new Set())).find(
        (machine) => machine.name === name,
      );
    },

    askToGo: (name) => requestRemoval(context, name),

    async list() {
      const open = (await openContainers(store)).filter((container) => !isContainerOver(container));
      const known = new Set(open.map(({name}) => name));
      const documents = await readDocuments(context);
      const machines = [...open.map(machineOf), ...(await listUnknown(context, documents, known))];
      const unreadPlaces = hosts.flatMap(({name, vm}, index) => {
        const document = documents[index];
        const isDown = vm !== undefined && (document?.vmIsDown ?? typeof document?.seenAt !== 'number');
        // On a VM that is down nothing runs, and what was there is on record as long as it matters.
        const hasNothing = isDown && open.every(({host}) => host !== name);
        return isSilent(document, clock.now()) && !hasNothing ? [name] : [];
      });
      return unreadPlaces.length === 0 ? {machines, complete: true} : {machines, complete: false, unreadPlaces};
    },

    check: (names) => check(context, names),
  };
}

type Assigned = Awaited<ReturnType<ContainerHosts['assign']>>;

/** Takes a slot of the host and records the container, in one transaction: a host never has more containers than its capacity. */
async function assign(context: HostContext, wanted: ContainerToAssign): Promise<Assigned> {
  const {store, random, hosts} = context;
  const capacity = hosts.find(({name}) => name === wanted.host)?.capacity ?? 0;
  for (let round = 0; round < MAX_ROUNDS; round++) {
    const slot = await findFreeSlot(store, {pool: slotsOfHost(wanted.host), maxRunners: capacity, random});
    const result = await store.transaction(async (transaction): Promise<Assigned | undefined> => {
      const now = context.clock.now();
      const existing = await transaction.get('containers', wanted.name);
      const host = await transaction.get('hosts', wanted.host);
      const document = slot && (await transaction.get('slots', slot.id));
      if (existing) return isContainerOver(existing) ? {kind: 'taken'} : {kind: 'assigned', host: existing.host};
      if (!slot || !host || isSilent(host, now)) return {kind: 'full'};
      // mutation: slot of host taken
      if (!slotIsFree(document)) return undefined;
      transaction.set('slots', slot.id, newSlot(slot, wanted.name, now));
      transaction.set('containers', wanted.name, newContainer({...wanted, slot: slot.id, now}));
      transaction.set('hosts', wanted.host, withWork(host, now));
      return {kind: 'assigned', host: wanted.host};
    });
    if (result) return result;
  }
  return {kind: 'full'};
}

/** Asks the host of the container to remove it. Of a container on no record, the host that reports it. */
async function requestRemoval(context: HostContext, name: string): Promise<'accepted' | 'absent'> {
  const {store, clock} = context;
  const reporting = (await store.get('containers', name)) ? undefined : await hostThatReports(context, name);
  return store.transaction(async (transaction) => {
    const now = clock.now();
    const container = (await transaction.get('containers', name)) ?? foreignRecord(context, name, reporting, now);
    if (!container || isContainerOver(container)) return 'absent';
    const host = (await transaction.get('hosts', container.host)) ?? newHost(container.host, now);
    const next = askToGo(container, now);
    if (container.slot !== null && next.slot === null) await freeSlot(transaction, container, now);
    transaction.set('containers', name, next);
    if (!container.leaving) transaction.set('hosts', host.name, withWork(host, now));
    return isContainerOver(next) ? 'absent' : 'accepted';
  });
}

/** Frees the container's slot of its host's capacity. Reads, so it comes before every write of the transaction. */
export async function freeSlot(transaction: Transaction, {slot, name}: ContainerDocument, now: number): Promise<void> {
  const document = slot === null ? undefined : await transaction.get('slots', slot);
  if (slot !== null && document?.holder === name) transaction.set('slots', slot, newSlot(document, null, now));
}

/** A container that a host reports and that is on no record: its record was lost, or it expired. */
function foreignRecord(
  {deployment}: HostContext,
  name: string,
  host: HostDocument | undefined,
  now: number,
): ContainerDocument | undefined {
  const reported = host?.report.find((each) => each.name === name);
  if (!host || !reported) return undefined;
  const pool = parseRunnerName(deployment, name)?.pool ?? '';
  const {state, exitCode, startedAt} = reported;
  return {
    ...newContainer({name, host: host.name, pool, slot: '', now}),
    slot: null,
    state: state === 'exited' ? 'exited' : 'confirmed',
    reported: state,
    exitCode,
    startedAt,
    reportedAt: host.seenAt,
  };
}

/** What the host reports, without names of pools that have no container there: a host's token says nothing about other pools' machines. */
function reportOf(
  {deployment, pools}: Pick<HostContext, 'deployment' | 'pools'>,
  host: HostDocument | undefined,
): HostDocument['report'] {
  return (host?.report ?? []).filter(({name}) => {
    const pool = pools.find((each) => each.name === parseRunnerName(deployment, name)?.pool);
    return !host || !pool || (isDocker(pool) && pool.provider.hosts.includes(host.name));
  });
}

async function hostThatReports(context: HostContext, name: string): Promise<HostDocument | undefined> {
  for (const host of context.hosts) {
    const document = await context.store.get('hosts', host.name);
    if (reportOf(context, document).some((each) => each.name === name)) return document;
  }
  return undefined;
}

/** What is on record of each configured host, in their order; undefined: nothing. */
function readDocuments({store, hosts}: HostContext): Promise<(HostDocument | undefined)[]> {
  return Promise.all(hosts.map(({name}) => store.get('hosts', name)));
}

/** Containers that hosts report and that are on no record as theirs. */
async function listUnknown(
  context: HostContext,
  documents: readonly (HostDocument | undefined)[],
  known: ReadonlySet<string>,
): Promise<Machine[]> {
  const {store, deployment, clock} = context;
  const machines: Machine[] = [];
  for (const document of documents) {
    for (const {name, state, startedAt} of reportOf(context, document)) {
      if (known.has(name) || (await store.get('containers', name))) continue;
      machines.push({
        name,
        id: name,
        place: document?.name ?? '',
        status: state === 'exited' ? 'stopped' : 'running',
        createdAt: startedAt ?? clock.now(),
        pool: parseRunnerName(deployment, name)?.pool ?? '',
        isKept: false,
      });
    }
  }
  return machines;
}

function machineOf(container: ContainerDocument): Machine {
  const {name, host, pool, createdAt} = container;
  return {name, id: name, place: host, status: statusOf(container), createdAt, pool, isKept: false};
}

function statusOf({state, leaving, reported}: ContainerDocument): Machine['status'] {
  if (state === 'exited') return 'stopped';
  if (leaving) return 'stopping';
  return state === 'confirmed' && reported === 'running' ? 'running' : 'starting';
}

async function check(context: HostContext, names: readonly string[]): Promise<readonly Finding[]> {
  const known = await readHosts(context, names);
  const findings = known.map(async (host): Promise<Finding> => {
    const because = describeHost(host);
    const status = known.some((other) => other !== host && isUsable(other)) ? 'warning' : 'error';
    const unheard = whyUnheard(host);
    if (unheard) return {status, ...unheard};
    if (!host.silent) return {status: 'ok', because, do: 'Nothing to do.'};
    const down = await whyVmIsDown(context, host);
    if (down !== undefined) return {status: 'ok', because: down, do: 'Nothing to do.'};
    const advice = 'Does its agent run, and does it reach the API? journalctl --unit slipway-docker-host tells.';
    return {status, because, do: advice};
  });
  return Promise.all(findings);
}

/** A host by its name, if the configuration has it. */
export function hostNamed({hosts}: Pick<Context, 'hosts'>, name: string): Host | undefined {
  return hosts.find((host) => host.name === name);
}
