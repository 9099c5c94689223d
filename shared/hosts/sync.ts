import {
  type ContainerDocument,
  isAtRest,
  isContainerOver,
  isStuck,
  type ReportedContainer,
  reportContainer,
  settleContainer,
} from '../model/container';
import {
  type Host,
  type HostDocument,
  hostSeen,
  isSilent,
  isUnchanged,
  newHost,
  SEEN_INTERVAL_MS,
  waitSeconds,
} from '../model/host';
import {isOver} from '../model/runner';
import {type Context, poolOf} from '../ports';
import {failRunner} from '../runners/fail';
import {createContainerHosts, freeSlot} from './containers';
import {concludeContainer} from './endings';
import {handOverContainers, type StartEntry} from './hand-over';
import {vmOfHost} from './host-vm';
import {openContainers} from './hosts';
import {lookForRegistration} from './registrations';
import {noteCall, planCheck} from './start-vm';
import {poolsOfHost, serveWaiting} from './waiting';

/** What an agent says with one sync. */
export interface HostReport {
  /** Version of the agent. */
  readonly agent: string;
  /** Every container of this deployment on the host. */
  readonly containers: readonly ReportedContainer[];
}

/** What the agent is told. */
export interface HostOrders {
  readonly start: readonly StartEntry[];
  /** Names of containers to remove. */
  readonly remove: readonly string[];
  /** Images to pull ahead. */
  readonly images: readonly string[];
  readonly wait_seconds: number;
}

/**
 * One sync of a host: records what it reports, what follows from that for runners, and answers what it has to do. A sync that changes nothing
 * reads the host's document and writes none. Safe to repeat, and at the same time as another one of the same host.
 */
export async function syncHost(context: Context, host: Host, report: HostReport): Promise<HostOrders> {
  const receivedAt = context.clock.now();
  const document = (await context.store.get('hosts', host.name)) ?? newHost(host.name, receivedAt);
  const images = imagesOf(context, host.name);
  const isBack = isSilent(document, receivedAt);
  if (!isBack && isUnchanged(document, report.agent, report.containers)) {
    if (receivedAt - (document.seenAt ?? 0) >= SEEN_INTERVAL_MS) await touch(context, host.name, receivedAt);
    return {start: [], remove: [], images, wait_seconds: waitSeconds(document, receivedAt)};
  }

  const vm = vmOfHost(context, host);
  if (vm && isBack && (await noteCall(context, vm, receivedAt)) === 'down') {
    return {start: [], remove: [], images: [], wait_seconds: waitSeconds(document, receivedAt)};
  }
  const reported = new Map(report.containers.map((container) => [container.name, container]));
  const open = await openContainers(context.store, host.name);
  let freed = 0;
  const current: ContainerDocument[] = [];
  for (const container of open) {
    const next = await recordReport(context, container, reported.get(container.name), receivedAt);
    if (container.slot !== null && next.slot === null) freed++;
    const concluded = await conclude(context, next);
    current.push(await endIfStuck(context, concluded, receivedAt));
  }
  const start = await handOverContainers(
    context,
    current.filter(({state, leaving}) => state === 'assigned' && !leaving),
  );
  const remove = await namesToRemove(context, report.containers, current);
  const isSettled = remove.length === 0 && start.length === 0 && current.every(isSettledNow);
  const updated = await recordHost(context, document, report, isSettled, receivedAt);
  // What found no room on this host before may be there now.
  const cause = `room-on-${host.name}-${receivedAt}`;
  if (freed > 0 || isBack) await serveWaiting(context, host.name, {most: isBack ? host.capacity : freed, cause});
  if (vm && document.idleSince === null && updated.idleSince !== null) {
    await planCheck(context, vm, host.idleMinutes * 60);
  }
  return {start, remove, images, wait_seconds: waitSeconds(updated, receivedAt)};
}

function isSettledNow(container: ContainerDocument): boolean {
  return isAtRest(container) || (isContainerOver(container) && !container.pending);
}

/** The images of the pools that run on the host. */
function imagesOf(context: Context, host: string): string[] {
  const own = poolsOfHost(context, host);
  return [...new Set(own.map(({provider}) => provider.image))];
}

async function touch({store}: Context, name: string, at: number): Promise<void> {
  await store.transaction(async (transaction) => {
    const host = await transaction.get('hosts', name);
    if (host && (host.seenAt ?? 0) < at) transaction.set('hosts', name, {...host, seenAt: at});
  });
}

