import {maySwapTo} from './fallback';
import {type JobDocument, type JobKey, jobKeyOf} from './job';
import type {Pool} from './pool';
import {assignTo, canRun, isEnding, markBusy, type RunnerDocument, unassign} from './runner';

/** Input of the swap rule: job B runs, or ran, on a runner. */
export interface SwapInput {
  /** B, already `in_progress` or `completed`. */
  readonly job: JobDocument;
  /** The runner that the event names; undefined: the event names none, or that runner is not on record. */
  readonly runner: RunnerDocument | undefined;
  /** The runner that was assigned to B until now; undefined: none, or `runner` itself. */
  readonly assigned: RunnerDocument | undefined;
  /** A: the job to which `runner` was assigned; undefined: none, or B itself. */
  readonly displaced: JobDocument | undefined;
  /** Those that are configured: what the pool of `assigned` forbids A is no runner for A. */
  readonly pools: readonly Pool[];
  readonly now: number;
}

/** The documents of the input after the swap rule, to be written. */
export interface SwapResult {
  readonly runner: RunnerDocument | undefined;
  readonly assigned: RunnerDocument | undefined;
  readonly displaced: JobDocument | undefined;
  /** Key of A if A is demand again. */
  readonly reopened: JobKey | null;
  /** `assigned` if it has no job any more. */
  readonly unassigned: RunnerDocument | null;
}

/**
 * The swap rule. GitHub binds a runner to labels, not to a job: runner R, created for job A, may take job B. Then the runner that was
 * created for B is assigned to A. If no such runner can run A, or its pool does not allow A, and A is still queued, A is demand again.
 *
 * @see docs/adr/0003-swap-rule.md
 */
export function swap({job, runner, assigned, displaced, pools, now}: SwapInput): SwapResult {
  const busy = runner && markBusy(runner, job, now);
  const free = assigned && unassign(assigned, now);
  // mutation: displaced job still waits
  const stillWaits = displaced !== undefined && displaced.status === 'queued' && displaced.runner === runner?.name;

  const isAllowed = stillWaits && assigned !== undefined && maySwapTo(pools, assigned.pool, displaced);
  if (stillWaits && assigned && isAllowed && !isEnding(assigned) && canRun(assigned, displaced)) {
    return {
      runner: busy,
      assigned: assignTo(assigned, jobKeyOf(displaced)),
      displaced: {...displaced, runner: assigned.name, demand: 'covered', updatedAt: now},
      reopened: null,
      unassigned: null,
    };
  }
  const unassigned = free?.spare ? free : null;
  if (stillWaits) {
    const open = {...displaced, runner: null, demand: 'open' as const, updatedAt: now};
    return {runner: busy, assigned: free, displaced: open, reopened: jobKeyOf(displaced), unassigned};
  }
  return {runner: busy, assigned: free, displaced, reopened: null, unassigned};
}
