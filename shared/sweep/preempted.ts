import {Refused} from '../errors';
import {type JobDocument, jobKeyOf} from '../model/job';
import {placementOf} from '../model/placement';
import {machineProvider, type RunnerDocument} from '../model/runner';
import type {Preemption} from '../model/sweep';
import type {Context} from '../ports';
import {machineOf} from '../runners/retire';

/** The job of a VM that vanished under it; undefined: the provider did not preempt the VM. GitHub itself notices the loss only after ten minutes. */
export async function lostJob(
  context: Context,
  runner: RunnerDocument,
  job: JobDocument,
): Promise<Preemption | undefined> {
  if (await wasPreempted(context, runner)) return preemptionOf(context, runner, job);
  logLoss(context, runner, job, 'vanished');
  return undefined;
}

/** Whether the provider says by now that it preempted the runner's VM. */
export async function wasPreempted(context: Context, runner: RunnerDocument): Promise<boolean> {
  if (!placementOf(runner)?.spot) return false;
  const provider = context.provider(runner.pool, machineProvider(runner));
  try {
    return (await provider.wasPreempted?.(machineOf(runner))) ?? false;
  } catch (error) {
    // If this error ended the action, the slot would stay taken for as long as the permission is missing.
    if (!(error instanceof Refused)) throw error;
    context.logger.warning(`whether the VM ${runner.name} was preempted is not known`, {
      decision: 'preemption_unknown',
      runner: runner.name,
      pool: runner.pool,
      error,
    });
    return false;
  }
}

/** What a later sweep reruns the job by. */
export function preemptionOf(context: Context, runner: RunnerDocument, job: JobDocument): Preemption {
  logLoss(context, runner, job, 'preempted');
  const {jobId, repository, installationId, url} = job;
  const {name, pool} = runner;
  return {runner: name, pool, job: jobKeyOf(job), jobId, repository, installationId, url, at: context.clock.now()};
}

function logLoss(
  {logger}: Context,
  {name, pool}: RunnerDocument,
  job: JobDocument,
  decision: 'preempted' | 'vanished',
): void {
  logger.error(`the VM ${name} ${decision === 'preempted' ? 'was preempted' : 'vanished'} under a job`, {
    decision,
    runner: name,
    pool,
    job: jobKeyOf(job),
    ...(job.url ? {url: job.url} : {}),
  });
}
