import type {Mutation} from './mutation';

/** Mistakes where several queues share the load. */
export const SCALE_MUTATIONS: readonly Mutation[] = [
  {
    name: 'a task is in any of the provision queues',
    marked: 'queue of an owner',
    value: 'Math.floor(Math.random() * count)',
  },
  {
    name: 'a task without an event is in the first provision queue',
    exported: 'withTaskOwners',
    wrap: '() => (tasks) => tasks',
  },
  {
    name: 'each repository has a provision queue of its own',
    exported: 'ownerOfRepository',
    wrap: '() => (repository) => repository',
  },
];
