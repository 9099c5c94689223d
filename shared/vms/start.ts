import type {Outcome} from '../decisions';
import {MINUTE_MS} from '../durations';
import {NoCapacity, QuotaExceeded, Unavailable} from '../errors';
import {type JobDocument, jobKeyOf} from '../model/job';
import {applyJobEvent, type Demand} from '../model/job-event';
import type {Pool} from '../model/pool';
import {queuedAgainTask, startVmTask, vmCheckTask} from '../model/tasks';
import {
  countFailedStart,
  isBeingStopped,
  isOtherMachine,
  isStartAlertDue,
  markRunning,
  markStarting,
  recordActivity,
  type VmDocument,
} from '../model/vm';
import {type Context, isRunnerGone, type OperationOptions, poolOf} from '../ports';
import {isRunning, isStopping, type VmOutcome} from '../providers/persistent-vm';
import {changeVm, type RecordedVm, readVm} from './document';
import {restoreLabels} from './drain';
import {assignToVm, recordVmJob} from './records';
import {checkLabels, notWanted, rejectJob} from './take-job';
import {findVmById, requirePersistentVm, type StartResult, toError, type Vm} from './vms';

/** Time after which the start of a VM that is stopping is tried again. */
const STOPPING_RETRY_SECONDS = 20;

/** Shortest time after which a start without quota is tried again. */
const QUOTA_RETRY_SECONDS = 60;

/**
 * Starts the VM if it is not up, waits until it is, and restores its runner's labels. Throws a typed error if the VM does not start; without
 * capacity it is retryable, and has no limit of attempts of its own.
 */
async function ensureStarted(context: Context, vm: Vm): Promise<Outcome> {
  const before = await beforeStart(context, vm);
  const outcome = await context.vm(vm).start({});
  if (outcome.kind !== 'changed' && outcome.kind !== 'already') throw await handleFailedStart(context, vm, outcome);

  const {machine} = outcome;
  // It was up, as far as it is on record, and has gone down by itself.
  const isRestart = outcome.kind === 'changed' && typeof before.upSince === 'number';
  const downAt = isRestart ? await context.vm(vm).stoppedAt() : undefined;
  const isOnRecord =
    downAt === undefined &&
    before.state === 'running' &&
    before.startFailures === 0 &&
    !isOtherMachine(before, machine);
  const document = isOnRecord
    ? before
    : await changeVm(context, vm, (known, now) => ({...markRunning(known, now, downAt), ...machine}));
  // mutation: restore labels at start
  if (document.drained.length > 0) await restoreLabels(context, vm, document);
  if (before.state !== 'running') {
    // Plans a stop for the case that no job ever runs on the VM: a missed cancellation, or a start by hand.
    await context.tasks.enqueue(
      vmCheckTask(context.deployment, vm, {
        version: document.version,
        reading: 0,
        delaySeconds: (vm.idleMinutes + vm.bootMinutes) * 60,
      }),
    );
  }
  // Not `started`: that word is the job's, and a metric counts its seconds.
  return {decision: outcome.kind === 'changed' ? 'vm_started' : 'already_running', reason: vm.instance};
}

/** Completes the start of a VM that a person started. `id`: `<zone>.<instance>`. */
export async function startVmById(context: Context, id: string): Promise<Outcome> {
  const vm = findVmById(context, id);
  return vm ? ensureStarted(context, vm) : {decision: 'void', reason: 'no_pool'};
}

/** Records that the VM is starting. Throws while the VM is being stopped, and during the pause after a start without capacity. */
async function beforeStart(context: Context, vm: Vm): Promise<VmDocument> {
  return context.store.transaction(async (transaction) => {
    const now = context.clock.now();
    const document = await readVm(transaction, vm, now);
    if (isBeingStopped(document, now)) {
      throw new Unavailable(
        `VM ${vm.instance} is stopping: it is started again when it is down`,
        STOPPING_RETRY_SECONDS,
      );
    }
    if (document.nextStartAt > now) {
      const seconds = (document.nextStartAt - now) / 1000;
      throw new NoCapacity(`VM ${vm.instance} found no capacity a moment ago`, seconds);
    }
    if (document.state !== 'running') transaction.set('vms', vm.id, markStarting(document, now));
    return document;
  });
}

type NotUp = Exclude<VmOutcome, {kind: 'changed' | 'already'}>;

