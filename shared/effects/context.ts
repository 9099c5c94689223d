import type {Clock} from '../clock';
import type {Pool} from '../config/config';
import type {GitHub, GitHubFor, RunnerScope} from '../github/github';
import {runnerName} from '../lifecycle/naming';
import type {RunnerProvider} from '../providers/provider';
import type {PersistentVm, VmReference} from '../providers/vm';
import type {Random} from '../random';
import type {JobDocument, RunnerDocument} from '../store/documents';
import type {Store} from '../store/store';
import type {Tasks} from '../tasks/tasks';
import type {Logger} from '../telemetry/logger';

/** Everything with a side effect, passed in. One for each request: the logger carries the request's fields. */
export interface Context {
  readonly deployment: string;
  readonly pools: readonly Pool[];
  /** Hard limit over all pools that make VMs; undefined: none but the pools' own. */
  readonly maxRunners?: number;
  readonly store: Store;
  readonly tasks: Tasks;
  readonly github: GitHubFor;
  /** The provider of a pool by name; also for a pool that is not configured any more, whose runners have to go. */
  readonly provider: (pool: string) => RunnerProvider;
  /** Every provider that may have machines of this deployment. */
  readonly providers: () => readonly RunnerProvider[];
  /** A persistent VM. */
  readonly vm: (reference: VmReference) => PersistentVm;
  readonly clock: Clock;
  readonly random: Random;
  readonly logger: Logger;
}

export function poolOf(context: Pick<Context, 'pools'>, name: string): Pool | undefined {
  return context.pools.find((pool) => pool.name === name);
}

export function githubOf(context: Context, runner: Pick<RunnerDocument, 'scope' | 'installationId'>): GitHub {
  return context.github(runner.scope, runner.installationId ?? undefined);
}

/** Where a pool registers the runner of a job: in its organisation, or in the job's own repository. */
export function scopeFor(pool: Pool, job: Pick<JobDocument, 'repository'>): RunnerScope {
  if (pool.scope.kind === 'organization') return {kind: 'organization', org: pool.scope.org};
  const [owner = '', repo = ''] = job.repository.split('/');
  return {kind: 'repository', owner, repo};
}

/** Name of the job's latest runner. */
export function latestRunnerName(context: Context, job: JobDocument): string {
  return runnerName(context.deployment, job.pool, job.jobId, job.creations);
}
