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

/** Unknown fields are left out: an older function understands a newer task. */
const Event = z.object({
  jobId: z.int().positive(),
  runId: z.int().positive(),
  runAttempt: z.int().positive(),
  status: z.enum(['queued', 'waiting', 'in_progress', 'completed']),
  repository: z.string().regex(REPOSITORY),
  labels: z.array(z.string().regex(LABEL)).max(MAX_LABELS),
  pool: z.string().regex(SHORT_NAME),
  runnerName: z.string().regex(RUNNER_NAME).refine(isDocumentId).nullable(),
  // The three that tasks of older versions lack: not known.
  runnerId: z.int().positive().nullable().default(null),
  workflow: z.string().max(MAX_WORKFLOW_LENGTH).nullable().default(null),
  receivedAt: z.number().nullable().default(null),
  installationId: z.int().positive().nullable(),
  url: z.string().max(MAX_URL_LENGTH).nullable(),
  createdAt: z.number(),
  delivery: z.string().min(1).max(200),
});

/** One of ours. */
const RunnerName = z.string().regex(RFC_1035);

const JobKey = z.string().regex(JOB_KEY);

const VmId = z.string().regex(VM_ID);

/** Queue `provision`: something about demand. */
const ProvisionPayload = z.discriminatedUnion('kind', [
  /** A webhook said it. */
  z.object({kind: z.literal('event'), event: Event}),
  /** A job that is known needs a runner: it lost its own to another job, or a slot came free. */
  z.object({kind: z.literal('demand'), job: JobKey}),
  /** An event said that a job on record as running is queued again: is it? */
  z.object({kind: z.literal('queued_again'), job: JobKey, runner: z.string().min(1).nullable()}),
  /** A runner that was asked for without a job is to be made. */
  z.object({kind: z.literal('make'), runner: RunnerName}),
  /** A persistent VM was started by hand: its runner gets its labels back, and its stop is planned. */
  z.object({kind: z.literal('vm'), vm: VmId}),
]);

/** Queue `stop`: something about release. */
const StopPayload = z.discriminatedUnion('kind', [
  z.object({kind: z.literal('event'), event: Event}),
  /** Is the spare runner idle still? `since`: when it became spare, so that a newer life makes the check void. */
  z.object({
    kind: z.literal('idle'),
    runner: RunnerName,
    since: z.number(),
    reading: z.int().nonnegative(),
  }),
  /** Does the persistent VM stop? `version`: its activity when that was planned. */
  z.object({
    kind: z.literal('vm'),
    vm: VmId,
    version: z.int().nonnegative(),
    reading: z.int().nonnegative(),
  }),
  /** The runner is deregistered: its VM goes, unless it turned out to run a job; with `force`, whatever it runs. */
  z.object({kind: z.literal('delete'), runner: RunnerName, force: z.boolean().optional()}),
]);

export type ProvisionTask = z.infer<typeof ProvisionPayload>;

export type StopTask = z.infer<typeof StopPayload>;

const SCHEMA = {provision: ProvisionPayload, stop: StopPayload} satisfies Record<QueueName, z.ZodType>;

export interface TaskOf {
  readonly provision: ProvisionTask;
  readonly stop: StopTask;
}

/** A task's body, or `InvalidTask`: a body that is not ours will never be. */
export function parseTask<Q extends QueueName>(queue: Q, body: Buffer): TaskOf[Q] {
  let value: unknown;
  try {
    value = JSON.parse(body.toString('utf8'));
  } catch {
    // The parser's own message quotes the body.
    throw new InvalidTask(`the body of the ${queue} task is not JSON`);
  }
  const parsed = SCHEMA[queue].safeParse(value);
  if (parsed.success) return parsed.data as TaskOf[Q];
  const problems = parsed.error.issues.map((issue) => `${issue.path.join('.') || 'body'}: ${issue.message}`).join('; ');
  throw new InvalidTask(`the body of the ${queue} task is not one of ours: ${problems}`);
}

/** A queue, and the function that it is for. */
export type QueueName = 'provision' | 'stop';
