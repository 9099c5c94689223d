import {isOver} from '../model/runner';
import {readRunner} from '../runners/read-runner';
import type {Sweep} from './context';
import {endRunner} from './end-runner';
import {preemptionOf, wasPreempted} from './preempted';
import type {ActionOutcome, EndRunner, LookOptions} from './rule';

/**
 * Ends a runner whose machine may have been preempted, once the provider says so. Until then it is left, unless this is the `lastLook`: then the job
 * failed for another reason.
 */
export async function endPerhapsPreempted(
  sweep: Sweep,
  action: EndRunner<string>,
  {lastLook, ...options}: LookOptions,
): Promise<ActionOutcome> {
  const {context} = sweep;
  const runner = await readRunner(context.store, action.runner);
  if (!runner || isOver(runner)) return {decision: 'gone'};
  const job = runner.runs === null ? undefined : await context.store.get('jobs', runner.runs);
  const isPreemption = job !== undefined && (await wasPreempted(context, runner));
  if (!isPreemption && !lastLook) return {decision: 'left'};
  const outcome = await endRunner(sweep, action, options);
  if (!isPreemption || outcome.decision !== 'ended') return outcome;
  return {decision: 'preempted', preempted: preemptionOf(context, runner, job)};
}
