import type {SecretSource} from '../config/credentials';
import type {SecretReader} from '../config/secrets';
import {hmacSha256, isSame} from '../hmac';
import type {Secret} from '../secret';
import type {Tasks} from './tasks';

/** Header with `sha256=<HMAC-SHA256 in hex>` over the name of the task, a newline and the body. */
export const TASK_SIGNATURE_HEADER = 'X-Slipway-Signature';

/**
 * Signs every task with the first key, if there are keys. Without the key, a caller who can reach a function and has a token of Google
 * cannot make it act on a task.
 */
export function signedTasks(tasks: Tasks, keys: readonly SecretSource[], secrets: SecretReader): Tasks {
  const [source] = keys;
  if (!source) return tasks;
  return {
    async enqueue(task) {
      const [key] = secrets.inHand(source) ?? (await secrets.read(source));
      if (!key) return tasks.enqueue(task);
      const signature = taskSignature(key, task.name, JSON.stringify(task.body));
      return tasks.enqueue({...task, headers: {...task.headers, [TASK_SIGNATURE_HEADER]: signature}});
    },
    check: (queue) => tasks.check(queue),
  };
}

/** Whether the key signed the task. `name` as in `X-CloudTasks-TaskName`: the id without the queue. */
export function isTaskSigned(key: Secret, {name, body}: {name: string; body: Buffer}, signature: string): boolean {
  return isSame(signature, taskSignature(key, name, body));
}

function taskSignature(key: Secret, name: string, body: Buffer | string): string {
  // mutation: what a task’s signature covers
  return hmacSha256(key, `${name}\n`, body);
}
