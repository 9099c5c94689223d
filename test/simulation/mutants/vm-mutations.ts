import type {Mutation} from './mutation';

/** Mistakes in what a persistent VM is started and kept up for. */
export const VM_MUTATIONS: readonly Mutation[] = [
  {
    name: 'persistent VM: labels of the runner do not matter',
    exported: 'checkLabels',
    wrap: '() => async () => ({lacked: []})',
  },
  {
    name: 'persistent VM: a label that we took off is missing',
    exported: 'labelsWithDrained',
    wrap: '() => ({labels}) => [...labels]',
  },
  {
    name: 'persistent VM: what GitHub does not tell is missing',
    marked: 'unknown runner',
    value: '{lacked: labels}',
  },
  {
    name: 'persistent VM: one that went down by itself is left to the next check',
    exported: 'restartStoppedVms',
    wrap: '(rule) => ({...rule, plan: () => []})',
  },
  {
    name: 'persistent VM: a job that it cannot take hides a lost stop',
    exported: 'waitsForVm',
    wrap: "() => ({status}) => status === 'queued'",
  },
  {name: 'persistent VM: waits for what it cannot take', marked: 'turned away while it waits', remove: true},
];
