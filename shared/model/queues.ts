import {createHash} from 'node:crypto';

/**
 * The provision queue of a task. GitHub's limits hold for each installation, which belongs to one owner: all tasks of an owner are in one queue,
 * whose rate is below these limits, and the owners are spread over the queues. A task of no owner (the start of a VM) is in the first queue.
 * The same task is in the same queue as long as their number stays, so that its name keeps it from being created twice.
 */
export function provisionQueueFor<Queue>(queues: readonly Queue[], owner: string | undefined): Queue {
  const index = owner === undefined ? 0 : indexOf(owner, queues.length);
  const queue = queues[index];
  if (queue === undefined) throw new RangeError('found no provision queue, expected one or more');
  return queue;
}

/** GitHub compares names without case. */
function indexOf(owner: string, count: number): number {
  // mutation: queue of an owner
  return createHash('sha256').update(owner.toLowerCase()).digest().readUInt32BE() % count;
}

/** The owner in `owner/name`. */
export function ownerOfRepository(repository: string): string {
  return repository.split('/')[0] ?? '';
}
