import type {Outcome} from '../decisions';
import type {JobDocument} from '../model/job';
import type {Demand} from '../model/job-event';
import {queuedAgainTask} from '../model/tasks';
import type {Context} from '../ports';
import {passBreakers} from './breakers';
import {type Coverage, coverJob} from './cover-job';
import {createRunner} from './create-runner';

/**
 * Demand of a job whose pool makes runners, from first to last: record it, cover it, and make the runner if one is to be made. Returns the
 * decision, in a word that no line about the runner itself has, so that whoever counts lines by their decision counts each runner once.
 */
export async function serveDemand(
  context: Context,
  job: Pick<JobDocument, 'pool' | 'repository'>,
  demand: Demand,
): Promise<Outcome> {
  // A pool that cannot be served is refused before anything is registered for it.
  context.provider(job.pool);
  const guarded = await passBreakers(context, job.pool, job.repository);
  const coverage = await coverJob(context, job.pool, demand, context.random.uuid());
  if (coverage.kind === 'queued_again' && 'event' in demand) {
    await context.tasks.enqueue(queuedAgainTask(coverage.job, coverage.runner, demand.event.delivery));
  }
  if (coverage.kind !== 'create') return describe(coverage);
  const {kind, runner} = await guarded(() => createRunner(context, coverage));
  return {decision: kind === 'created' ? 'booting' : kind, reason: runner.name};
}

function describe(coverage: Exclude<Coverage, {kind: 'create'}>): Outcome {
  switch (coverage.kind) {
    case 'covered':
      return {decision: 'covered_by', reason: String(coverage.by)};
    case 'open':
      return {decision: 'waits_for_slot'};
    case 'not_wanted':
      return {decision: 'not_wanted', reason: coverage.reason};
    case 'queued_again':
      return {decision: 'queued_again', reason: coverage.runner ?? 'no_runner'};
  }
}
