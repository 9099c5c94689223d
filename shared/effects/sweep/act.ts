import {taskName} from '../../lifecycle/naming';
import type {Action} from '../../lifecycle/sweep/actions';
import type {Preemption} from '../../store/documents';
import {eventTask} from '../../tasks/payload';
import {demandJob} from '../open-jobs';
import {placeSpare} from '../place-spare';
import {requestRunners} from '../request-runners';
import {requeueJob} from '../requeue-job';
import {endRunOnVm} from '../vm/vm-event';
import {endRunner} from './end-runner';
import {isTimeUp, type Sweep} from './ports';
import {deleteMachine, deregisterGhost} from './remove-leftover';
import {countRunner, freeSlot, moveJob, releaseIdle, reopenJob, repeatIdleCheck, repeatVmCheck} from './repair-records';

export interface Acted {
  /** By reason. */
  readonly done: Record<string, number>;
  readonly failed: Record<string, number>;
  /** Decided and not begun: the time was up. */
  readonly left: number;
  readonly preempted: readonly Preemption[];
  /** Preemptions that are settled. */
  readonly settled: readonly Preemption[];
}

/** Carries the plan out, one action after the other; one that fails is the next sweep's. */
export async function act(sweep: Sweep, actions: readonly Action[]): Promise<Acted> {
  const {context} = sweep;
  const done: Record<string, number> = {};
  const failed: Record<string, number> = {};
  const preempted: Preemption[] = [];
  const settled: Preemption[] = [];
  let begun = 0;
  for (const action of actions) {
    if (isTimeUp(sweep)) break;
    begun++;
    try {
      const result = await carryOut(sweep, action);
      done[action.reason] = (done[action.reason] ?? 0) + 1;
      if (typeof result === 'object') preempted.push(result);
      if (action.kind === 'rerun' || action.kind === 'forget_preemption') settled.push(action.preemption);
      const outcome = typeof result === 'object' ? 'preempted' : result;
      context.logger.info(`sweep: ${action.kind} for ${action.reason}: ${outcome}`, {
        decision: outcome,
        reason: action.reason,
        ...fieldsOf(action),
      });
    } catch (error) {
      failed[action.reason] = (failed[action.reason] ?? 0) + 1;
      context.logger.warning(`sweep: ${action.kind} for ${action.reason} failed, and is left to the next one`, {
        decision: 'failed',
        reason: action.reason,
        error,
        ...fieldsOf(action),
      });
    }
  }
  return {done, failed, left: actions.length - begun, preempted, settled};
}

async function carryOut(sweep: Sweep, action: Action): Promise<string | Preemption> {
  const {context, discovery} = sweep;
  switch (action.kind) {
    case 'event':
      return context.tasks.enqueue(eventTask(action.event));
    case 'demand':
      await demandJob(context, action.job, action.cause);
      return 'demanded';
    case 'reopen':
      return reopenJob(context, action);
    case 'move':
      return moveJob(context, action);
    case 'requeue':
      return requeueJob(context, action, endRunOnVm);
    case 'make':
      await context.tasks.enqueue({
        queue: 'provision',
        name: taskName(`make/${action.runner}/${action.cause}`, 'make', action.runner),
        body: {kind: 'make', runner: action.runner},
      });
      return 'demanded';
    case 'vm_check':
      return repeatVmCheck(context, action);
    case 'place_spare':
      await placeSpare(context, action.runner);
      return 'placed';
    case 'end_runner':
      return endRunner(sweep, action);
    case 'release_idle':
      return releaseIdle(context, action);
    case 'idle_check':
      return repeatIdleCheck(context, action);
    case 'delete_vm':
      return deleteMachine(context, action);
    case 'deregister':
      return deregisterGhost(context, action);
    case 'free_slot':
      return freeSlot(context, action);
    case 'count_runner':
      return countRunner(context, action);
    case 'warm': {
      const {pool, scope, count, key} = action;
      await requestRunners(context, {pool, scope, labels: [], count, key}, {dryRun: false});
      return 'requested';
    }
    case 'rerun': {
      const {repository: fullName, installationId, jobId} = action.preemption;
      await discovery.rerun({fullName, installationId}, jobId);
      return 'rerun';
    }
    case 'forget_preemption':
      return 'forgotten';
  }
}

/** Of a log line: whom it concerns. */
export function fieldsOf(action: Action): Record<string, string> {
  switch (action.kind) {
    case 'event': {
      const {jobId, runAttempt, pool, url, delivery} = action.event;
      return {job: `${jobId}-${runAttempt}`, pool, delivery, ...(url ? {url} : {})};
    }
    case 'demand':
    case 'reopen':
    case 'requeue':
      return {job: action.job};
    case 'move':
      return {job: action.job, pool: action.pool};
    case 'end_runner':
    case 'release_idle':
    case 'idle_check':
    case 'make':
    case 'place_spare':
    case 'count_runner':
      return {runner: action.runner};
    case 'delete_vm':
    case 'deregister':
      return {runner: action.name};
    case 'free_slot':
      return {slot: action.slot, holder: action.holder};
    case 'vm_check':
      return {vm: action.vm};
    case 'warm':
      return {pool: action.pool};
    case 'rerun':
    case 'forget_preemption': {
      const {job, runner, url} = action.preemption;
      return {job, runner, ...(url ? {url} : {})};
    }
  }
}
