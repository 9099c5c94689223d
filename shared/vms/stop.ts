import type {Outcome} from '../decisions';
import {MINUTE_MS} from '../durations';
import {LeaseHeld} from '../errors';
import {jobKeyOf} from '../model/job';
import type {Pool} from '../model/pool';
import {vmCheckTask} from '../model/tasks';
import {type DrainedRunner, isBeingStopped, type VmDocument} from '../model/vm';
import type {Context, OperationOptions} from '../ports';
import {isStopped, isStopping, type VmOutcome} from '../providers/persistent-vm';
import {readVm} from './document';
import {drain, labelsToDrain, restoreLabels} from './drain';
import {findRunners, observeVm, type SeenRunner, type VmObservation} from './observe';
import {claimStop, recordStopCancelled, recordStopped, renewStop} from './records';
import {findVmById, requirePersistentVm, type StopResult, toError, type Vm} from './vms';

/** Consecutive readings of GitHub's busy flag, all false, after which the VM counts as idle. One alone proves nothing. */
const READINGS = 2;

/** Time between two readings. */
const READING_INTERVAL_SECONDS = 20;

/**
 * Time between two readings if a label was taken off at the first: GitHub may have given the runner a job just before, whose webhook was
 * lost, and the busy flag may stay false for two minutes of a job.
 */
// mutation: drained reading interval
const DRAINED_READING_INTERVAL_SECONDS = 125;

/** Time until the next check of a VM that is needed. */
const NEXT_CHECK_SECONDS = 60;

/** An alert is logged if no runner is online for this time after the VM's latest activity while a job waits. */
const OFFLINE_ALERT_MS = 5 * MINUTE_MS;

/** Outcome of a check that was planned before a newer activity of the VM. */
const NEWER_ACTIVITY: Outcome = {decision: 'void', reason: 'newer_activity'};

export interface VmCheck {
  /** `<zone>.<instance>` */
  readonly vm: string;
  /** Version of the VM's activity when the stop was planned. Newer activity makes the check void. */
  readonly version: number;
  /** Number of the reading. It only grows, also after the VM was busy, because a task's name is used once. */
  readonly reading: number;
}

/**
 * Checks a VM after its idle time. At the first reading, if there was no activity, the VM is not busy and no job waits for it, a label is
 * taken off its runner, so that the runner gets no job any more. If the same holds at the second reading, when the busy flag is reliable, the
 * VM is stopped. A repeated check finds the VM down.
 */
export async function checkVm(context: Context, check: VmCheck): Promise<Outcome> {
  const vm = findVmById(context, check.vm);
  if (!vm) return {decision: 'void', reason: 'no_pool'};
  const document = await context.store.get('vms', vm.id);
  if (document?.version !== check.version) return NEWER_ACTIVITY;
  if (isBeingStopped(document, context.clock.now())) throw new LeaseHeld(`VM ${vm.instance} is being stopped`, 15);

  const status = await context.vm(vm).status();
  if (status === undefined) return {decision: 'missing'};
  // mutation: VM found down
  if (isStopped(status)) return recordFoundDown(context, vm, document);

  const seen = await observeVm(context, vm, document);
  if (seen.kind === 'repaired') {
    await context.tasks.enqueue(
      vmCheckTask(context.deployment, vm, {
        version: seen.document.version,
        reading: 0,
        delaySeconds: NEXT_CHECK_SECONDS,
      }),
    );
    return {decision: 'repaired'};
  }
  if (seen.kind === 'busy') return checkAgainLater(context, vm, document, check, {decision: 'busy', reason: seen.by});
  if (seen.kind === 'wanted') {
    alertWhenOffline(context, vm, document, seen);
    return checkAgainLater(context, vm, document, check, {decision: 'wanted'});
  }
  if (check.reading % READINGS < READINGS - 1) {
    const taken = await drainBeforeStop(context, vm, check, document, seen.runners);
    if (taken === 'void') return NEWER_ACTIVITY;
    const seconds = taken === 'drained' ? DRAINED_READING_INTERVAL_SECONDS : READING_INTERVAL_SECONDS;
    await context.tasks.enqueue(
      vmCheckTask(context.deployment, vm, {version: check.version, reading: check.reading + 1, delaySeconds: seconds}),
    );
    return {decision: 'idle_so_far'};
  }
  return stopIdle(context, vm, check, document, seen.runners);
}

