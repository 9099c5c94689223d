import type {TimerClock} from '../../clock';
import {retryAfterSeconds} from '../../errors';

/** One attempt to run a task. */
export interface Dispatch<Payload> {
  /** The queue's id. */
  readonly queue: string;
  /** The task's id. */
  readonly name: string;
  readonly payload: Payload;
  /** What Cloud Tasks adds to the task's own headers; a task cannot set these itself. */
  readonly headers: Readonly<Record<string, string>>;
  /** Aborted when the dispatch deadline has passed, or the queue is closed. */
  readonly signal: AbortSignal;
}

export interface DispatchResult {
  /** HTTP status; 200 to 299 ends the task. */
  readonly status: number;
  /** From `Retry-After`: not again before. */
  readonly retryAfterSeconds?: number;
}

/** Runs a task. Rejects when no answer came: the task is kept and tried again. */
export type Dispatcher<Payload> = (dispatch: Dispatch<Payload>) => Promise<DispatchResult>;

export interface AttemptCounts {
  /** Attempts before this one. */
  readonly retries: number;
  /** Of those, the ones that were answered. */
  readonly executions: number;
  readonly previousStatus: number | undefined;
  /** When this attempt was to happen. */
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

/** The headers of a dispatch: a task's own give way to those that Cloud Tasks sets, however they are spelt. */
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
  /** The time-out: the queue aborts it at the dispatch deadline. */
  readonly signal: AbortSignal;
  readonly nowMs: number;
}

/** Sends a task to its function as Cloud Tasks does. Redirects are not followed: 3xx is a failure. Rejects when no answer comes. */
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
 * The answer to a dispatch. Undefined when none came: the peer was not reached, the deadline passed, or the queue closes; the signal
 * that `dispatch` is given is then aborted, but nobody waits for it to obey.
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
    // Cloud Tasks does not say why either: the attempt counts, and the task is tried again.
    return undefined;
  } finally {
    cancel();
  }
}
