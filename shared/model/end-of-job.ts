import {type JobDocument, jobKeyOf} from './job';
import {advanceRunner, type RunnerDocument} from './runner';

/**
 * Whether the record of the runner's job may tell that the runner drains. Only where the job's start is on record: a runner that only the end of a
 * job named may run another job by now, and GitHub is asked before it drains.
 */
export function mayDrainByJob(runner: RunnerDocument): runner is RunnerDocument & {readonly runs: string} {
  return runner.state === 'busy' && runner.runs !== null && runner.began === runner.runs;
}

/**
 * The runner as its job's record tells it: it drains since the end of its job. An ordinary end is not written into the runner's own record, which
 * says `busy` until the runner is gone: that would be one write more for each job. Whoever has to know whether a runner drains reads it
 * with `readRunner` (shared/runners/read-runner.ts). `job`: the record of `runner.runs`, if there is one.
 */
export function withEndOfJob(runner: RunnerDocument, job: JobDocument | undefined): RunnerDocument {
  if (!job || !mayDrainByJob(runner)) return runner;
  if (job.status !== 'completed' || job.runner !== runner.name || jobKeyOf(job) !== runner.runs) return runner;
  return advanceRunner(runner, 'draining', job.updatedAt);
}
