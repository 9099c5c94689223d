import {heldBackPauseMs, type JobDocument, jobKeyOf} from '../model/job';
import type {RunnerDocument} from '../model/runner';
import {type Context, poolOf} from '../ports';
import {writeDeadLetter} from '../runners/give-up';

/** Says, once each time, that GitHub does not give a job to a runner that waits for it, and what a person can look at. */
export async function reportHeldBack(context: Context, runner: RunnerDocument, job: JobDocument): Promise<void> {
  const {logger, store, clock} = context;
  const key = jobKeyOf(job);
  const times = job.heldBack ?? 1;
  const minutes = Math.round(heldBackPauseMs(times) / 60_000);
  const message = `GitHub does not give job ${key} of ${job.repository} to runner ${runner.name}, which is online, idle and has its labels. ${question(context, runner, job)} The job is tried again in ${minutes} minutes`;
  logger.error(message, {
    decision: 'dead_letter',
    reason: 'runner_idle',
    job: key,
    runner: runner.name,
    pool: job.pool,
    repository: job.repository,
    ...(job.url ? {url: job.url} : {}),
  });
  await writeDeadLetter(store, {
    task: `held-back-${runner.name}`,
    queue: 'provision',
    body: {kind: 'demand', job: key},
    error: message,
    job: key,
    jobUrl: job.url,
    attempts: times,
    now: clock.now(),
  });
}

function question(context: Context, {scope, pool}: RunnerDocument, {repository}: JobDocument): string {
  if (scope.kind === 'repository') {
    return `Do the Actions settings of ${repository}, its organization and enterprise allow self-hosted runners of the repository?`;
  }
  const group = poolOf(context, pool)?.runnerGroup ?? 'Default';
  return `Does runner group ${group} of ${scope.org} admit ${repository}, and this workflow?`;
}
