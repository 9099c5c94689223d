import {isFailureOfRunner} from '../../model/job-json';
import type {Preemption} from '../../model/sweep';
import {type Observed, poolNamed} from '../observed';
import type {PlannedAction, Rule} from '../rule';

/** Last run attempt that is rerun, counted from 1. A job that loses its VM more often is left to a person. */
const LAST_ATTEMPT = 2;

interface SettlePreemption extends PlannedAction {
  /** `forget_preemption`: the job ended for another reason and is not rerun. */
  readonly kind: 'rerun' | 'forget_preemption';
  readonly reason: 'preempted';
  readonly preemption: Preemption;
}

/** Reruns the job of a preempted spot VM if the preemption made the job fail: none of its steps failed. */
export const rerunPreempted: Rule<SettlePreemption> = {
  plan: planReruns,
  act: async ({kind, preemption}, repairs) => {
    if (kind === 'forget_preemption') return {decision: 'forgotten', settled: preemption};
    await repairs.rerunJob(preemption);
    return {decision: 'rerun', settled: preemption};
  },
  subject: ({preemption: {job, runner, url}}) => ({job, runner, ...(url ? {url} : {})}),
};

function planReruns(observed: Observed): SettlePreemption[] {
  return observed.preempted.flatMap(({preemption, job}): SettlePreemption[] => {
    if (job && job.status !== 'completed') return [];
    const wanted = poolNamed(observed, preemption.pool)?.rerunOnPreemption === true;
    const isLost = job !== undefined && isFailureOfRunner(job) && job.runAttempt <= LAST_ATTEMPT;
    return [{kind: wanted && isLost ? 'rerun' : 'forget_preemption', reason: 'preempted', preemption}];
  });
}