/**
 * Takes labels off under the claim of a stop, so that a job that arrives meanwhile waits until the labels are on record as taken off, and
 * restores them. `nothing`: there is no label to take off. `void`: there was newer activity.
 */
async function drainBeforeStop(
  context: Context,
  vm: Vm,
  {version}: VmCheck,
  before: VmDocument,
  runners: readonly SeenRunner[],
): Promise<'drained' | 'nothing' | 'void'> {
  const drained = labelsToDrain(runners, before);
  if (drained.length === 0) return before.drained.length > 0 ? 'drained' : 'nothing';
  if (!(await claimStop(context, vm, {version, drained}))) return 'void';
  await drain(context, vm, drained);
  const document = await recordStopCancelled(context, vm);
  if (document.version === version) return 'drained';
  await restoreLabels(context, vm, document);
  return 'void';
}

/** Stops the VM, unless GitHub gave its runner a job before the label was off. */
async function stopIdle(
  context: Context,
  vm: Vm,
  check: VmCheck,
  before: VmDocument,
  runners: readonly SeenRunner[],
): Promise<Outcome> {
  const drained = labelsToDrain(runners, before);
  const claimed = await claimStop(context, vm, {version: check.version, drained});
  if (!claimed) return NEWER_ACTIVITY;
  await drain(context, vm, drained);
  // GitHub may have given the runner a job between the reading and the removal of the label.
  const busy =
    drained.length > 0 && (await findRunners(context, vm, claimed)).some(({registration}) => registration.busy);
  if (busy || !(await renewStop(context, vm, check.version))) {
    const document = await recordStopCancelled(context, vm);
    await restoreLabels(context, vm, document);
    return busy
      ? checkAgainLater(context, vm, undefined, check, {decision: 'busy', reason: 'after_drain'})
      : NEWER_ACTIVITY;
  }
  const outcome = await context.vm(vm).stop({onWaiting: async () => void (await renewStop(context, vm, undefined))});
  if (outcome.kind !== 'changed' && outcome.kind !== 'already') {
    throw await handleFailedStop(context, vm, outcome);
  }
  return recordDown(context, vm, claimed, outcome.kind === 'changed' ? 'stopped' : 'already_stopped');
}

/** Records a VM that went down by itself, or by hand. */
async function recordFoundDown(context: Context, vm: Vm, document: VmDocument): Promise<Outcome> {
  const downAt = typeof document.upSince === 'number' ? await context.vm(vm).stoppedAt() : undefined;
  return recordDown(context, vm, document, 'already_stopped', downAt);
}

/** Records that the VM is down. A job that arrived meanwhile starts it again. `downAt`: since when, where it is known. */
async function recordDown(
  context: Context,
  vm: Vm,
  {version}: VmDocument,
  decision: 'stopped' | 'already_stopped',
  downAt?: number,
): Promise<Outcome> {
  const raced = await recordStopped(context, vm, version, downAt);
  if (raced)
    context.logger.warning(`a job came while VM ${vm.instance} stopped: it is started again`, {
      decision: 'stop_race',
      vm: vm.instance,
      job: raced,
    });
  return {decision, reason: vm.instance};
}

/** The VM is needed: restores the labels that are off according to `before`, and plans the next check. */
async function checkAgainLater(
  context: Context,
  vm: Vm,
  before: VmDocument | undefined,
  {version, reading}: VmCheck,
  outcome: Outcome,
): Promise<Outcome> {
  if (before && before.drained.length > 0) await restoreLabels(context, vm, before);
  const nextRound = (Math.floor(reading / READINGS) + 1) * READINGS;
  await context.tasks.enqueue(
    vmCheckTask(context.deployment, vm, {version, reading: nextRound, delaySeconds: NEXT_CHECK_SECONDS}),
  );
  return outcome;
}

