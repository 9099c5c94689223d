import type {JobDocument} from './job';

/**
 * The forms of names that reach Slipway from GitHub, Google Cloud and the configuration, and of Slipway's own names. Every check of a name
 * uses these patterns, so that no other text becomes part of a path, a document id or a query.
 *
 * Every pattern is anchored at both ends and bounded in length, so its time grows at most linearly with the text.
 */

/**
 * Login of a user or an organization at GitHub: letters, digits and hyphens, for managed users also `_<short code>`. Today's logins have
 * at most 39 characters and no hyphen at either end; older accounts keep theirs, so the pattern is wider than the rule for new ones.
 *
 * @see https://docs.github.com/en/enterprise-cloud@latest/admin/managing-iam/iam-configuration-reference/username-considerations-for-external-authentication
 */
export const OWNER = /^[A-Za-z0-9][A-Za-z0-9_-]{0,99}$/;

/**
 * Name of a repository without its owner: at most 100 characters of letters, digits, `.`, `_` and `-`; not `.` and not `..`, which are
 * steps of a path.
 *
 * @see https://docs.github.com/en/rest/repos/repos#create-an-organization-repository
 */
export const REPOSITORY_NAME = /^(?!\.\.?$)[A-Za-z0-9._-]{1,100}$/;

/** `owner/name`, GitHub's `full_name` of a repository: an `OWNER` and a `REPOSITORY_NAME`. */
export const REPOSITORY = /^[A-Za-z0-9][A-Za-z0-9_-]{0,99}\/(?!\.\.?$)[A-Za-z0-9._-]{1,100}$/;

/** `owner/name` as a pool may write it: `*` stands for any characters within a segment, a leading `!` excludes. */
export const REPOSITORY_PATTERN = /^!?[A-Za-z0-9*][A-Za-z0-9_*-]{0,99}\/(?!\.\.?$)[A-Za-z0-9._*-]{1,100}$/;

/**
 * A runner's label, as `runs-on` asks for it and a JIT configuration registers it: at most 256 characters, none of them a control character, no
 * space at either end. Commas are part of a label: only the runner's own `config.sh --labels` splits at them.
 *
 * @see https://docs.github.com/en/actions/how-tos/manage-runners/self-hosted-runners/apply-labels
 */
export const LABEL = /^[^\s\p{Cc}](?:[^\p{Cc}]{0,254}[^\s\p{Cc}])?$/u;

/** Labels that a job may ask for. Bounds the job's task, because Cloud Tasks accepts at most 100 KB. */
export const MAX_LABELS = 100;

/** Characters of the URL of a page at GitHub. */
export const MAX_URL_LENGTH = 1000;

/** Characters of a workflow's name that are kept. GitHub does not limit the name. */
export const MAX_WORKFLOW_LENGTH = 200;

/**
 * Name of a runner at GitHub: at most 64 characters. Names of GitHub-hosted runners contain spaces (`GitHub Actions 12`). No slash and no
 * control character, because names become part of paths and document ids.
 *
 * @see https://docs.github.com/en/rest/actions/self-hosted-runners#create-configuration-for-a-just-in-time-runner-for-a-repository
 */
export const RUNNER_NAME = /^[^\s/\p{Cc}](?:[^/\p{Cc}]{0,62}[^\s/\p{Cc}])?$/u;

/**
 * A label of RFC 1035 in lower case, as Google Cloud requires it, of at most 63 characters: names of VMs, instance templates, machine types.
 *
 * @see https://cloud.google.com/compute/docs/naming-resources
 */
export const RFC_1035 = /^[a-z](?:[-a-z0-9]{0,61}[a-z0-9])?$/;

/**
 * Name of a deployment, and of a pool: RFC 1035, at most 20 characters, so that `<deployment>-<pool>-<job id>-<n>` fits into the 63 of a
 * VM's name.
 */
export const SHORT_NAME = /^[a-z](?:[-a-z0-9]{0,18}[a-z0-9])?$/;

/**
 * A zone of Compute Engine: `us-central1-a`, or an AI zone such as `us-central1-ai1a`. Not `us-central1-1`, which Cloud Run's metadata
 * server returns as the zone of a function and which does not exist in Compute Engine.
 *
 * @see https://cloud.google.com/compute/docs/regions-zones
 */
export const ZONE = /^[a-z]{1,30}-[a-z]{1,30}\d{1,5}-[a-z][a-z0-9]{0,29}$/;

/** A region of Google Cloud: `us-central1`. */
export const REGION = /^[a-z]{1,30}-[a-z]{1,30}\d{1,5}$/;

/**
 * URL of an instance template, full or partial, global or regional, with the groups `project`, `region` and `name`. A full URL must be on
 * one of Compute Engine's hosts, so that no request goes to another host.
 *
 * @see https://cloud.google.com/compute/docs/reference/rest/v1/instances/insert#query-parameters
 */
