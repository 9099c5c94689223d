import * as z from 'zod';
import {hasFailedStep, Id, JobJson, jobFields, jobStatus, minor, registrationId, Time} from '../model/job-json';
import {REPOSITORY} from '../model/names';
import {Secret} from '../secret';
import type {
  AppAtGitHub,
  AppInstallation,
  AppWebhook,
  DiscoveredDelivery,
  DiscoveredJob,
  DiscoveredRepository,
  DiscoveredRun,
  HookReference,
  JitConfig,
  JobAtGitHub,
  Registration,
  RepositoryVisibility,
  RunnerGroupAtGitHub,
} from './github';

/**
 * Parsers of GitHub's answers. Each returns undefined for a shape that GitHub does not describe, which fails the call or makes a list
 * incomplete. A malformed optional field (a date, a visibility) counts as missing.
 */

/** An error body of GitHub: a JSON object with a `message`. A proxy in front of GitHub answers with another body. */
const Refusal = z.object({message: z.string()});

export function isGitHubsBody(body: unknown): body is z.infer<typeof Refusal> {
  return Refusal.safeParse(body).success;
}

const Items = z.array(z.unknown());
const CountedItems = z.looseObject({total_count: z.number()});

/** The items of a list that is an array; undefined if `data` is none. */
export function readItems(data: unknown): readonly unknown[] | undefined {
  return Items.safeParse(data).data;
}

/** The only array of the body, whatever its name, and the total. */
export function readCountedItems(data: unknown): {items: readonly unknown[]; total: number} | undefined {
  const {data: body} = CountedItems.safeParse(data);
  const items = body && Object.values(body).map(readItems).find(Boolean);
  return items && {items, total: body.total_count};
}

const InstallationToken = z.object({token: z.string().min(1), expires_at: Time});

/** Reads the answer (201) of `access_tokens` of an installation. */
export function readInstallationToken(data: unknown): {token: Secret; expiresAtMs: number} | undefined {
  const {data: issued} = InstallationToken.safeParse(data);
  return issued && {token: new Secret(issued.token), expiresAtMs: Date.parse(issued.expires_at)};
}

const InstallationOfAccount = z.object({id: Id});

export function readInstallationId(data: unknown): number | undefined {
  return InstallationOfAccount.safeParse(data).data?.id;
}

const Permissions = z.record(z.string(), z.string());

const Installation = InstallationOfAccount.extend({
  account: minor(z.object({login: z.string()})),
  suspended_at: minor(z.string()),
  permissions: minor(Permissions),
});

export function readInstallation(data: unknown): AppInstallation | undefined {
  const {data: installation} = Installation.safeParse(data);
  if (!installation) return undefined;
  const {id, account, suspended_at, permissions} = installation;
  return {id, login: account?.login ?? '', isSuspended: Boolean(suspended_at), permissions: permissions ?? {}};
}

const App = z.object({
  id: Id,
  slug: minor(z.string()),
  html_url: minor(z.string()),
  permissions: Permissions,
  events: z.array(z.string()),
});

/** Reads the answer of `GET /app`. */
export function readApp(data: unknown): AppAtGitHub | undefined {
  const {data: app} = App.safeParse(data);
  if (!app) return undefined;
  const {id, slug, html_url: htmlUrl, permissions, events} = app;
  return {id, slug: slug ?? '', ...(htmlUrl ? {htmlUrl} : {}), permissions, events};
}

const HookConfig = z.object({
  url: minor(z.string()),
  secret: minor(z.string()),
  insecure_ssl: minor(z.union([z.string(), z.number()])),
});

/** Reads the answer of `GET /app/hook/config`. GitHub masks the secret, and leaves it out where there is none. */
export function readHookConfig(data: unknown): AppWebhook | undefined {
  const {data: config} = HookConfig.safeParse(data);
  if (!config) return undefined;
  const {url, secret, insecure_ssl} = config;
  return {url: url || null, hasSecret: Boolean(secret), isInsecure: String(insecure_ssl ?? 0) !== '0'};
}

const GeneratedJitConfig = z.object({runner: z.object({id: Id}), encoded_jit_config: z.string().min(1)});

/** Reads the answer (201) of generate-jitconfig. */
export function readJitConfig(data: unknown): JitConfig | undefined {
  const {data: made} = GeneratedJitConfig.safeParse(data);
  return made && {runnerId: made.runner.id, encodedJitConfig: new Secret(made.encoded_jit_config)};
}

const RegistrationToken = z.object({token: z.string().min(1)});

/** Reads the answer (201) of registration-token. */
export function readRegistrationToken(data: unknown): Secret | undefined {
  const {data: made} = RegistrationToken.safeParse(data);
  return made && new Secret(made.token);
}

const Label = z.object({name: z.string(), type: minor(z.string())});

/** A release of the runner application. */
const RUNNER_VERSION = /^\d{1,4}\.\d{1,6}\.\d{1,6}$/;

const Runner = z.object({
  id: Id,
  name: z.string(),
  status: z.unknown(),
  busy: z.unknown(),
  labels: minor(z.array(minor(Label))),
  version: minor(z.string().regex(RUNNER_VERSION)),
});

export function readRegistration(data: unknown): Registration | undefined {
  const {data: runner} = Runner.safeParse(data);
  if (!runner) return undefined;
  const labels = (runner.labels ?? []).flatMap((label) => label ?? []);
  return {
    id: runner.id,
    name: runner.name,
    // GitHub documents only a string: an unknown word counts as online, so that the runner is kept.
    status: runner.status === 'offline' ? 'offline' : 'online',
    busy: runner.busy !== false,
    labels: labels.map(({name}) => name),
    // https://docs.github.com/en/rest/actions/self-hosted-runners#remove-a-custom-label-from-a-self-hosted-runner-for-a-repository
    customLabels: labels.filter(({type}) => type === 'custom').map(({name}) => name),
    ...(runner.version ? {version: runner.version} : {}),
  };
}

