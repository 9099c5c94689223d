import * as z from 'zod';
import {areLabels, isNameOfRunner, isPage, MAX_WORKFLOW_LENGTH, REPOSITORY} from '../model/names';
import type {DiscoveredDelivery, DiscoveredJob, DiscoveredRepository, DiscoveredRun, HookReference} from './discovery';
import {jobStatus, queuedAt, registrationId} from './job-at-github';

/**
 * What GitHub answers, as far as anything here depends on it. Other shapes are undefined, which makes a list incomplete. A minor field that
 * is malformed (a date, a visibility) counts as missing.
 */

const time = z.iso.datetime({offset: true});

/** A field that nothing stands or falls with. */
function minor<T extends z.ZodType>(type: T) {
  return type.nullish().catch(null);
}

const Repository = z.object({
  full_name: z.string().regex(REPOSITORY),
  private: minor(z.boolean()),
  visibility: minor(z.string()),
  pushed_at: minor(time),
  archived: minor(z.boolean()),
  disabled: minor(z.boolean()),
});

/** Null: it can have no new run. */
export function readRepository(data: unknown, installationId: number | null): DiscoveredRepository | null | undefined {
  const parsed = Repository.safeParse(data);
  if (!parsed.success) return undefined;
  const {full_name, pushed_at, archived, disabled} = parsed.data;
  if (archived || disabled) return null;
  return {
    fullName: full_name,
    installationId,
    isPublic: isPublic(parsed.data),
    pushedAt: pushed_at ? Date.parse(pushed_at) : null,
  };
}

function isPublic({visibility, private: isPrivate}: {visibility?: unknown; private?: unknown}): boolean | null {
  if (typeof visibility === 'string') return visibility === 'public';
  return typeof isPrivate === 'boolean' ? !isPrivate : null;
}

const Run = z.object({
  id: z.int().positive(),
  repository: minor(z.record(z.string(), z.unknown())),
  created_at: minor(time),
  status: minor(z.string()),
});

export function readRun(data: unknown): (DiscoveredRun & {readonly isOver: boolean}) | undefined {
  const parsed = Run.safeParse(data);
  if (!parsed.success) return undefined;
  const {id, repository, created_at, status} = parsed.data;
  return {
    id,
    isPublic: isPublic(repository ?? {}),
    createdAt: created_at ? Date.parse(created_at) : null,
    // A word that GitHub does not describe is no reason to leave its jobs alone.
    isOver: status === 'completed',
  };
}

const Job = z.object({
  id: z.int().positive(),
  run_id: z.int().positive(),
  run_attempt: z.int().positive().nullish(),
  status: z.string(),
  conclusion: minor(z.string()),
  labels: z.array(z.string()),
  runner_name: minor(z.string()),
  runner_id: minor(z.number()),
  workflow_name: minor(z.string()),
  html_url: minor(z.string()),
  created_at: minor(time),
  started_at: minor(time),
  steps: minor(z.array(z.object({conclusion: minor(z.string())}))),
});

/** Null: a status that GitHub does not describe, or labels that no runner can have. */
export function readJob(data: unknown): DiscoveredJob | null | undefined {
  const parsed = Job.safeParse(data);
  if (!parsed.success) return undefined;
  const job = parsed.data;
  const status = jobStatus(job.status);
  if (!status || !areLabels(job.labels)) return null;
  const runs = status === 'in_progress' || status === 'completed';
  return {
    id: job.id,
    runId: job.run_id,
    runAttempt: job.run_attempt ?? 1,
    status,
    conclusion: job.conclusion ?? null,
    labels: job.labels,
    runnerName: runs && isNameOfRunner(job.runner_name) ? job.runner_name : null,
    runnerId: runs ? registrationId(job.runner_id) : null,
    workflow: job.workflow_name?.slice(0, MAX_WORKFLOW_LENGTH) || null,
    url: isPage(job.html_url) ? job.html_url : null,
    queuedAt: queuedAt(status, job),
    hasFailedStep: (job.steps ?? []).some(({conclusion}) => conclusion === 'failure'),
  };
}

const Hook = z.object({id: z.int().positive(), active: z.boolean(), events: z.array(z.string())});

export function readHook(data: unknown): {id: number; getsJobs: boolean} | undefined {
  const parsed = Hook.safeParse(data);
  if (!parsed.success) return undefined;
  const {id, active, events} = parsed.data;
  return {id, getsJobs: active && (events.includes('workflow_job') || events.includes('*'))};
}

const Delivery = z.object({
  id: z.int().positive(),
  // It becomes the name of a field in a document.
  guid: z.string().regex(/^[0-9A-Za-z-]{1,64}$/),
  event: z.string(),
  action: z.string().nullish(),
  delivered_at: time,
  redelivery: z.boolean(),
  status: z.string().nullish(),
  status_code: z.number().nullish(),
});

export function readDelivery(data: unknown, hook: HookReference): DiscoveredDelivery | undefined {
  const parsed = Delivery.safeParse(data);
  if (!parsed.success) return undefined;
  const {id, guid, event, action, delivered_at, redelivery, status, status_code} = parsed.data;
  return {
    hook,
    id,
    guid,
    event,
    action: action ?? null,
    deliveredAt: Date.parse(delivered_at),
    redelivery,
    ok: status === 'OK' || (typeof status_code === 'number' && status_code >= 200 && status_code < 300),
  };
}

const Installation = z.object({
  id: z.int().positive(),
  account: minor(z.object({login: z.string()})),
  suspended_at: minor(z.string()),
});

export function readInstallation(data: unknown): {id: number; login: string; isSuspended: boolean} | undefined {
  const parsed = Installation.safeParse(data);
  if (!parsed.success) return undefined;
  const {id, account, suspended_at} = parsed.data;
  return {id, login: account?.login ?? '', isSuspended: Boolean(suspended_at)};
}
