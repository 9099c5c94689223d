import type {JobStatus} from '../store/documents';

/** What one `workflow_job` webhook says, and all of it that a task carries on. */
export interface JobEvent {
  readonly jobId: number;
  readonly runId: number;
  readonly runAttempt: number;
  /** From the body: it rules over the event's action. */
  readonly status: JobStatus;
  /** `owner/name` */
  readonly repository: string;
  readonly labels: readonly string[];
  /** The pool that the webhook matched. */
  readonly pool: string;
  /** The runner that runs or ran the job; null while it has none. */
  readonly runnerName: string | null;
  /** GitHub's id of that runner's registration; null where the event does not say. */
  readonly runnerId: number | null;
  /** Name of the workflow; null where the event does not say. */
  readonly workflow: string | null;
  readonly installationId: number | null;
  /** The job's page, for people. */
  readonly url: string | null;
  /** Of a job that waits: since when. Else when GitHub created it. Milliseconds since the epoch. */
  readonly createdAt: number;
  /** When `webhook` received the delivery, or the sweep read it from GitHub; milliseconds since the epoch. Null in tasks of older versions. */
  readonly receivedAt: number | null;
  /** GUID of the delivery that said it; a redelivery and a retried task keep it. */
  readonly delivery: string;
}