/** Records and logs a failed start, and returns the error to throw. */
export async function handleFailedStart(
  context: Pick<Context, 'store' | 'clock' | 'logger'>,
  vm: RecordedVm,
  outcome: NotUp,
): Promise<Error> {
  const fields = {vm: vm.instance, zone: vm.zone};
  switch (outcome.kind) {
    case 'no_capacity':
    case 'quota': {
      const document = await changeVm(context, vm, countFailedStart);
      const now = context.clock.now();
      const seconds = (document.nextStartAt - now) / 1000;
      if (isStartAlertDue(document, now)) {
        const minutes = Math.round((now - (document.startFailingSince ?? now)) / MINUTE_MS);
        context.logger.error(
          `VM ${vm.instance} could not be started for ${minutes} minutes: ${outcome.message}. Its jobs wait. Move it to another zone, or reserve capacity.`,
          {decision: 'alert', reason: `vm_${outcome.kind}`, ...fields},
        );
      }
      return outcome.kind === 'quota'
        ? new QuotaExceeded(outcome.message, Math.max(seconds, QUOTA_RETRY_SECONDS))
        : new NoCapacity(outcome.message, seconds);
    }
    case 'missing':
    case 'refused':
      context.logger.error(outcome.message, {decision: 'alert', reason: `vm_${outcome.kind}`, ...fields});
      return toError(vm, outcome);
    default:
      return toError(vm, outcome);
  }
}

/**
 * Starts a pool's persistent VM on request, and returns when Compute Engine has accepted the start. A task then restores the runner's labels
 * and plans the stop. A repeated request names the operation of the first one. Throws a typed error if Compute Engine refuses.
 */
export async function startVm(context: Context, pool: Pool, {dryRun}: OperationOptions): Promise<StartResult> {
  const {vm, machine, status} = await requirePersistentVm(context, pool);
  if (isRunning(status)) return {status: 'already_running'};
  const document = await context.store.get('vms', vm.id);
  if (isStopping(status) || (document && isBeingStopped(document, context.clock.now()))) return {status: 'stopping'};
  if (dryRun) return {status: 'starting', operation: null};

  const begun = await machine.beginStart();
  if (begun.kind !== 'begun' && begun.kind !== 'done') throw toError(vm, begun);
  const operation = begun.kind === 'begun' ? begun.operation.name : undefined;
  const {version, startOperation} = await changeVm(context, vm, (known, now) =>
    markStarting(recordActivity(known, now), now, operation),
  );
  await context.tasks.enqueue(startVmTask(context.deployment, vm, version));
  context.logger.info(`VM ${vm.instance} is started by hand`, {decision: 'start_by_hand', vm: vm.instance});
  return {status: 'starting', operation: startOperation ?? null};
}

/**
 * Serves the demand of a job in a pool with a persistent VM: records the job and starts the VM. A job that asks for a label that the VM's
 * runner lacks is rejected. In a drained pool (`maxRunners: 0`) the job stays open.
 */
export async function serveDemandOnVm(context: Context, vm: Vm, demand: Demand): Promise<Outcome> {
  const before = 'event' in demand ? demand.event : await context.store.get('jobs', demand.job);
  if (before && poolOf(context, before.pool)?.maxRunners === 0) return leaveOpen(context, demand);
  const {lacked, seen} = before?.status === 'queued' ? await checkLabels(context, vm, before) : {lacked: []};
  if (lacked.length > 0) return rejectJob(context, vm, demand, lacked);
  const job =
    'event' in demand
      ? (await recordVmJob(context, vm, demand.event, seen)).job
      : await assignQueuedJob(context, vm, demand.job);
  if ('event' in demand && job?.status === 'in_progress' && (await isRunnerGone(context.store, job))) {
    await context.tasks.enqueue(queuedAgainTask(jobKeyOf(job), job.runner, demand.event.delivery));
  }
  if (job?.status !== 'queued') return notWanted(job);
  const logger = context.logger.with({job: jobKeyOf(job), pool: job.pool, ...(job.url ? {url: job.url} : {})});
  return ensureStarted({...context, logger}, vm);
}

/** Records the job as open, so that it neither starts the VM nor keeps it up. */
async function leaveOpen({store, clock}: Context, demand: Demand): Promise<Outcome> {
  return store.transaction(async (transaction) => {
    const now = clock.now();
    const existing = await transaction.get('jobs', 'event' in demand ? jobKeyOf(demand.event) : demand.job);
    const job = 'event' in demand ? applyJobEvent(existing, demand.event, now).job : existing;
    if (job?.status !== 'queued') return notWanted(job);
    if (job.demand !== 'covered') transaction.set('jobs', jobKeyOf(job), {...job, demand: 'open', updatedAt: now});
    return {decision: 'waits_for_slot'};
  });
}

/** Assigns a queued job on record to the VM, also one that was given up before. Returns the job as it was. */
async function assignQueuedJob(context: Context, vm: Vm, key: string): Promise<JobDocument | undefined> {
  return context.store.transaction(async (transaction) => {
    const job = await transaction.get('jobs', key);
    if (job?.status !== 'queued' || job.demand === 'covered') return job;
    assignToVm(transaction, vm, {...job, updatedAt: context.clock.now()});
    return job;
  });
}
