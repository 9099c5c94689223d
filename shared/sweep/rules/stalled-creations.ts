import {MINUTE_MS} from '../../durations';
import {isBeingCreated, isWithoutJob} from '../../model/runner';
import {isListed, machineFinder, type Observed} from '../observed';
import type {DemandJob, EndRunner, PlannedAction, Rule} from '../rule';

/** A creation without change for this many milliseconds has stalled: the retries of the queue come sooner. */
const STALLED_AFTER_MS = 10 * MINUTE_MS;
const ENDED_AFTER_MS = 60 * MINUTE_MS;

interface ResumeCreation extends PlannedAction {
  readonly kind: 'make';
  readonly reason: 'half_made';
  /** A runner that was requested without a job. */
  readonly runner: string;
  /** Makes the task name unique. */
  readonly cause: string;
}

type Resumption = ResumeCreation | EndRunner<'half_made'> | DemandJob<'half_made'>;

/** Resumes a creation that a crash interrupted. Ends its runner after an hour. */
export const resumeStalledCreations: Rule<Resumption> = {
  plan: planResumptions,
  act: async (action, repairs) => {
    if (action.kind === 'end_runner') return repairs.endRunner(action, {unlessOnline: true});
    if (action.kind === 'make') await repairs.resumeCreation(action.runner, action.cause);
    else await repairs.demandJob(action.job, action.cause);
    return {decision: 'demanded'};
  },
  subject: (action) => (action.kind === 'demand' ? {job: action.job} : {runner: action.runner}),
};

function planResumptions(observed: Observed, now: number): Resumption[] {
  const machineOf = machineFinder(observed);
  const actions: Resumption[] = [];
  for (const runner of observed.runners ?? []) {
    const forMs = now - runner.stateAt;
    if (!isBeingCreated(runner) || forMs < STALLED_AFTER_MS || observed.held.has(runner.pool)) continue;
    const cause = `half-made-${runner.name}-${Math.floor(forMs / STALLED_AFTER_MS)}`;
    if (forMs < ENDED_AFTER_MS && isWithoutJob(runner)) {
      actions.push({kind: 'make', reason: 'half_made', runner: runner.name, cause});
    } else if (forMs >= ENDED_AFTER_MS || !observed.jobs.has(runner.madeFor)) {
      if (forMs < ENDED_AFTER_MS && runner.covers === null) continue;
      // No request from an hour ago can still create a VM.
      const isAbsent = isListed(observed, runner) && !machineOf(runner);
      const isDead = forMs >= ENDED_AFTER_MS && isAbsent;
      const rest = {isDead, force: false, jobUrl: null} as const;
      actions.push({kind: 'end_runner', reason: 'half_made', runner: runner.name, ...rest});
    } else {
      actions.push({kind: 'demand', reason: 'half_made', job: runner.madeFor, cause});
    }
  }
  return actions;
}
