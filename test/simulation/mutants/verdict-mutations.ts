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
    name: 'verdict: a breaker that has closed keeps the jobs',
    exported: 'openBreakers',
    wrap: `() => async (store) => {
      const found = await store.find('breakers', {where: {}, limit: 1_000});
      return found.map(({data}) => data);
    }`,
  },
  {
    name: 'verdict: what fails has no capacity',
    exported: 'lacking',
    wrap: `(original) => (looked, job, pool) => {
      const {failedAttempt} = job;
      return original(looked, failedAttempt ? {...job, failedAttempt: {...failedAttempt, kind: 'no_capacity'}} : job, pool);
    }`,
  },
];
