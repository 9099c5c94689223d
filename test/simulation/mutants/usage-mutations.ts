import type {Mutation} from './mutation';

/** Mistakes in the count of what machines cost in time. */
export const USAGE_MUTATIONS: readonly Mutation[] = [
  {
    name: 'usage: the end of a machine moves with each deletion',
    marked: 'end of machine is recorded once',
    condition: 'false',
  },
  {name: 'usage: a machine that never was counts', marked: 'machine that never was', condition: 'false'},
  {name: 'usage: ended runners are counted at once', marked: 'usage is counted behind', value: 'clock.now() + 60_000'},
  {name: 'usage: two sweeps count the same', marked: 'usage counted by another sweep', condition: 'false'},
  {name: 'usage: the cursor stays', marked: 'cursor of usage', remove: true},
];
