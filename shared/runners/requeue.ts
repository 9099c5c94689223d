import type {Outcome} from '../decisions';
import {type JobDocument, type JobKey, requeue} from '../model/job';
import {parseRunnerName} from '../model/names';
import {repositoryScope} from '../model/scope';
import {demandTask} from '../model/tasks';
import {type Context, githubOf, isRunnerGone} from '../ports';

/** A job on record as running, and the name of its runner; null: not known. */
export interface RunningJob {
  readonly job: JobKey;
  readonly runner: string | null;
}

/** Records on the persistent VM of the job's pool, if the pool has one, that the job does not run there any more. */
export type EndRunOnVm = (context: Context, job: JobDocument) => Promise<void>;

/**
 * Makes a job on record as running demand again, with the next generation. The caller has seen twice that GitHub has the job queued. `void`:
 * the record has changed since, or the job's runner is alive.
 */
export async function requeueJob(
  context: Context,
  {job: key, runner}: RunningJob,
  endRunOnVm: EndRunOnVm,
): Promise<'done' | 'void'> {
  const again = await context.store.transaction(async (transaction) => {
    const job = await transaction.get('jobs', key);
    if (job?.status !== 'in_progress' || job.runner !== runner) return undefined;
    if (!(await isRunnerGone(transaction, job))) return undefined;
    const isOurs = runner !== null && parseRunnerName(context.deployment, runner) !== undefined;
    const next = requeue(job, context.clock.now(), {keepsName: !isOurs});
    transaction.set('jobs', key, next);
    return next;
  });
  if (!again) return 'void';
  // Before the demand is enqueued, because its task reads the VM's record.
  await endRunOnVm(context, again);
  await context.tasks.enqueue(demandTask(key, `queued-again-${again.generation}`));
  context.logger.warning(`job ${key} is queued again: its runner ${runner ?? '(unknown)'} is gone`, {
    decision: 'requeued',
    job: key,
    pool: again.pool,
    ...(runner ? {runner} : {}),
    ...(again.url ? {url: again.url} : {}),
  });
  return 'done';
}

/** Asks GitHub whether a job on record as running is queued, after an event said so, and requeues the job if it is. */
export async function checkQueuedAgain(
  context: Context,
  running: RunningJob,
  endRunOnVm: EndRunOnVm,
): Promise<Outcome> {
  const job = await context.store.get('jobs', running.job);
  if (job?.status !== 'in_progress' || job.runner !== running.runner) return {decision: 'void'};
  if (!(await isRunnerGone(context.store, job))) return {decision: 'runner_lives'};
  const github = githubOf(context, {scope: repositoryScope(job.repository), installationId: job.installationId});
  const now = await github.getJob(job.repository, job.jobId);
  if (now?.status !== 'queued') return {decision: 'not_queued', reason: now?.status ?? 'absent'};
  return {decision: await requeueJob(context, running, endRunOnVm)};
}