/** Records what the report says of one container. Its slot frees in the same transaction. */
async function recordReport(
  {store}: Context,
  seen: ContainerDocument,
  reported: ReportedContainer | undefined,
  receivedAt: number,
): Promise<ContainerDocument> {
  if (reportContainer(seen, reported, receivedAt) === seen) return seen;
  return store.transaction(async (transaction) => {
    const container = await transaction.get('containers', seen.name);
    if (!container) return seen;
    const next = reportContainer(container, reported, receivedAt);
    if (next === container) return container;
    if (container.slot !== null && next.slot === null) await freeSlot(transaction, container, receivedAt);
    transaction.set('containers', next.name, next);
    return next;
  });
}

/** Does what follows for the runner from the container's end, once. A failure leaves it to the next sync. */
async function conclude(context: Context, container: ContainerDocument): Promise<ContainerDocument> {
  if (!container.pending) return container;
  const {name, pool, host, state} = container;
  try {
    if ((await concludeContainer(context, container)) === 'later') return container;
  } catch (error) {
    const fields = {runner: name, pool, host, error};
    context.logger.warning(`what follows from the end of ${name} is left to the next sync`, {
      decision: 'retry',
      ...fields,
    });
    return container;
  }
  return context.store.transaction(async (transaction) => {
    const read = await transaction.get('containers', name);
    if (read?.state !== state) return read ?? container;
    const settled = settleContainer(read);
    transaction.set('containers', name, settled);
    return settled;
  });
}

/**
 * Counts a container as a failed boot and removes it that was created and not started for `bootMinutes`, or whose image did not register its
 * runner in this time.
 */
async function endIfStuck(context: Context, container: ContainerDocument, now: number): Promise<ContainerDocument> {
  const {name, pool, host} = container;
  try {
    const looked = await lookForRegistration(context, container, now);
    const isLate = isStuck(container, poolOf(context, pool)?.bootMinutes ?? Number.POSITIVE_INFINITY, now);
    if (!isLate && !looked.isMissing) return looked.container;
    const words = isLate
      ? 'was created and not started within bootMinutes; the log of the agent on its host has the reason'
      : 'did not register within bootMinutes; does its image register it as {runner_name}, with {registration_token}?';
    if ((await failRunner(context, name, {mayBeUnregistered: true, failedToBoot: words})) === 'alive') return container;
    await createContainerHosts(context).askToGo(name);
    return (await context.store.get('containers', name)) ?? container;
  } catch (error) {
    context.logger.warning(`${name} is looked at again`, {decision: 'retry', runner: name, pool, host, error});
    return container;
  }
}

/** Containers that the host reports and that nobody needs any more. */
async function namesToRemove(
  {store}: Context,
  containers: readonly ReportedContainer[],
  open: readonly ContainerDocument[],
): Promise<string[]> {
  const known = new Map(open.map((container) => [container.name, container]));
  const remove: string[] = [];
  for (const {name, state} of containers) {
    const container = known.get(name) ?? (await store.get('containers', name));
    if (container && !isContainerOver(container)) {
      if (container.leaving) remove.push(name);
      continue;
    }
    // Taken back, or on no record: it goes, unless its runner is alive after all. What is on no record and runs is left to the sweep.
    const runner = state === 'exited' ? undefined : await store.get('runners', name);
    const isNotNeeded = container ? !runner || isOver(runner) : state === 'exited';
    if (isNotNeeded) remove.push(name);
  }
  return remove;
}

/** Writes what the host said, if that is news, or old. A later sync that was faster is not overwritten. */
async function recordHost(
  {store}: Context,
  read: HostDocument,
  {agent, containers}: HostReport,
  isSettled: boolean,
  receivedAt: number,
): Promise<HostDocument> {
  const settledVersion = isSettled ? read.version : null;
  const hasWork = containers.length > 0 || !isSettled;
  return store.transaction(async (transaction) => {
    const host = (await transaction.get('hosts', read.name)) ?? read;
    if ((host.seenAt ?? 0) > receivedAt) return host;
    const next = hostSeen(host, {agent, report: containers, settledVersion, hasWork}, receivedAt);
    const isNews =
      host.seenAt === null ||
      receivedAt - host.seenAt >= SEEN_INTERVAL_MS ||
      host.settledVersion !== settledVersion ||
      (host.idleSince === null) !== (next.idleSince === null) ||
      !isUnchanged({...host, settledVersion: host.version}, agent, containers);
    if (!isNews) return host;
    transaction.set('hosts', host.name, next);
    return next;
  });
}
