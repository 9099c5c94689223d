import {ownerOfRepository} from '../model/queues';
import {ownerOf} from '../model/scope';
import type {ProvisionTask} from '../model/task-payload';
import type {NewTask} from '../model/tasks';
import type {Store} from '../store/store';
import type {Tasks} from '../tasks/tasks';

/**
 * Tells each task for `provision` its repository's owner, by which its queue is chosen: from the record of its job or runner. Only where there
 * are several provision queues, because it costs a read. Tasks of events name their owner themselves.
 */
export function withTaskOwners(tasks: Tasks, store: Store): Tasks {
  return {
    async enqueue(task) {
      if (task.queue !== 'provision' || task.owner !== undefined) return tasks.enqueue(task);
      const owner = await findOwner(store, task);
      return tasks.enqueue(owner === undefined ? task : {...task, owner});
    },
    check: (queue, owner) => tasks.check(queue, owner),
  };
}

/** Undefined: the task starts a VM or prepares a standby machine, or its job or runner is not on record any more. */
async function findOwner(store: Store, task: NewTask): Promise<string | undefined> {
  const body = task.body as ProvisionTask;
  switch (body.kind) {
    case 'event':
      return ownerOfRepository(body.event.repository);
    case 'demand':
    case 'queued_again': {
      const job = await store.get('jobs', body.job);
      return job && ownerOfRepository(job.repository);
    }
    case 'make': {
      const runner = await store.get('runners', body.runner);
      return runner && ownerOf(runner.scope);
    }
    case 'vm':
    case 'standby':
      return undefined;
  }
}
