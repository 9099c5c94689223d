import type {Outcome} from '../decisions';
import {MINUTE_MS} from '../durations';
import {LeaseHeld} from '../errors';
import {isContainerOver} from '../model/container';
import {type HostDocument, isSilent, newHost} from '../model/host';
import {isBooting, markUnheard, wasUnheardSince, withVmUp} from '../model/host-vm';
import {LEASE_MS} from '../model/lease';
import {
  isBeingStarted,
  isBeingStopped,
  markRunning,
  markStopped,
  markStopping,
  recordActivity,
  type VmDocument,
} from '../model/vm';
import type {Context} from '../ports';
import {isStopped, isStopping} from '../providers/persistent-vm';
import {giveUpRefused} from '../runners/fail';
import {readVm} from '../vms/document';
import {renewStop} from '../vms/records';
import {toError} from '../vms/vms';
import {findHostVm, type HostVm, vmOfHost} from './host-vm';
import {type KnownHost, openContainers, readHosts} from './hosts';
import {describeSilence, planCheck} from './start-vm';
import {countWaiting, poolsOfHost, runnersWithoutHost, serveWaiting} from './waiting';

/** Time until the next look at a VM that is between up and down, or for which a runner waits. */
const NEXT_CHECK_SECONDS = 60;

/** Runners of one pool that are given up at once. */
const MAX_GIVEN_UP = 200;

/**
 * Checks whether the VM of a host is to be stopped, and stops it: without work for `idleMinutes`, or without a call of its agent in
 * `bootMinutes` since its start. Everything is read afresh, so that a check is safe at any time. Undefined: the VM is no host's.
 */
export async function checkHostVm(context: Context, id: string): Promise<Outcome | undefined> {
  const vm = findHostVm(context, id);
  if (!vm) return undefined;
  const {store, clock} = context;
  const document = await readVm(store, vm, clock.now());
  if (isBeingStopped(document, clock.now())) throw new LeaseHeld(`VM ${vm.instance} is being stopped`, 15);
  const status = await context.vm(vm).status();
  if (status === undefined) return {decision: 'missing'};
  if (isStopped(status)) {
    // A start that Compute Engine has accepted may not show yet.
    if (isBooting(document, vm, clock.now())) return later(context, vm, NEXT_CHECK_SECONDS, 'is starting');
    // It went down by itself, and nobody called.
    const unheardStart = document.state === 'starting' ? document.stateAt : undefined;
    if (unheardStart !== undefined) await giveUpWaiting(context, vm);
    return recordDown(context, vm, 'already_stopped', unheardStart);
  }
  if (isStopping(status)) return later(context, vm, NEXT_CHECK_SECONDS, 'is stopping');

  const host = (await store.get('hosts', vm.host.name)) ?? newHost(vm.host.name, clock.now());
  const isIdle = document.state !== 'starting';
  const since = isIdle ? host.idleSince : document.stateAt;
  // The end of its work plans the next check.
  if (since === null && !isSilent(host, clock.now())) return {decision: 'busy', reason: host.name};
  const minutes = isIdle ? vm.host.idleMinutes : vm.bootMinutes;
  const dueMs = (since ?? document.stateAt) + minutes * MINUTE_MS - clock.now();
  if (dueMs > 0) return later(context, vm, Math.ceil(dueMs / 1000), 'has time left');
  if ((await openContainers(store, host.name)).some((container) => !isContainerOver(container))) {
    return later(context, vm, minutes * 60, 'has containers');
  }
  if (isIdle && (await countWaiting(context, [host.name], 1)) > 0) {
    return later(context, vm, NEXT_CHECK_SECONDS, 'is waited for');
  }
  const unheardStart = isIdle ? undefined : document.stateAt;
  if (unheardStart !== undefined) await giveUpWaiting(context, vm);
  return stopVm(context, vm, host, {state: document.state, unheardStart});
}

async function later(context: Context, vm: HostVm, seconds: number, why: string): Promise<Outcome> {
  await planCheck(context, vm, Math.max(1, seconds));
  return {decision: 'busy', reason: `${vm.host.name} ${why}`};
}

interface Seen {
  readonly state: VmDocument['state'];
  /** When the VM was started, if its agent did not call since. */
  readonly unheardStart: number | undefined;
}