const Group = z.object({
  id: Id,
  name: z.string(),
  default: minor(z.boolean()),
  allows_public_repositories: minor(z.boolean()),
  restricted_to_workflows: minor(z.boolean()),
  selected_workflows: minor(z.array(z.string())),
});

export interface RunnerGroup {
  readonly id: number;
  readonly name: string;
  readonly isDefault: boolean;
}

export function readRunnerGroup(data: unknown): RunnerGroup | undefined {
  const {data: group} = Group.safeParse(data);
  return group && {id: group.id, name: group.name, isDefault: group.default === true};
}

/** Reads a runner group with what it admits. */
export function readGroupAccess(data: unknown): RunnerGroupAtGitHub | undefined {
  const {data: group} = Group.safeParse(data);
  if (!group) return undefined;
  const {name, restricted_to_workflows, selected_workflows} = group;
  return {
    name,
    isDefault: group.default === true,
    allowsPublicRepositories: group.allows_public_repositories === true,
    ...(restricted_to_workflows ? {onlyWorkflows: selected_workflows ?? []} : {}),
  };
}

const Repository = z.object({
  full_name: z.string().regex(REPOSITORY),
  private: minor(z.boolean()),
  visibility: minor(z.string()),
  pushed_at: minor(Time),
  archived: minor(z.boolean()),
  disabled: minor(z.boolean()),
});

/** Null: the repository is archived or disabled and can have no new run. */
export function readRepository(data: unknown, installationId: number | null): DiscoveredRepository | null | undefined {
  const {data: repository} = Repository.safeParse(data);
  if (!repository) return undefined;
  const {full_name, pushed_at, archived, disabled} = repository;
  if (archived || disabled) return null;
  return {
    fullName: full_name,
    installationId,
    isPublic: isPublic(repository),
    pushedAt: pushed_at ? Date.parse(pushed_at) : null,
  };
}

/** Reads the answer of `GET /repos/{owner}/{repo}`; undefined where it does not say whether the repository is public. */
export function readVisibility(data: unknown): RepositoryVisibility | undefined {
  const known = isPublic(Repository.safeParse(data).data ?? {});
  return known === null ? undefined : known ? 'public' : 'private';
}

function isPublic({visibility, private: isPrivate}: {visibility?: unknown; private?: unknown}): boolean | null {
  if (typeof visibility === 'string') return visibility === 'public';
  return typeof isPrivate === 'boolean' ? !isPrivate : null;
}

const Run = z.object({
  id: Id,
  repository: minor(z.record(z.string(), z.unknown())),
  created_at: minor(Time),
  status: minor(z.string()),
});

export function readRun(data: unknown): (DiscoveredRun & {readonly isOver: boolean}) | undefined {
  const {data: run} = Run.safeParse(data);
  if (!run) return undefined;
  return {
    id: run.id,
    isPublic: isPublic(run.repository ?? {}),
    createdAt: run.created_at ? Date.parse(run.created_at) : null,
    // Jobs of a run with an unknown status are still read.
    isOver: run.status === 'completed',
  };
}

const Job = JobJson.extend({
  completed_at: minor(Time),
});

/** Null: an undocumented status. */
export function readJob(data: unknown): DiscoveredJob | null | undefined {
  const {data: job} = Job.safeParse(data);
  if (!job) return undefined;
  const status = jobStatus(job.status);
  if (!status) return null;
  return {
    id: job.id,
    ...jobFields(job, status),
    word: job.status,
    startedAt: job.started_at ? Date.parse(job.started_at) : null,
    completedAt: job.completed_at ? Date.parse(job.completed_at) : null,
    conclusion: job.conclusion ?? null,
    hasFailedStep: hasFailedStep(job),
  };
}

const JobState = JobJson.pick({status: true, runner_name: true, runner_id: true});

/** Undefined also for an undocumented status. */
export function readJobAtGitHub(data: unknown): JobAtGitHub | undefined {
  const {data: job} = JobState.safeParse(data);
  const status = job && jobStatus(job.status);
  return status && {status, runnerName: job.runner_name || null, runnerId: registrationId(job.runner_id)};
}

const Hook = z.object({id: Id, active: z.boolean(), events: z.array(z.string())});

export function readHook(data: unknown): {id: number; getsJobs: boolean} | undefined {
  const {data: hook} = Hook.safeParse(data);
  if (!hook) return undefined;
  return {id: hook.id, getsJobs: hook.active && (hook.events.includes('workflow_job') || hook.events.includes('*'))};
}

const Delivery = z.object({
  id: Id,
  // Used as the name of a field in a document.
  guid: z.string().regex(/^[0-9A-Za-z-]{1,64}$/),
  event: z.string(),
  action: z.string().nullish(),
  delivered_at: Time,
  redelivery: z.boolean(),
  status: z.string().nullish(),
  status_code: z.number().nullish(),
});

export function readDelivery(data: unknown, hook: HookReference): DiscoveredDelivery | undefined {
  const {data: delivery} = Delivery.safeParse(data);
  if (!delivery) return undefined;
  const {guid, event, action, delivered_at, redelivery, status, status_code} = delivery;
  return {
    hook,
    id: delivery.id,
    guid,
    event,
    action: action ?? null,
    deliveredAt: Date.parse(delivered_at),
    redelivery,
    ok: status === 'OK' || (typeof status_code === 'number' && status_code >= 200 && status_code < 300),
    // GitHub writes 0, or nothing, for a delivery without an answer.
    statusCode: status_code || null,
  };
}
