import type {Pool} from '../config/config';
import type {RunnerScope} from '../github/github';
import {runnerName} from '../lifecycle/naming';
import type {Context} from '../ports';
import type {JobDocument} from '../store/documents';

/** Where a pool registers the runner of a job: in its organisation, or in the job's own repository. */
export function scopeFor(pool: Pool, job: Pick<JobDocument, 'repository'>): RunnerScope {
  if (pool.scope.kind === 'organization') return {kind: 'organization', org: pool.scope.org};
  const [owner = '', repo = ''] = job.repository.split('/');
  return {kind: 'repository', owner, repo};
}

/** Name of the job's latest runner. */
export function latestRunnerName(context: Pick<Context, 'deployment'>, job: JobDocument): string {
  return runnerName(context.deployment, job.pool, job.jobId, job.creations);
}
