import type {Job} from '../emulators/github/job';
import type {SimulatedWorld} from './simulated-world';
import type {WorldHistory} from './world-history';

/** The last attempt that is rerun. */
const LAST_RERUN_ATTEMPT = 2;

/** Pools with `rerunOnPreemption`, as runners are named after them. */
const RERUNS = /^slipway-spot(-aws)?-/;

/**
 * What `rerunOnPreemption` promises once all is over: a job that failed because its spot machine was preempted was rerun, and no other one. A crash
 * of the sweep may cost a rerun, and so may a person who removes the runner: the first is promised where nothing but preemptions happened.
 */
export function checkReruns(world: SimulatedWorld, history: WorldHistory): void {
  const {scenario, workload, faultPlan} = world;
  const isAlone = (scenario.acts ?? []).length === 0 && [...faultPlan.struck].every(({on}) => on === 'preemption');
  for (const job of workload.jobs) {
    const {id, runId, runAttempt, runner} = job;
    const of = (attempt: number) => workload.jobs.find((one) => one.runId === runId && one.runAttempt === attempt);
    if (isAlone && isInterrupted(job, history) && runAttempt <= LAST_RERUN_ATTEMPT && !of(runAttempt + 1)) {
      world.violated('job_not_rerun', `job ${id} failed because ${runner?.name} was preempted`);
    }
    if (runAttempt === 1 || workload.rerunByHand.has(job)) continue;
    const before = workload.jobs.filter((one) => one.runId === runId && one.runAttempt < runAttempt);
    if (!before.some((one) => isInterrupted(one, history))) {
      world.violated(
        'job_rerun',
        `job ${id} is attempt ${runAttempt}, and no machine was preempted under those before`,
      );
    }
  }
}

/** Whether the job failed because its machine, which its pool's jobs are rerun after, was preempted. */
function isInterrupted({ending, runner}: Readonly<Job>, {preempted}: WorldHistory): boolean {
  const isLost = ending === 'shut_down' || ending === 'lost';
  return isLost && runner !== null && RERUNS.test(runner.name) && preempted.has(runner.name);
}
