import {RateLimited} from '../errors';
import {bootBreaker} from '../model/breaker';
import {READ_POINTS, WRITE_POINTS} from '../model/github-points';
import type {Preemption} from '../model/sweep';
import type {Context} from '../ports';
import {closeBreaker} from '../runners/breaker-failures';
import {isTimeUp, type Sweep} from './context';
import {type Observed, registrationOf} from './observed';
import type {Step} from './plan';
import {createRepairs} from './repairs';
import {runConcurrently} from './run-concurrently';

export interface Acted {
  /** Number of actions carried out, by reason. */
  readonly done: Record<string, number>;
  readonly failed: Record<string, number>;
  /** Number of planned actions that were not started, because the time budget ran out or GitHub limits the sweep's calls. */
  readonly notStarted: number;
  readonly preempted: readonly Preemption[];
  /** Preemptions that need no further action. */
  readonly settled: readonly Preemption[];
}

/** What ends with a deletion or a deregistration: hundreds may be due at once, each waits for its provider and GitHub, and none for another. */
const DELETIONS: ReadonlySet<Step['action']['kind']> = new Set([
  'end_runner',
  'delete_vm',
  'deregister',
  'end_standby',
]);

/** Those that call GitHub. */
const DEREGISTERS: ReadonlySet<Step['action']['kind']> = new Set(['end_runner', 'deregister']);

/** Deletions that are carried out at the same time. */
const MAX_CONCURRENT = 8;

/** GitHub's points of a deregistration: a look at the registration, and its deletion. */
const DEREGISTRATION_POINTS = READ_POINTS + WRITE_POINTS;

/**
 * Carries the steps out in their order: one after the other, adjacent deletions eight at a time as far as what the sweep may ask of GitHub suffices
 * for them, and then one after the other, too, those of an owner until GitHub limits one of them: each further call would lengthen the owner's limit.
 * What failed, or was not started, is for the next sweep.
 */
export async function act(sweep: Sweep, steps: readonly Step[]): Promise<Acted> {
  const {logger} = sweep.context;
  const repairs = createRepairs(sweep);
  const done: Record<string, number> = {};
  const failed: Record<string, number> = {};
  const preempted: Preemption[] = [];
  const settled: Preemption[] = [];
  let notStarted = 0;
  /** Owners whose deregistrations GitHub has limited. */
  const limited = new Set<string | undefined>();
  const carryOut = async ({action, subject, owner, act: work}: Step) => {
    const {kind, reason} = action;
    try {
      const outcome = await work(repairs);
      const {decision} = outcome;
      done[reason] = (done[reason] ?? 0) + 1;
      if (outcome.preempted) preempted.push(outcome.preempted);
      if (outcome.settled) settled.push(outcome.settled);
      logger.info(`sweep: ${kind} for ${reason}: ${decision}`, {decision, reason, ...subject});
    } catch (error) {
      if (error instanceof RateLimited && DEREGISTERS.has(kind)) limited.add(owner);
      failed[reason] = (failed[reason] ?? 0) + 1;
      logger.warning(`sweep: ${kind} for ${reason} failed, and is left to the next one`, {
        decision: 'failed',
        reason,
        error,
        ...subject,
      });
    }
  };
  const carryOutUnlessLimited = async (step: Step) => {
    if (limited.has(step.owner)) notStarted += 1;
    else await carryOut(step);
  };
  const run = async (some: readonly Step[], most: number, work: (step: Step) => Promise<void>) => {
    const left = await runConcurrently(some, most, () => isTimeUp(sweep), work);
    notStarted += left.length;
  };
  for (const some of byConcurrency(steps)) {
    const {together, beyondPoints, others} = sorted(sweep, some);
    await run(together, MAX_CONCURRENT, carryOut);
    await run(beyondPoints, 1, carryOutUnlessLimited);
    await run(others, 1, carryOut);
  }
  return {done, failed, notStarted, preempted, settled};
}

interface Sorted {
  /** Deletions that may run at the same time. */
  readonly together: readonly Step[];
  /** Deletions for whose calls GitHub's points do not suffice. */
  readonly beyondPoints: readonly Step[];
  /** What is no deletion. */
  readonly others: readonly Step[];
}

/** Each kind in its order. */
function sorted(sweep: Sweep, steps: readonly Step[]): Sorted {
  const together: Step[] = [];
  const beyondPoints: Step[] = [];
  const others: Step[] = [];
  for (const step of steps) {
    if (!isDeletion(step)) others.push(step);
    else (takesPoints(sweep, step) ? together : beyondPoints).push(step);
  }
  return {together, beyondPoints, others};
}

/** Whether the step may run beside others. Steps are asked in their order: once the points are spent, each that follows and needs some is refused. */
function takesPoints({restraint}: Sweep, {action}: Step): boolean {
  if (!DEREGISTERS.has(action.kind)) return true;
  if (!restraint.allowsCall()) return false;
  restraint.spend(DEREGISTRATION_POINTS);
  return true;
}

function isDeletion({action}: Step): boolean {
  return DELETIONS.has(action.kind);
}

/** The steps in their order, in parts that are deletions alone, or none. */
function byConcurrency(steps: readonly Step[]): Step[][] {
  const parts: Step[][] = [];
  for (const step of steps) {
    const part = parts.at(-1);
    const [first] = part ?? [];
    if (part && first && isDeletion(first) === isDeletion(step)) part.push(step);
    else parts.push([step]);
  }
  return parts;
}

/** Logs what a dry run would do. */
export function logDecisions({logger}: Sweep['context'], steps: readonly Step[]): void {
  for (const {action, subject} of steps) {
    logger.info(`dry run: would ${action.kind} for ${action.reason}`, {
      decision: 'dry_run',
      reason: action.reason,
      ...subject,
    });
  }
}

/** Closes the boot breaker of each pool that has an online runner created after the last failed boot. Reads those of such pools alone. */
export async function closeBootBreakers(context: Context, observed: Observed): Promise<void> {
  const online = (observed.runners ?? []).filter(
    (runner) => registrationOf(observed, runner).registration?.seen.status === 'online',
  );
  for (const pool of observed.pools) {
    const cameUp = online.filter((runner) => runner.pool === pool.name);
    const name = cameUp.length > 0 ? bootBreaker(pool) : undefined;
    const breaker = name && (await context.store.get('breakers', name));
    if (name && breaker && cameUp.some(({createdAt}) => createdAt > breaker.failedAt)) {
      await closeBreaker(context.store, name);
    }
  }
}
