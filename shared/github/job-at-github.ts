import type {JobAtGitHub} from './github';

const STATUSES: Readonly<Record<string, JobAtGitHub['status']>> = {
  queued: 'queued',
  in_progress: 'in_progress',
  completed: 'completed',
  waiting: 'waiting',
  // Held back by a rule: nobody can take it yet.
  requested: 'waiting',
  pending: 'waiting',
};

/** A job as GitHub's REST API spells it; undefined when `data` is none. */
export function readJobAtGitHub(data: unknown): JobAtGitHub | undefined {
  if (typeof data !== 'object' || data === null || !('status' in data)) return undefined;
  const status = STATUSES[String(data.status)];
  if (!status) return undefined;
  const runnerName = 'runner_name' in data && typeof data.runner_name === 'string' ? data.runner_name : '';
  const runnerId = 'runner_id' in data && typeof data.runner_id === 'number' ? data.runner_id : 0;
  return {status, runnerName: runnerName || null, runnerId: runnerId > 0 ? runnerId : null};
}
