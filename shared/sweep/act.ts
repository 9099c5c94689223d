import {bootBreaker} from '../model/breaker';
import type {Preemption} from '../model/sweep';
import type {Context} from '../ports';
import {closeBreaker} from '../runners/breakers';
import {isTimeUp, type Sweep} from './context';
import {type Observed, registrationOf} from './observed';
import type {Step} from './plan';
import {createRepairs} from './repairs';

/** A runner of the template came online after the last one that did not: the row is broken. */
export async function closeBootBreakers(context: Context, observed: Observed): Promise<void> {
  const {pools, runners} = observed;
  for (const pool of pools) {
    const name = bootBreaker(pool);
    const breaker = name && (await context.store.get('breakers', name));
    if (!name || !breaker) continue;
    const cameUp = runners?.some(
      (runner) =>
        runner.pool === pool.name &&
        runner.createdAt > breaker.failedAt &&
        registrationOf(observed, runner).registration?.seen.status === 'online',
    );
    if (cameUp) await closeBreaker(context.store, name);
  }
}

export interface Acted {
  /** By reason. */
  readonly done: Record<string, number>;
  readonly failed: Record<string, number>;
  /** Decided and not begun: the time was up. */
  readonly notStarted: number;
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
  let started = 0;
  for (const {action, subject, act: carryOut} of steps) {
    if (isTimeUp(sweep)) break;
    started++;
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
  return {done, failed, notStarted: steps.length - started, preempted, settled};
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
