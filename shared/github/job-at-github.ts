import type {JobAtGitHub} from './github';

/** GitHub's words for how a job stands, and what they are here. */
const STATUSES: Readonly<Record<string, JobAtGitHub['status']>> = {
  queued: 'queued',
  in_progress: 'in_progress',
  completed: 'completed',
  waiting: 'waiting',
  // Held back by a rule: nobody can take it yet.
  requested: 'waiting',
  pending: 'waiting',
};

/** Undefined: a word that GitHub does not describe. */
export function jobStatus(word: unknown): JobAtGitHub['status'] | undefined {
  return typeof word === 'string' && Object.hasOwn(STATUSES, word) ? STATUSES[word] : undefined;
}

/**
 * Of a job that waits: since when. Its `started_at` is when it was queued, later than its creation after an approval. Else when GitHub
 * created it. Milliseconds since the epoch; null: GitHub does not say.
 */
export function queuedAt(
  status: JobAtGitHub['status'],
  {
    created_at,
    started_at,
  }: {readonly created_at?: string | null | undefined; readonly started_at?: string | null | undefined},
): number | null {
  const runs = status === 'in_progress' || status === 'completed';
  const times = runs ? [created_at ?? started_at] : [created_at, started_at];
  return Math.max(0, ...times.map((time) => Date.parse(time ?? '') || 0)) || null;
}

/** The id of the registration that has the job; GitHub writes 0 where none has. */
export function registrationId(id: unknown): number | null {
  return typeof id === 'number' && Number.isSafeInteger(id) && id > 0 ? id : null;
}

/** A job as GitHub's REST API spells it; undefined when `data` is none. */
export function readJobAtGitHub(data: unknown): JobAtGitHub | undefined {
  if (typeof data !== 'object' || data === null || !('status' in data)) return undefined;
  const status = jobStatus(data.status);
  if (!status) return undefined;
  const runnerName = 'runner_name' in data && typeof data.runner_name === 'string' ? data.runner_name : '';
  return {
    status,
    runnerName: runnerName || null,
    runnerId: registrationId('runner_id' in data ? data.runner_id : null),
  };
}
