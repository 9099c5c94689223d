import type {Execution, RunJob} from './run';

/**
 * Answers of Cloud Run as the client library gives them, or as JSON: a time is an object or a text, an enum a number or a word. Every field may
 * be missing.
 */
interface RawTime {
  readonly seconds?: unknown;
  readonly nanos?: number | null;
}

interface RawVariable {
  readonly name?: string | null;
  readonly value?: string | null;
}

interface RawCondition {
  readonly type?: string | null;
  readonly state?: unknown;
  readonly message?: string | null;
  readonly executionReason?: unknown;
}

interface RawContainer {
  readonly env?: readonly RawVariable[] | null;
  readonly resources?: {readonly limits?: Readonly<Record<string, string>> | null} | null;
}

interface RawTaskTemplate {
  readonly containers?: readonly RawContainer[] | null;
  readonly maxRetries?: number | null;
  readonly nodeSelector?: {readonly accelerator?: string | null} | null;
}

export interface RawExecution {
  readonly name?: string | null;
  readonly labels?: Readonly<Record<string, string>> | null;
  readonly createTime?: RawTime | string | null;
  readonly startTime?: RawTime | string | null;
  readonly completionTime?: RawTime | string | null;
  readonly deleteTime?: RawTime | string | null;
  readonly template?: RawTaskTemplate | null;
  readonly conditions?: readonly RawCondition[] | null;
  readonly succeededCount?: number | null;
  readonly cancelledCount?: number | null;
}

export interface RawJob {
  readonly template?: {readonly taskCount?: number | null; readonly template?: RawTaskTemplate | null} | null;
}

export interface RawTask {
  readonly lastAttemptResult?: {readonly exitCode?: number | null} | null;
}

/** `Condition.State` of the API. */
const SUCCEEDED = ['CONDITION_SUCCEEDED', 4];

/** `Condition.ExecutionReason` of the API: CANCELLED, CANCELLING, DELETED. */
const ENDINGS = ['CANCELLED', 'CANCELLING', 'DELETED', 3, 4, 5];

/** Retries of a task unless the job says otherwise. @see https://cloud.google.com/run/docs/configuring/max-retries */
const DEFAULT_RETRIES = 3;

/** `job`: its full name as it was asked for; Cloud Run may name the project otherwise in its answer. */
export function readExecution(raw: RawExecution, job: string): Execution {
  const {labels, template, conditions} = raw;
  const isFinished = Boolean(raw.completionTime);
  return {
    name: executionName(raw, job),
    env: environmentOf(template?.containers?.[0]),
    labels: labels ?? {},
    createdAtMs: millisOf(raw.createTime),
    startedAtMs: millisOf(raw.startTime),
    isFinished,
    hasFailed: isFinished && !raw.succeededCount && !raw.cancelledCount,
    isEnding: Boolean(raw.deleteTime) || (!isFinished && (conditions ?? []).some(isOfEnd)),
    message: messageOf(conditions ?? []),
  };
}

/** Full name of an execution. Empty, if the answer names none. */
export function executionName({name}: Pick<RawExecution, 'name'>, job: string): string {
  const last = name?.slice(name.lastIndexOf('/') + 1);
  return last ? `${job}/executions/${last}` : '';
}

export function readJob({template}: RawJob): RunJob {
  const task = template?.template;
  const limits = task?.containers?.[0]?.resources?.limits ?? {};
  return {
    cpus: cpusOf(limits['cpu']),
    gib: gibOf(limits['memory']),
    maxRetries: task?.maxRetries ?? DEFAULT_RETRIES,
    taskCount: template?.taskCount || 1,
    hasGpu: Boolean(task?.nodeSelector?.accelerator),
  };
}

/** 0 may also mean that there is none: a missing number is 0 in a message of the API. */
export function readExitCode(tasks: readonly RawTask[]): number | undefined {
  return tasks.map(({lastAttemptResult}) => lastAttemptResult?.exitCode).find(Boolean) ?? undefined;
}

function environmentOf(container: RawContainer | undefined): Record<string, string> {
  const variables = container?.env ?? [];
  return Object.fromEntries(variables.flatMap(({name, value}) => (name && value ? [[name, value]] : [])));
}

function isOfEnd({executionReason}: RawCondition): boolean {
  return ENDINGS.some((reason) => reason === executionReason);
}

/** Of the first condition that is not fulfilled: until the end it says what the start waits for. */
function messageOf(conditions: readonly RawCondition[]): string {
  const open = conditions.filter(({state}) => !SUCCEEDED.some((one) => one === state));
  return open.find(({message}) => message)?.message ?? '';
}

function millisOf(time: RawTime | string | null | undefined): number | undefined {
  if (!time) return undefined;
  const ms = typeof time === 'string' ? Date.parse(time) : Number(time.seconds) * 1000 + (time.nanos ?? 0) / 1e6;
  return Number.isFinite(ms) ? Math.floor(ms) : undefined;
}

/** `4` or `4000m`. */
function cpusOf(text: string | undefined): number | undefined {
  const [, count, milli] = /^(\d+(?:\.\d+)?)(m?)$/.exec(text ?? '') ?? [];
  return count === undefined ? undefined : Number(count) / (milli ? 1000 : 1);
}

const UNITS: Readonly<Record<string, number>> = {
  Ki: 1024 ** 2,
  Mi: 1024,
  Gi: 1,
  K: 1.073741824e6,
  M: 1073.741824,
  G: 1.073741824,
};

/** `16Gi`, `512Mi` or `2G`. */
function gibOf(text: string | undefined): number | undefined {
  const [, count, unit = ''] = /^(\d+(?:\.\d+)?)([KMG]i?)$/.exec(text ?? '') ?? [];
  const divisor = UNITS[unit];
  return count === undefined || divisor === undefined ? undefined : Number(count) / divisor;
}
