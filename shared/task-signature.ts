import {hmacSha256, isSame} from './hmac';
import type {Secret} from './secret';

/** Header with `sha256=<HMAC-SHA256 in hex>` over the name of the task, a newline and the body. */
export const TASK_SIGNATURE_HEADER = 'X-Slipway-Signature';

/** Whether the key signed the task. `name` as in `X-CloudTasks-TaskName`: the id without the queue. */
export function isTaskSigned(key: Secret, {name, body}: {name: string; body: Buffer}, signature: string): boolean {
  return isSame(signature, taskSignature(key, name, body));
}

export function taskSignature(key: Secret, name: string, body: Buffer | string): string {
  // mutation: what a task’s signature covers
  return hmacSha256(key, `${name}\n`, body);
}
