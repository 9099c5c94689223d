import type {TimerClock} from '../../clock';
import {retryAfterSeconds} from '../../errors';

/** One attempt to run a task. */
export interface Dispatch<Payload> {
  /** Id of the queue. */
  readonly queue: string;
  /** Id of the task. */
  readonly name: string;
  readonly payload: Payload;
  /** Headers of Cloud Tasks, which override those of the task. */
  readonly headers: Readonly<Record<string, string>>;
  /** Aborted when the dispatch deadline has passed, or the queue is closed. */
  readonly signal: AbortSignal;
}

export interface DispatchResult {
  /** HTTP status; 200 to 299 ends the task. */
  readonly status: number;
  /** Seconds from `Retry-After`: the earliest next attempt. */
  readonly retryAfterSeconds?: number;
}

/** Runs a task. Rejects when no answer came: then the task is retried. */
export type Dispatcher<Payload> = (dispatch: Dispatch<Payload>) => Promise<DispatchResult>;

export interface AttemptCounts {
  /** Attempts before this one. */
  readonly retries: number;
  /** How many of these attempts were answered. */
  readonly executions: number;
  readonly previousStatus: number | undefined;
  /** Planned time of this attempt. */
  readonly scheduleTimeMs: number;
}

/** @see https://cloud.google.com/tasks/docs/creating-http-target-tasks#handler */
export function dispatchHeaders(queue: string, name: string, counts: AttemptCounts): Record<string, string> {
  return {
    'User-Agent': 'Google-Cloud-Tasks',
    'X-CloudTasks-QueueName': queue,
    'X-CloudTasks-TaskName': name,
    'X-CloudTasks-TaskRetryCount': String(counts.retries),
    'X-CloudTasks-TaskExecutionCount': String(counts.executions),
    'X-CloudTasks-TaskETA': String(counts.scheduleTimeMs / 1000),
    ...(counts.previousStatus === undefined
      ? {}
      : {'X-CloudTasks-TaskPreviousResponse': String(counts.previousStatus)}),
  };
}

/** Merges the headers of a task with those of Cloud Tasks, which win regardless of case. */
export function mergeHeaders(
  own: Readonly<Record<string, string>>,
  set: Readonly<Record<string, string>>,
): Record<string, string> {
  const taken = new Set(Object.keys(set).map((name) => name.toLowerCase()));
  return {...Object.fromEntries(Object.entries(own).filter(([name]) => !taken.has(name.toLowerCase()))), ...set};
}

export interface TaskPost {
  readonly url: string;
  /** Default `POST`. */
  readonly method?: string;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: Buffer;
  /** Aborted at the dispatch deadline. */
  readonly signal: AbortSignal;
  readonly nowMs: number;
}

/** Sends a task to its function like Cloud Tasks. Does not follow redirects: 3xx is a failure. Rejects when no answer comes. */
export async function postTask(post: TaskPost): Promise<DispatchResult> {
  const response = await fetch(post.url, {
    method: post.method ?? 'POST',
    headers: post.headers,
    redirect: 'manual',
    signal: post.signal,
    ...(post.body.length > 0 ? {body: new Uint8Array(post.body)} : {}),
  });
  await response.arrayBuffer();
  const retryAfter = retryAfterSeconds({'retry-after': response.headers.get('retry-after') ?? undefined}, post.nowMs);
  return {status: response.status, ...(retryAfter === undefined ? {} : {retryAfterSeconds: retryAfter})};
}

export interface Deadline {
  readonly timers: TimerClock;
  readonly deadlineMs: number;
  /** Aborted when the queue closes. */
  readonly closing: AbortSignal;
}

/**
 * Runs a dispatch until its deadline. Returns undefined without an answer: the peer was not reached, the deadline passed, or the queue was
 * closed. Then the signal is aborted, but `dispatch` is not awaited.
 */
export async function answerInTime(
  dispatch: (signal: AbortSignal) => Promise<DispatchResult>,
  {timers, deadlineMs, closing}: Deadline,
): Promise<DispatchResult | undefined> {
  const deadline = new AbortController();
  const signal = AbortSignal.any([deadline.signal, closing]);
  const cancel = timers.at(deadlineMs, () => deadline.abort(new Error('the dispatch deadline has passed')));
  const aborted = new Promise<undefined>((resolve) => {
    signal.addEventListener('abort', () => resolve(undefined), {once: true});
  });
  try {
    return await Promise.race([dispatch(signal), aborted]);
  } catch {
    // Like Cloud Tasks, gives no reason: the attempt counts, and the task is retried.
    return undefined;
  } finally {
    cancel();
  }
}
