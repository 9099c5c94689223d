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
      const {failed} = looked;
      return original(failed ? {...looked, failed: {...failed, kind: 'no_capacity'}} : looked, job, pool);
    }`,
  },
  {
    name: 'verdict: a failure stands for ever',
    exported: 'standingFailure',
    wrap: '() => (job) => job.failedAttempt',
  },
  {name: 'verdict: the wait of the queue is not known', marked: 'wait of the queue', value: 'now + 1000'},
  {name: 'verdict: who is behind others is next', marked: 'jobs before it', condition: 'true'},
  {
    name: 'verdict: GitHub is not heard about runners',
    exported: 'LookUps.registration',
    wrap: "() => async () => 'unknown'",
  },
  {name: 'verdict: what GitHub said is kept for a day', marked: 'answers are kept', value: '86_400_000'},
  {
    name: 'verdict: every runner that boots is idle',
    exported: 'lacking',
    wrap: `(original) => (looked, job, pool) =>
      original({...looked, registration: {status: 'online', busy: false, labels: []}}, job, pool)`,
  },
];
