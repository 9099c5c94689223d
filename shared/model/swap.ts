import {type JobDocument, type JobKey, jobKeyOf} from './job';
import {canRun, covering, isEnding, type RunnerDocument, running, spared} from './runner';

/** What is known when job B is seen to run, or to have run, on a runner. */
export interface SwapInput {
  /** B, already `in_progress` or `completed`. */
  readonly job: JobDocument;
  /** The runner named by the event, if it is one of ours that is known. */
  readonly runner: RunnerDocument | undefined;
  /** The runner that covered B until now, when it is another one. */
  readonly cover: RunnerDocument | undefined;
  /** A: the job that `runner` covered, when it is not B. */
  readonly displaced: JobDocument | undefined;
  readonly now: number;
}

export interface SwapResult {
  readonly runner: RunnerDocument | undefined;
  readonly cover: RunnerDocument | undefined;
  readonly displaced: JobDocument | undefined;
  /** A is demand again, at once. */
  readonly reopened: JobKey | null;
  /** The cover has nothing to do any more. */
  readonly spare: RunnerDocument | null;
}

/**
 * The swap rule. GitHub binds a runner to labels, not to a job: runner R, made for A, may take B. Then the runner that was made
 * for B covers A from now on; if there is none that fits and A still queues, A is demand again.
 *
 * @see docs/adr/0003-swap-rule.md
 */
export function swap({job, runner, cover, displaced, now}: SwapInput): SwapResult {
  const busy = runner && running(runner, jobKeyOf(job), now);
  const free = cover && spared(cover, now);
  // mutation: displaced job still waits
  const stillWaits = displaced !== undefined && displaced.status === 'queued' && displaced.runner === runner?.name;

  if (stillWaits && free && !isEnding(free) && canRun(free, displaced)) {
    const taken = {...displaced, runner: free.name, demand: 'covered' as const, updatedAt: now};
    return {runner: busy, cover: covering(free, jobKeyOf(displaced)), displaced: taken, reopened: null, spare: null};
  }
  const spare = free?.spare ? free : null;
  if (stillWaits) {
    const open = {...displaced, runner: null, demand: 'open' as const, updatedAt: now};
    return {runner: busy, cover: free, displaced: open, reopened: jobKeyOf(displaced), spare};
  }
  return {runner: busy, cover: free, displaced, reopened: null, spare};
}
