import type {SecretSource} from '../config/credentials';
import type {SecretReader} from '../config/secrets';
import {hmacSha256, isSame} from '../hmac';
import type {Secret} from '../secret';
import type {Tasks} from './tasks';

/** Carries `sha256=<HMAC-SHA256 in hex>` over the task's name, a newline and its body. */
export const TASK_SIGNATURE_HEADER = 'X-Slipway-Signature';

/**
 * Signs every task with the first of the keys, if there are any: who can reach a function and has Google's token, but not the key, creates
 * tasks without effect.
 */
export function signedTasks(tasks: Tasks, keys: readonly SecretSource[], secrets: SecretReader): Tasks {
  const [source] = keys;
  if (!source) return tasks;
  return {
    async enqueue(task) {
      const [key] = secrets.peek(source) ?? (await secrets.read(source));
      if (!key) return tasks.enqueue(task);
      const signature = taskSignature(key, task.name, JSON.stringify(task.body));
      return tasks.enqueue({...task, headers: {...task.headers, [TASK_SIGNATURE_HEADER]: signature}});
    },
    check: (queue) => tasks.check(queue),
  };
}

/** Whether the key signed the task. `name` as in `X-CloudTasks-TaskName`: the id, without the queue. */
export function isTaskSigned(key: Secret, {name, body}: {name: string; body: Buffer}, signature: string): boolean {
  return isSame(signature, taskSignature(key, name, body));
}

function taskSignature(key: Secret, name: string, body: Buffer | string): string {
  // mutation: what a task’s signature covers
  return hmacSha256(key, `${name}\n`, body);
}