export const TEMPLATE_URL =
  /^(?:(?:https:\/\/(?:www|compute)\.googleapis\.com\/)?(?:\/?compute\/[a-z0-9]{1,20}\/)?\/?projects\/(?<project>[^/\s?#]{1,300})\/)?(?:global|regions\/(?<region>[-a-z0-9]{1,63}))\/instanceTemplates\/(?<name>[a-z](?:[-a-z0-9]{0,61}[a-z0-9])?)$/;

/** Id of a persistent VM, `<zone>.<instance>`; the zone is empty if neither the configuration nor the metadata server names one. */
export const VM_ID = /^[-a-z0-9]{0,63}\.[a-z](?:[-a-z0-9]{0,61}[a-z0-9])?$/;

/** Key of a job: `<job id>-<run attempt>`, both of at most 16 digits, the length of the largest exact integer of JavaScript. */
export const JOB_KEY = /^\d{1,16}-\d{1,16}$/;

/** Whether the text is the login of a user or an organization. */
export function isOwner(text: string): boolean {
  return OWNER.test(text);
}

/** Whether the text is `owner/name`. */
export function isRepository(text: string): boolean {
  return REPOSITORY.test(text);
}

/** Whether the text may be the label of a runner. */
export function isLabel(text: string): boolean {
  return LABEL.test(text);
}

/** Whether the text may be the name of a runner at GitHub, ours or another. */
export function isRunnerName(text: string): boolean {
  return RUNNER_NAME.test(text);
}

/** Whether the text is a name of RFC 1035 with at most 63 characters: of a VM, an instance template, a machine type. */
export function isRfc1035(text: string): boolean {
  return RFC_1035.test(text);
}

/** Whether the text may be the name of a deployment. */
export function isDeploymentName(text: string): boolean {
  return SHORT_NAME.test(text);
}

/** Whether the text may be the name of a pool. */
export function isPoolName(text: string): boolean {
  return SHORT_NAME.test(text);
}

/**
 * Whether Firestore accepts the text as the id of a document.
 *
 * @see https://firebase.google.com/docs/firestore/quotas#limits
 */
export function isDocumentId(text: string): boolean {
  if (text === '' || text === '.' || text === '..' || text.includes('/')) return false;
  return Buffer.byteLength(text) <= 1500 && !(text.startsWith('__') && text.endsWith('__'));
}

/** Whether the text is a key of a job. */
export function isJobKey(text: string): boolean {
  return JOB_KEY.test(text);
}

/** Whether a repository pattern of a pool is the full name of one repository: without `*`, and without `!` in front. */
export function isSpeltOut(pattern: string): boolean {
  return !/[!*]/.test(pattern);
}

/** Whether the text may be the name of a runner and the id of a document. */
export function isNameOfRunner(name: string | null | undefined): name is string {
  return typeof name === 'string' && isRunnerName(name) && isDocumentId(name);
}

/** Whether a job may ask for these labels: each can be a runner's label, and all fit into a task. */
export function areLabels(labels: readonly string[]): boolean {
  return labels.length <= MAX_LABELS && labels.every(isLabel);
}

/** A label of so many characters (UTF-16 units) is longer than `LABEL` allows, whatever it consists of. */
const TOO_LONG = 600;

/** The labels of a job, cut if a runner cannot have them: they stay recognizable, and no runner can have the rest either. */
export function cutLabels(labels: readonly string[]): readonly string[] {
  if (areLabels(labels)) return labels;
  return labels.slice(0, MAX_LABELS + 1).map((label) => (isLabel(label) ? label : label.slice(0, TOO_LONG)));
}

/** Why no runner can have all of these labels, as a part of a sentence about the job; undefined: one can. */
export function impossibleLabels(labels: readonly string[]): string | undefined {
  if (labels.length > MAX_LABELS) return `asks for more than ${MAX_LABELS} labels`;
  const found = labels.find((label) => !isLabel(label));
  if (found === undefined) return undefined;
  const shown = JSON.stringify(found.length > MAX_SHOWN ? `${found.slice(0, MAX_SHOWN)}…` : found);
  const why =
    found === '' ? 'is empty' : found !== found.trim() ? 'begins or ends with a space' : 'is too long or not printable';
  return `asks for the label ${shown}, which no runner can have: it ${why}`;
}

/** Characters of a label that no runner can have, in a sentence. */
const MAX_SHOWN = 60;

/** Whether the text is an `http` or `https` URL of at most `MAX_URL_LENGTH` characters. */
export function isPage(url: string | null | undefined): url is string {
  return typeof url === 'string' && url.length <= MAX_URL_LENGTH && /^https?:\/\//.test(url) && URL.canParse(url);
}

/** What stands in the name of a runner that no job asked for in place of the job id: `t` for a test, `s` for a standby machine. */
export type TagKind = 's' | 't';

/** Characters of a tag after its letter. */
const TAG_LENGTH = 10;

const TAG_ALPHABET = 'abcdefghijklmnopqrstuvwxyz0123456789';

/** A new tag: its letter and ten random characters of `a-z0-9`, which no job id can be. */
export function newTag(kind: TagKind, random: {next(): number}): string {
  const character = () => TAG_ALPHABET[Math.floor(random.next() * TAG_ALPHABET.length)] ?? 'a';
  return kind + Array.from({length: TAG_LENGTH}, character).join('');
}

/** The tag that a key stands for: the same key gives the same one. `digest`: at least ten bytes, such as a hash of the key. */
export function tagOf(kind: TagKind, digest: Uint8Array): string {
  const character = (byte: number) => TAG_ALPHABET[byte % TAG_ALPHABET.length] ?? 'a';
  return kind + Array.from(digest.subarray(0, TAG_LENGTH), character).join('');
}

/**
 * Name of a runner and of its VM: `<deployment>-<pool>-<subject>-<n>`, where the subject is the id of the job for which the runner was
 * created, or a tag, and `n` counts the runners created for it from 1. Throws `RangeError` if that is no RFC 1035 name of at most 63
 * characters.
 */
export function runnerName(deployment: string, pool: string, subject: number | string, n: number): string {
  const name = `${deployment}-${pool}-${subject}-${n}`;
  if (!isRfc1035(name)) {
    throw new RangeError(
      `runner name ${name} is no RFC 1035 name of at most 63 characters; shorten DEPLOYMENT or the pool's name`,
    );
  }
  return name;
}

export interface ParsedRunnerName {
  readonly pool: string;
  /** The job for which the runner was created. Missing: the name has a tag. */
  readonly jobId?: number;
  /** `t` or `s` and ten characters, of a runner that no job asked for. */
  readonly tag?: string;
  readonly n: number;
}

/** The parts of a runner's name; undefined if the name is not of this deployment. A pool's name may contain dashes. */
export function parseRunnerName(deployment: string, name: string): ParsedRunnerName | undefined {
  if (!isRfc1035(name) || !name.startsWith(`${deployment}-`)) return undefined;
  const match = /^([a-z](?:[-a-z0-9]*[a-z0-9])?)-(?:(\d+)|([st][a-z0-9]{10}))-(\d+)$/.exec(
    name.slice(deployment.length + 1),
  );
  const [, pool, jobId, tag, n] = match ?? [];
  if (!pool || !isPoolName(pool)) return undefined;
  return {pool, ...(tag === undefined ? {jobId: Number(jobId)} : {tag}), n: Number(n)};
}

/** Name of the runner that was created last for the job: the standby machine's, if the job claimed one for it. */
export function latestRunnerName(
  deployment: string,
  job: Pick<JobDocument, 'pool' | 'fallbackPool' | 'jobId' | 'creations' | 'standby'>,
): string {
  return job.standby ?? runnerName(deployment, job.fallbackPool ?? job.pool, job.jobId, job.creations);
}

/** `us-central1` of `us-central1-a`. */
export function regionOf(zone: string): string {
  return zone.slice(0, Math.max(0, zone.lastIndexOf('-')));
}

/** A project's id, optionally with a domain (`example.com:project`). */
export const PROJECT = /^([a-z0-9.-]{1,253}:)?[a-z]([-a-z0-9]{0,61}[a-z0-9])?$/;

/** @see https://cloud.google.com/tasks/docs/reference/rest/v2/projects.locations.queues */
export const QUEUE = /^projects\/[^/\s]{1,300}\/locations\/[^/\s]{1,63}\/queues\/[A-Za-z0-9-]{1,100}$/;

/** A secret, or one of its versions. @see https://cloud.google.com/secret-manager/docs/reference/rest/v1/projects.secrets */
export const SECRET = /^projects\/[^/\s]{1,300}\/secrets\/[A-Za-z0-9_-]{1,255}(\/versions\/[A-Za-z0-9_-]{1,63})?$/;

/** A region of AWS: `eu-central-1`, `us-gov-west-1`. */
export const AWS_REGION = /^[a-z]{2}(?:-[a-z]{2,12}){1,3}-\d{1,2}$/;

/** A role of AWS, with its account. @see https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_identifiers.html */
export const ROLE_ARN = /^arn:aws[a-z-]{0,20}:iam::(\d{12}):role\/[\w+=,.@/-]{1,512}$/;

export const DEPLOYMENT_LABEL = 'slipway-deployment';
export const POOL_LABEL = 'slipway-pool';
export const JOB_LABEL = 'slipway-job';

/** A VM with this label was marked by a person and is never deleted. */
export const KEEP_LABEL = 'slipway-keep';
