import type {Mutation} from './mutation';

/** Mistakes in what a person is told. No job runs otherwise for them: only the check of verdicts notices. */
export const VERDICT_MUTATIONS: readonly Mutation[] = [
  {
    name: 'verdict: every job is the first in the queue',
    exported: 'positionIn',
    wrap: '() => () => 1',
  },
  {
    name: 'verdict: one slot too many counts as in use',
    exported: 'roomOf',
    wrap: `(original) => async (...given) => {
      const room = await original(...given);
      return {...room, taken: room.taken + 1};
    }`,
  },
  {
    name: 'verdict: a breaker of anybody keeps everybody',
    exported: 'breakersOfJob',
    wrap: '() => (context, job, open) => [...open]',
  },
];
