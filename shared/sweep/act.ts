import type {Preemption} from '../model/sweep';
import {isTimeUp, type Sweep} from './context';
import type {Step} from './plan';
import {createRepairs} from './repairs';

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

/** Carries the plan out, one action after the other. An action that fails is left to the next sweep. */
export async function act(sweep: Sweep, steps: readonly Step[]): Promise<Acted> {
  const {logger} = sweep.context;
  const repairs = createRepairs(sweep);
  const done: Record<string, number> = {};
  const failed: Record<string, number> = {};
  const preempted: Preemption[] = [];
  const settled: Preemption[] = [];
  let begun = 0;
  for (const {action, subject, act: carryOut} of steps) {
    if (isTimeUp(sweep)) break;
    begun++;
    const {kind, reason} = action;
    try {
      const outcome = await carryOut(repairs);
      const {decision} = outcome;
      done[reason] = (done[reason] ?? 0) + 1;
      if (outcome.preempted) preempted.push(outcome.preempted);
      if (outcome.settled) settled.push(outcome.settled);
      logger.info(`sweep: ${kind} for ${reason}: ${decision}`, {decision, reason, ...subject});
    } catch (error) {
      failed[reason] = (failed[reason] ?? 0) + 1;
      logger.warning(`sweep: ${kind} for ${reason} failed, and is left to the next one`, {
        decision: 'failed',
        reason,
        error,
        ...subject,
      });
    }
  }
  return {done, failed, left: steps.length - begun, preempted, settled};
}

/** What a dry run would do. */
export function logDecisions({logger}: Sweep['context'], steps: readonly Step[]): void {
  for (const {action, subject} of steps) {
    logger.info(`dry run: would ${action.kind} for ${action.reason}`, {
      decision: 'dry_run',
      reason: action.reason,
      ...subject,
    });
  }
}
