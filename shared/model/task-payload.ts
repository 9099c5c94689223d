import * as z from 'zod';
import {InvalidTask} from '../errors';
import {
  isDocumentId,
  JOB_KEY,
  LABEL,
  MAX_LABELS,
  MAX_URL_LENGTH,
  MAX_WORKFLOW_LENGTH,
  REPOSITORY,
  RFC_1035,
  RUNNER_NAME,
  SHORT_NAME,
  VM_ID,
} from './names';

/** zod drops unknown fields, so that an older function reads a newer task. */
const Event = z.object({
  jobId: z.int().positive(),
  runId: z.int().positive(),
  runAttempt: z.int().positive(),
  status: z.enum(['queued', 'waiting', 'in_progress', 'completed']),
  repository: z.string().regex(REPOSITORY),
  labels: z.array(z.string().regex(LABEL)).max(MAX_LABELS),
  pool: z.string().regex(SHORT_NAME),
  runnerName: z.string().regex(RUNNER_NAME).refine(isDocumentId).nullable(),
  // Tasks of older versions lack these three fields.
  runnerId: z.int().positive().nullable().default(null),
  workflow: z.string().max(MAX_WORKFLOW_LENGTH).nullable().default(null),
  receivedAt: z.number().nullable().default(null),
  isPublic: z.boolean().optional(),
  isFailureOfRunner: z.boolean().optional(),
  installationId: z.int().positive().nullable(),
  url: z.string().max(MAX_URL_LENGTH).nullable(),
  createdAt: z.number(),
  delivery: z.string().min(1).max(200),
});

/** Name of a runner of this deployment, which is also the name of its VM. */
const RunnerName = z.string().regex(RFC_1035);

const JobKey = z.string().regex(JOB_KEY);

const VmId = z.string().regex(VM_ID);

/** Tasks of `provision`: demand, and the start of jobs. */
const ProvisionPayload = z.discriminatedUnion('kind', [
  /** A job event: queued, waiting or in_progress. */
  z.object({kind: z.literal('event'), event: Event}),
  /** A job on record needs a runner: another job took its runner, or a slot became free. */
  z.object({kind: z.literal('demand'), job: JobKey}),
  /** An event says that a job on record as running is queued again. The task asks GitHub whether that is so. */
  z.object({kind: z.literal('queued_again'), job: JobKey, runner: z.string().min(1).nullable()}),
  /** Create a runner that was requested without a job. */
  z.object({kind: z.literal('make'), runner: RunnerName}),
  /** Create a standby machine that is on record. `runner`: its name, which its runner will have. */
  z.object({kind: z.literal('standby'), runner: RunnerName}),
  /** A person started a persistent VM: restore its runner's labels, and plan its stop. */
  z.object({kind: z.literal('vm'), vm: VmId}),
]);

/** Tasks of `stop`: the end of jobs, runners and VMs. */
const StopPayload = z.discriminatedUnion('kind', [
  /** A job event: completed. */
  z.object({kind: z.literal('event'), event: Event}),
  /** Check whether the runner is still unassigned and idle. Void when the runner has become unassigned at another time than `since`. */
  z.object({
    kind: z.literal('idle'),
    runner: RunnerName,
    since: z.number(),
    reading: z.int().nonnegative(),
  }),
  /** Check whether the persistent VM may stop. Void when the VM's activity has another version than `version`. */
  z.object({
    kind: z.literal('vm'),
    vm: VmId,
    version: z.int().nonnegative(),
    reading: z.int().nonnegative(),
  }),
  /** The runner is deregistered: delete its VM, unless the runner runs a job after all. With `force`: delete it even then. */
  z.object({kind: z.literal('delete'), runner: RunnerName, force: z.boolean().optional()}),
]);

export type ProvisionTask = z.infer<typeof ProvisionPayload>;

export type StopTask = z.infer<typeof StopPayload>;

const SCHEMA = {provision: ProvisionPayload, stop: StopPayload} satisfies Record<QueueName, z.ZodType>;

/** The type of a task by its queue. */
export interface TaskOf {
  readonly provision: ProvisionTask;
  readonly stop: StopTask;
}

/** Parses the body of a task. Throws `InvalidTask`, which is not retryable, if the body is malformed. */
export function parseTask<Q extends QueueName>(queue: Q, body: Buffer): TaskOf[Q] {
  let value: unknown;
  try {
    value = JSON.parse(body.toString('utf8'));
  } catch {
    // The message of JSON.parse quotes the body, so it is not passed on.
    throw new InvalidTask(`the body of the ${queue} task is not JSON`);
  }
  const parsed = SCHEMA[queue].safeParse(value);
  if (parsed.success) return parsed.data as TaskOf[Q];
  const problems = parsed.error.issues.map((issue) => `${issue.path.join('.') || 'body'}: ${issue.message}`).join('; ');
  throw new InvalidTask(`the body of the ${queue} task is not one of ours: ${problems}`);
}

/** A queue, and the function that it is for. */
export type QueueName = 'provision' | 'stop';

/** A function that gets tasks. The sweep has no queue of its own. */
export type TaskTarget = QueueName | 'sweep';