/** Stops the VM, unless the host got work since it was seen, or its agent called. */
async function stopVm(context: Context, vm: HostVm, host: HostDocument, seen: Seen): Promise<Outcome> {
  if (!(await claim(context, vm, host, seen.state))) return {decision: 'void', reason: 'newer_activity'};
  const outcome = await context.vm(vm).stop({onWaiting: async () => void (await renewStop(context, vm, undefined))});
  if (outcome.kind !== 'changed' && outcome.kind !== 'already') {
    // It may be stopping all the same: then the next check finds out.
    if (outcome.kind !== 'uncertain') await cancel(context, vm);
    throw toError(vm, outcome);
  }
  return recordDown(context, vm, outcome.kind === 'changed' ? 'stopped' : 'already_stopped', seen.unheardStart);
}

/** Claims the stop for the time of a lease. From here on the host gets no container: an assignment reads its document. */
async function claim(context: Context, vm: HostVm, seen: HostDocument, state: VmDocument['state']): Promise<boolean> {
  return context.store.transaction(async (transaction) => {
    const now = context.clock.now();
    const document = await readVm(transaction, vm, now);
    const host = (await transaction.get('hosts', seen.name)) ?? seen;
    if (host.version !== seen.version || host.idleSince !== seen.idleSince) return false;
    if (document.state !== state || isBeingStopped(document, now)) return false;
    const stopping = markStopping(recordActivity(document, now), {now, leaseMs: LEASE_MS, drained: []});
    transaction.set('vms', vm.id, stopping);
    transaction.set('hosts', host.name, {...host, vmIsDown: true});
    return true;
  });
}

async function cancel({store, clock}: Context, vm: HostVm): Promise<void> {
  await store.transaction(async (transaction) => {
    const document = await readVm(transaction, vm, clock.now());
    const host = await transaction.get('hosts', vm.host.name);
    transaction.set('vms', vm.id, markRunning(document, clock.now()));
    if (host) transaction.set('hosts', host.name, withVmUp(host));
  });
}

/** Records that the VM is down. What waits starts it again, or another host after a boot that came to nothing. */
async function recordDown(
  context: Context,
  vm: HostVm,
  decision: 'stopped' | 'already_stopped',
  unheardStart?: number,
): Promise<Outcome> {
  const {store, clock, logger} = context;
  await store.transaction(async (transaction) => {
    const now = clock.now();
    const document = await readVm(transaction, vm, now);
    const host = (await transaction.get('hosts', vm.host.name)) ?? newHost(vm.host.name, now);
    // Another execution may be starting the VM again.
    if (isBeingStarted(document, now) && isBooting(document, vm, now)) return;
    const down = unheardStart === undefined ? markStopped(document, now) : markUnheard(document, unheardStart, now);
    transaction.set('vms', vm.id, down);
    transaction.set('hosts', host.name, {...host, vmIsDown: true});
  });
  const fields = {vm: vm.instance, host: vm.host.name};
  if (unheardStart !== undefined) {
    const minutes = `${vm.bootMinutes} minutes`;
    const message = `the agent on VM ${vm.instance} did not call within ${minutes} of its start: the VM is stopped`;
    logger.error(message, {decision: 'alert', reason: 'host_silent', ...fields});
  }
  const cause = `vm-stopped-${vm.id}-${clock.now()}`;
  const served = await serveWaiting(context, vm.host.name, {most: vm.host.capacity, cause});
  if (served > 0 && unheardStart === undefined) {
    const message = `a job came while VM ${vm.instance} stopped: it is started again`;
    logger.warning(message, {decision: 'stop_race', ...fields});
  }
  return {decision, reason: vm.instance};
}

/** Gives up the runners that wait for the host, where no other host can have them. Repeated, it does nothing. */
async function giveUpWaiting(context: Context, vm: HostVm): Promise<void> {
  for (const pool of poolsOfHost(context, vm.host.name)) {
    const others = (await readHosts(context, pool.provider.hosts)).filter(({name}) => name !== vm.host.name);
    for (const {name, createdAt} of await runnersWithoutHost(context, pool.name, MAX_GIVEN_UP)) {
      if (others.some((other) => mayServe(context, other, createdAt))) continue;
      const silent = others.filter(({vmDocument}) => wasUnheardSince(vmDocument, createdAt));
      await giveUpRefused(context, name, describeSilence(vm, silent));
    }
  }
}

/** Whether the host may still take a runner that waits since `since`. */
function mayServe(context: Context, host: KnownHost, since: number): boolean {
  if (!host.silent) return true;
  const vm = vmOfHost(context, host);
  const {vmDocument} = host;
  const now = context.clock.now();
  if (!vm || !vmDocument || isBooting(vmDocument, vm, now)) return vm !== undefined;
  // Of one that is up for too long without a call, its own check is about to find the same.
  const isOverdue = vmDocument.state === 'starting' || isBeingStopped(vmDocument, now);
  return !isOverdue && !wasUnheardSince(vmDocument, since);
}
