import type {SecretSource} from '../config/credentials';
import type {SecretReader} from '../config/secrets';
import {TASK_SIGNATURE_HEADER, taskSignature} from '../task-signature';
import type {Tasks} from './tasks';

/**
 * Signs every task with the first key, if there are keys. Without the key, a caller who can reach a function and has a token of Google
 * cannot make it act on a task.
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
    check: (queue, owner) => tasks.check(queue, owner),
  };
}