/** Restores the labels after a stop that failed, and returns the error to throw. */
async function handleFailedStop(
  context: Context,
  vm: Vm,
  outcome: Exclude<VmOutcome, {kind: 'changed' | 'already'}>,
): Promise<Error> {
  // The VM may be stopping: the labels are restored when it is known to be up.
  if (outcome.kind !== 'uncertain') await restoreLabels(context, vm, await recordStopCancelled(context, vm));
  return toError(vm, outcome);
}

/** Logs an alert if the VM is up, a job waits for it, and none of its runners is online. */
function alertWhenOffline(
  context: Context,
  vm: Vm,
  document: VmDocument,
  {runners, job}: Extract<VmObservation, {kind: 'wanted'}>,
): void {
  if (runners.some(({registration}) => registration.status === 'online')) return;
  if (context.clock.now() - document.activeAt < OFFLINE_ALERT_MS) return;
  const found = runners.length === 0 ? 'is not registered at GitHub' : 'is offline';
  context.logger.error(
    `VM ${vm.instance} runs, job ${jobKeyOf(job)} waits, and its runner ${found}: look at the VM's serial console`,
    {
      decision: 'alert',
      reason: 'vm_runner_offline',
      vm: vm.instance,
      job: jobKeyOf(job),
      pool: job.pool,
      ...(job.url ? {url: job.url} : {}),
    },
  );
}

/** Time after which a VM that a person stopped should be down, and is checked in order to record that. */
const STOP_SECONDS = 60;

/**
 * Stops a pool's persistent VM on request, and returns when Compute Engine has accepted the stop. `busy`: a job runs on the VM or waits for
 * it. With `force` the VM is stopped even then, and its job fails. A job that waits when the VM is down starts it again.
 */
export async function stopVm(
  context: Context,
  pool: Pool,
  {dryRun, force}: OperationOptions & {force: boolean},
): Promise<StopResult> {
  const {vm, machine, status} = await requirePersistentVm(context, pool);
  if (isStopped(status)) return {status: 'already_stopped'};
  if (isStopping(status)) return {status: 'stopping', operation: null};

  const document = await readVm(context.store, vm, context.clock.now());
  const seen = force
    ? undefined
    : await observeVm(
        context,
        vm,
        document,
        // mutation: dry run of stop
        {dryRun},
      );
  if (seen && seen.kind !== 'idle') return {status: 'busy'};
  if (dryRun) return {status: 'stopping', operation: null};

  const drained = labelsToDrain(seen?.runners ?? [], document);
  const claimed = await claimStop(context, vm, {version: document.version, drained, byHand: true});
  if (!claimed) throw new LeaseHeld(`something just happened with VM ${vm.instance}; ask again`, 5);
  if (await becameBusy(context, vm, drained)) return {status: 'busy'};
  const begun = await machine.beginStop();
  if (begun.kind !== 'begun' && begun.kind !== 'done') {
    await restoreLabels(context, vm, await recordStopCancelled(context, vm));
    throw toError(vm, begun);
  }
  await context.tasks.enqueue(
    vmCheckTask(context.deployment, vm, {version: claimed.version, reading: 0, delaySeconds: STOP_SECONDS}),
  );
  context.logger.info(`VM ${vm.instance} is stopped by hand`, {decision: 'stop_by_hand', vm: vm.instance, force});
  return {status: 'stopping', operation: begun.kind === 'begun' ? begun.operation.name : null};
}

/** Takes the labels off, and checks whether GitHub gave a runner a job before that. If so, cancels the stop and restores the labels. */
async function becameBusy(context: Context, vm: Vm, drained: readonly DrainedRunner[]): Promise<boolean> {
  if (drained.length === 0) return false;
  await drain(context, vm, drained);
  const document = await context.store.get('vms', vm.id);
  const runners = document ? await findRunners(context, vm, document) : [];
  if (!runners.some(({registration}) => registration.busy)) return false;
  await restoreLabels(context, vm, await recordStopCancelled(context, vm));
  return true;
}
