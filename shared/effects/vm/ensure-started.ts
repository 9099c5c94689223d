import type {Outcome} from '../../decisions';
import {NoCapacity, QuotaExceeded, Unavailable} from '../../errors';
import {vmCheckTask} from '../../model/tasks';
import {isAlarming, isStopping, started, startFailed, starting, type VmDocument} from '../../model/vm';
import type {Context} from '../../ports';
import type {VmOutcome} from '../../providers/vm';
import {restoreLabels} from './drain-vm';
import {refusal} from './refusal';
import {changeVm, readVm} from './vm-document';
import {type Vm, vmById} from './vms';

/** Until a VM that stops is worth another look. */
const STOPPING_RETRY_SECONDS = 20;
const QUOTA_RETRY_SECONDS = 60;

/**
 * Starts the VM if it is not up, and stays until it is known that it is. Its runner gets back the labels that it lost. Never gives up by
 * itself: no capacity is a failure that is tried again.
 */
export async function ensureStarted(context: Context, vm: Vm): Promise<Outcome> {
  const before = await beforeStart(context, vm);
  const outcome = await context.vm(vm).start({});
  if (outcome.kind !== 'changed' && outcome.kind !== 'already') throw await failure(context, vm, outcome);

  const document =
    before.state === 'running' && before.startFailures === 0 ? before : await changeVm(context, vm, started);
  // mutation: restore labels at start
  if (document.drained.length > 0) await restoreLabels(context, vm, document);
  if (before.state !== 'running') {
    // For a VM that no job ever runs on: a job cancelled unheard, a start by hand.
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

/** A VM that somebody started by hand. */
export async function startById(context: Context, id: string): Promise<Outcome> {
  const vm = vmById(context, id);
  return vm ? ensureStarted(context, vm) : {decision: 'void', reason: 'no_pool'};
}

/** Refuses while the VM stops, or a start found no capacity a moment ago. */
async function beforeStart(context: Context, vm: Vm): Promise<VmDocument> {
  return context.store.transaction(async (transaction) => {
    const now = context.clock.now();
    const document = await readVm(transaction, vm, now);
    if (isStopping(document, now)) {
      throw new Unavailable(
        `VM ${vm.instance} is stopping: it is started again when it is down`,
        STOPPING_RETRY_SECONDS,
      );
    }
    if (document.nextStartAt > now) {
      const seconds = (document.nextStartAt - now) / 1000;
      throw new NoCapacity(`VM ${vm.instance} found no capacity a moment ago`, seconds);
    }
    if (document.state !== 'running') transaction.set('vms', vm.id, starting(document, now));
    return document;
  });
}

type NotUp = Exclude<VmOutcome, {kind: 'changed' | 'already'}>;

async function failure(context: Context, vm: Vm, outcome: NotUp): Promise<Error> {
  const fields = {vm: vm.instance, zone: vm.zone};
  switch (outcome.kind) {
    case 'no_capacity':
    case 'quota': {
      const document = await changeVm(context, vm, startFailed);
      const now = context.clock.now();
      const seconds = (document.nextStartAt - now) / 1000;
      if (isAlarming(document, now)) {
        const minutes = Math.round((now - (document.startFailingSince ?? now)) / 60_000);
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
      return refusal(vm, outcome);
    default:
      return refusal(vm, outcome);
  }
}
