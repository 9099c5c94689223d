import type * as z from 'zod';
import type {JobKey} from '../../../model/job';
import {placementOf} from '../../../model/placement';
import type {RunnerDocument} from '../../../model/runner';
import type {Runner} from '../schemas';
import {timeOf} from './time';

export type RunnerView = z.output<typeof Runner>;

export function runnerView(runner: RunnerDocument): RunnerView {
  const {scope} = runner;
  const placement = placementOf(runner);
  return {
    id: runner.name,
    name: runner.name,
    pool: runner.pool,
    type: 'gce',
    state: runner.state,
    repository: scope.kind === 'repository' ? `${scope.owner}/${scope.repo}` : null,
    org: scope.kind === 'organization' ? scope.org : null,
    labels: [...runner.labels],
    job_id: jobIdOf(runner.runs ?? runner.covers),
    zone: placement?.place ?? null,
    machine_type: placement?.machineType ?? null,
    spot: placement?.spot ?? null,
    created_at: timeOf(runner.createdAt),
    state_at: timeOf(runner.stateAt),
  };
}

/** GitHub's id, without the run attempt. A runner that was asked for by a person stands for no job. */
export function jobIdOf(key: JobKey | null | undefined): number | null {
  const id = /^(\d+)-\d+$/.exec(key ?? '')?.[1];
  return id === undefined ? null : Number(id);
}
