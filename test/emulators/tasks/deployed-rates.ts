import type {QueueName} from '../../../shared/model/task-payload';
import type {QueueLimits} from '../../../shared/tasks/local/limits';

export type QueueRate = Pick<QueueLimits, 'maxDispatchesPerSecond' | 'maxConcurrentDispatches'>;

/** The rates where `apps` Apps share the load: GitHub's limits hold for each of them. */
export function deployedRates(apps: number): Readonly<Record<QueueName, QueueRate>> {
  const {maxDispatchesPerSecond, maxConcurrentDispatches} = DEPLOYED_RATES.provision;
  return {
    ...DEPLOYED_RATES,
    provision: {
      maxDispatchesPerSecond: apps * maxDispatchesPerSecond,
      maxConcurrentDispatches: apps * maxConcurrentDispatches,
    },
  };
}

/** The rates of the queues where Terraform is told of no others: what it says itself is compared with them. */
export const DEPLOYED_RATES: Readonly<Record<QueueName, QueueRate>> = {
  provision: {maxDispatchesPerSecond: 2.85, maxConcurrentDispatches: 40},
  stop: {maxDispatchesPerSecond: 30, maxConcurrentDispatches: 60},
};
