import type {Mutation} from './mutation';

/** Mistakes in the count of what machines cost in time. */
export const USAGE_MUTATIONS: readonly Mutation[] = [
  {name: 'usage: a machine that never was counts', marked: 'machine that never was', condition: 'false'},
  {name: 'usage: the cursor stays', marked: 'cursor of usage', remove: true},
];
