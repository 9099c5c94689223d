import type {QueueName} from '../../../shared/model/task-payload';
import type {QueueLimits} from '../../../shared/tasks/local/limits';

export type QueueRate = Pick<QueueLimits, 'maxDispatchesPerSecond' | 'maxConcurrentDispatches'>;

/** The rates of the queues where Terraform is told of no others: what it says itself is compared with them. */
export const DEPLOYED_RATES: Readonly<Record<QueueName, QueueRate>> = {
  provision: {maxDispatchesPerSecond: 2.85, maxConcurrentDispatches: 40},
  stop: {maxDispatchesPerSecond: 30, maxConcurrentDispatches: 60},
};
