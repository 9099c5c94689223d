import {retryAfterSeconds} from '../errors';
import type {DispatchResult} from './dispatch';

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
