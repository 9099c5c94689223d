import type {Mutation} from './mutation';

/** Mistakes in the count of what machines cost in time. */
export const USAGE_MUTATIONS: readonly Mutation[] = [
  {name: 'usage: a machine that never was counts', marked: 'machine that never was', condition: 'false'},
  {name: 'usage: the cursor stays', marked: 'cursor of usage', remove: true},
  {name: 'usage: what ended just now counts at once', marked: 'usage is behind', value: '-30_000'},
  {
    name: 'usage: two sweeps at once count the same',
    marked: 'counted by another sweep',
    condition: 'false',
    also: {marked: 'other sweep at work', condition: 'false'},
  },
  {
    name: 'usage: what one sweep has no room for is passed over',
    marked: 'room for usage',
    before: 'reached[state] = {stateAt: data.stateAt, name: id};',
    also: {marked: 'documents of a sweep', value: '1'},
  },
  {
    name: 'usage: a machine that was missed ends when it is looked for',
    marked: 'machine that was seen',
    condition: 'false',
  },
];
