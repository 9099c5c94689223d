import type {Outcome} from '../decisions';
import {MINUTE_MS} from '../durations';
import {Unavailable} from '../errors';
import {type Host, newHost} from '../model/host';
import {isBooting, wasUnheardSince, withVmUp} from '../model/host-vm';
import type {JobKey} from '../model/job';
import {startVmTask, vmCheckTask} from '../model/tasks';
import {countFailedStart, isBeingStopped, markRunning, markStarting, recordActivity} from '../model/vm';
import type {Context} from '../ports';
import {deadLetterId} from '../runners/give-up';
import {changeVm, readVm} from '../vms/document';
import {handleFailedStart} from '../vms/start';
import {findHostVm, type HostVm, vmOfHost} from './host-vm';
import {isUsable, type KnownHost, readHosts, whyUnheard} from './hosts';
import {countWaiting} from './waiting';

/** How long a start that was asked for and came to nothing is not asked for again, in milliseconds. */
const REPEAT_START_MS = 10 * MINUTE_MS;

/** How long a VM whose agent did not call is not started again while another host of the pool may do, in milliseconds. */
const RETRY_UNHEARD_MS = 60 * MINUTE_MS;

type StartContext = Pick<Context, 'pools' | 'hosts' | 'store' | 'clock' | 'tasks' | 'deployment'>;

/** `refused`: why the runner is given up; undefined: it is not. `waits`: a sentence for each VM that cannot be started now. */
interface Started {
  readonly refused: string | undefined;
  readonly waits: readonly string[];
}

/**
 * Starts VMs of the named hosts for the runners that wait for one of them: as many as these runners need, in the order of the configuration,
 * those last whose agents did not call after a start. A host that calls needs no start. A task carries each start out, so that nobody waits for it. `job`: for which `runner` is to be made. Retries
 * of its tasks start nothing after it was given up because an agent did not call; a person who retries its dead letter does.
 */
export async function startVms(
  context: StartContext,
  names: readonly string[],
  {job, runner}: {readonly job: JobKey; readonly runner: string},
): Promise<Started> {
  const known = await readHosts(context, names);
  const down = known.filter(({silent, vm}) => silent && vm);
  if (down.length === 0) return {refused: undefined, waits: []};
  const since = (await context.store.get('runners', runner))?.createdAt ?? context.clock.now();
  const refused = (await whyGivenUp(context, down, job)) ?? whyNone(context, known, since);
  if (refused !== undefined) return {refused, waits: []};
  const isComing = (host: KnownHost, vm: HostVm) =>
    host.vmDocument !== undefined && isBooting(host.vmDocument, vm, context.clock.now());
  const usable = known.filter(isUsable);
  const inOrder = [...down.filter(isUsable), ...down.filter((host) => !isUsable(host))];
  const vms = inOrder.flatMap((host) => {
    const vm = vmOfHost(context, host);
    return vm ? [{host, vm, isComing: isComing(host, vm)}] : [];
  });
  const capacity = down.reduce((sum, host) => sum + host.capacity, 0);
  // Whoever asks waits, whatever the count says.
  let wanted = Math.max(1, await countWaiting(context, names, capacity));
  wanted -= vms.filter((each) => each.isComing).reduce((sum, {host}) => sum + host.capacity, 0);
  const waits: string[] = [];
  for (const {host, vm, isComing: comes} of vms) {
    if (wanted <= 0) break;
    if (comes) continue;
    const now = context.clock.now();
    const reason = whyNotForThis(host, {since, hasOther: usable.length > 0}, now) ?? whyNotNow(host, vm, now);
    if (reason !== undefined) {
      waits.push(reason);
      continue;
    }
    await enqueueStart(context, vm);
    wanted -= host.capacity;
  }
  return {refused: undefined, waits};
}

/** The sentence for a runner that waits since `since`, if every VM was started for nothing meanwhile. */
function whyNone(context: StartContext, known: readonly KnownHost[], since: number): string | undefined {
  if (known.some((host) => isUsable(host) || (host.vm && !wasUnheardSince(host.vmDocument, since)))) return undefined;
  const [first, ...others] = known.filter(({vmDocument}) => wasUnheardSince(vmDocument, since));
  const vm = first && vmOfHost(context, first);
  return vm && describeSilence(vm, others);
}

/** Undefined: the VM may be started for a runner that waits since `since`. */
function whyNotForThis(
  host: KnownHost,
  {since, hasOther}: {readonly since: number; readonly hasOther: boolean},
  now: number,
): string | undefined {
  const unheard = host.vmDocument?.unheard;
  if (!unheard) return undefined;
  const isTooSoon = hasOther && now - unheard.stoppedAt < RETRY_UNHEARD_MS;
  return isTooSoon || unheard.stoppedAt >= since ? whyUnheard(host)?.because : undefined;
}

/** The sentence with which the job was given up for one of these hosts, whose agent has not called since. */
async function whyGivenUp({store}: StartContext, down: readonly KnownHost[], job: JobKey): Promise<string | undefined> {
  const failed = down.filter(({vmDocument}) => (vmDocument?.startFailures ?? 0) > 0);
  const letter = failed.length > 0 ? await store.get('deadletters', deadLetterId({job, task: ''})) : undefined;
  return failed.some(({name}) => letter?.error.startsWith(beginningOfSilence(name))) ? letter?.error : undefined;
}

/** How the dead letter of a job begins for which the host's VM was started, and whose agent did not call. */
function beginningOfSilence(host: string): string {
  return `host ${host} did not call within `;
}

