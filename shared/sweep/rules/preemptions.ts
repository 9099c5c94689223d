import type {Action} from '../actions';
import {poolNamed} from '../fleet';
import type {Observed} from '../observed';

/** The first attempt is 1; a job that keeps losing its VMs is a person's to look at. */
const LAST_ATTEMPT = 2;

/** The job of a spot VM that was taken back is run once more, if that is what made it fail: no step of it had. */
export function rerunPreempted(observed: Observed): Action[] {
  return observed.preempted.flatMap(({preemption, job}): Action[] => {
    if (job && job.status !== 'completed') return [];
    const wanted = poolNamed(observed, preemption.pool)?.rerunOnPreemption === true;
    const isLost = job?.conclusion === 'failure' && !job.hasFailedStep && job.runAttempt <= LAST_ATTEMPT;
    return [{kind: wanted && isLost ? 'rerun' : 'forget_preemption', reason: 'preempted', preemption}];
  });
}
