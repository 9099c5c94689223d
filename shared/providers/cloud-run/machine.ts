import {KEEP_LABEL} from '../../model/names';
import type {Machine, MachineStatus} from '../provider';
import type {Execution} from './client/run';
import {poolOf, runnerOf} from './environment';
import {jobOfExecution} from './job';

/** An execution as a machine. `now`: for one whose age Cloud Run does not tell, which is then not deleted. */
export function machineOf(execution: Execution, now: number): Machine {
  return {
    name: runnerOf(execution),
    id: execution.name,
    place: jobOfExecution(execution.name)?.region ?? '',
    status: statusOf(execution),
    createdAt: execution.createdAtMs ?? now,
    pool: poolOf(execution),
    // Executions have the labels of their job.
    isKept: KEEP_LABEL in execution.labels,
  };
}

function statusOf({isFinished, isEnding, startedAtMs}: Execution): MachineStatus {
  if (isFinished) return 'stopped';
  if (isEnding) return 'stopping';
  return startedAtMs === undefined ? 'starting' : 'running';
}
