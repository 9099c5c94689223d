import type {Mutation} from './mutation';

/** Mistakes where several Apps and several queues share the load. */
export const SCALE_MUTATIONS: readonly Mutation[] = [
  {
    name: 'an App that does not reach the repository says what is not there',
    marked: 'absent by another App',
    remove: true,
    also: {marked: 'App acts for scope', remove: true},
  },
  {name: 'what one App is refused is refused for good', marked: 'refusal of one App', condition: 'true'},
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
];