/** Why a runner is given up: the agent on this VM did not call, nor those of the other hosts. */
export function describeSilence({host, instance, bootMinutes}: HostVm, others: readonly Host[]): string {
  const nor = others.map(({name, vm}) => `, nor did host ${name} on VM ${vm?.instance}`).join('');
  return `${beginningOfSilence(host.name)}${bootMinutes} minutes of the start of its VM ${instance}, which is stopped${nor}. Does slipway-docker-host start with the VM, and reach the API? Its serial console has the agent's log`;
}

/** Undefined: the VM may be started now. */
function whyNotNow({name, vmDocument}: KnownHost, {instance}: HostVm, now: number): string | undefined {
  if (!vmDocument) return undefined;
  const what = `VM ${instance} of host ${name}`;
  if (isBeingStopped(vmDocument, now)) return `${what} is stopping, and is started again when it is down`;
  if (vmDocument.nextStartAt <= now) return undefined;
  const at = new Date(vmDocument.nextStartAt).toISOString();
  return `the last start of ${what} came to nothing, and the next one is due at ${at}`;
}

/** Enqueues a start of the host's VM, once for each activity of the VM; after a while once more. */
export async function enqueueStart(
  {tasks, deployment, clock, store}: Pick<Context, 'tasks' | 'deployment' | 'clock' | 'store'>,
  vm: HostVm,
): Promise<void> {
  const {version} = await readVm(store, vm, clock.now());
  await tasks.enqueue(startVmTask(deployment, vm, `${version}-${Math.floor(clock.now() / REPEAT_START_MS)}`));
}

/**
 * Performs the task that starts the VM of a host, and returns when it is up. Undefined: the VM is no host's. `id`: `<zone>.<instance>`. Without
 * capacity the start is left to whoever needs the host after the pause. Safe to repeat.
 */
export async function startHostVm(context: Context, id: string): Promise<Outcome | undefined> {
  const vm = findHostVm(context, id);
  if (!vm) return undefined;
  const what = `VM ${vm.instance} of host ${vm.host.name}`;
  const before = await changeVm(context, vm, (known, now) => {
    // The next dispatch finds it down.
    if (isBeingStopped(known, now))
      throw new Unavailable(`${what} is stopping: it is started again when it is down`, 20);
    if (known.nextStartAt > now || isBooting(known, vm, now)) return known;
    return {...markStarting(recordActivity(known, now), now), stateAt: now};
  });
  if (before.nextStartAt > context.clock.now()) return {decision: 'void', reason: `${vm.instance} is not started now`};
  const outcome = await context.vm(vm).start({});
  switch (outcome.kind) {
    case 'changed':
    case 'already': {
      const {machine} = outcome;
      await changeVm(context, vm, (known) => ({...known, ...machine}));
      await planCheck(context, vm, vm.bootMinutes * 60);
      return {decision: outcome.kind === 'changed' ? 'vm_started' : 'already_running', reason: vm.instance};
    }
    case 'not_ready':
    case 'rate_limited':
    case 'uncertain':
      // The record says `starting` until the next dispatch, which goes on.
      throw await handleFailedStart(context, vm, outcome);
    default: {
      const {message} = await handleFailedStart(context, vm, outcome);
      await changeVm(context, vm, (known, now) =>
        recordActivity(known.nextStartAt > now ? known : countFailedStart(known, now), now),
      );
      context.logger.warning(`${what} could not be started: ${message}`, {decision: 'retry', vm: vm.instance});
      return {decision: 'void', reason: outcome.kind};
    }
  }
}

/** Plans a check whether the VM is to be stopped. Two that are due in one second are one; none is ever void, because each reads afresh. */
export async function planCheck(
  {tasks, deployment, clock}: Pick<Context, 'tasks' | 'deployment' | 'clock'>,
  vm: HostVm,
  delaySeconds: number,
): Promise<void> {
  const reading = Math.ceil(clock.now() / 1000 + delaySeconds);
  await tasks.enqueue(vmCheckTask(deployment, vm, {version: 0, reading, delaySeconds}));
}

/**
 * The host's agent calls, and was silent before: its VM is up, whoever started it. Plans the check that stops it when nothing comes. `down`:
 * the call is one of the last before the VM is down, and says nothing.
 */
export async function noteCall(context: Context, vm: HostVm, receivedAt: number): Promise<'up' | 'down'> {
  const {store, clock} = context;
  const noted = await store.transaction(async (transaction) => {
    const now = clock.now();
    const document = await readVm(transaction, vm, now);
    const host = (await transaction.get('hosts', vm.host.name)) ?? newHost(vm.host.name, now);
    const isLate = document.state === 'stopped' && host.vmIsDown === true && receivedAt <= document.stateAt;
    if (isBeingStopped(document, now) || isLate) return 'down';
    if (document.state === 'running' && !host.vmIsDown) return 'up';
    const running = markRunning(recordActivity(document, now), now);
    transaction.set('vms', vm.id, running);
    // The time without work begins anew: what waits for the host gets here in a moment.
    transaction.set('hosts', host.name, {...withVmUp(host), idleSince: host.idleSince === null ? null : now});
    return 'came up';
  });
  if (noted !== 'came up') return noted;
  context.logger.info(`VM ${vm.instance} of host ${vm.host.name} is up`, {
    decision: 'already_running',
    vm: vm.instance,
  });
  await planCheck(context, vm, vm.host.idleMinutes * 60);
  return 'up';
}
