import {jobKeyOf} from '../../shared/model/job';
import {markBusy} from '../../shared/model/runner';
import {createMemoryStore} from '../../shared/store/memory';
import {readStored} from '../../shared/sweep/stored';
import {aJob, aRunner, NOW} from '../builders/lifecycle';

const clock = {now: () => NOW, sleep: async () => undefined};

test('a sweep reads every runner, job and slot, however many are in one state', async () => {
  const store = createMemoryStore({clock});
  const count = 6_001;
  await store.transaction(async (transaction) => {
    for (let index = 0; index < count; index += 1) {
      const job = aJob({jobId: 10_000 + index, status: 'in_progress'});
      const runner = aRunner(job, {state: 'busy'});
      const slot = {pool: 'arm', n: index, holder: index === 0 ? null : runner.name, expireAt: NOW + 1};
      transaction.set('jobs', `${job.jobId}-1`, job);
      transaction.set('runners', runner.name, runner);
      transaction.set('slots', `arm.${index}`, slot);
    }
  });
  const incomplete: string[] = [];
  const stored = await readStored({context: {store, clock}, incomplete}, 0, false);
  expect(incomplete).toEqual([]);
  expect(stored.runners).toHaveLength(count);
  expect(stored.jobs.size).toBe(count);
  expect(stored.slots).toHaveLength(count - 1);
});

test('a runner whose job is over drains, and the jobs of others are not read one by one', async () => {
  const store = createMemoryStore({clock});
  const jobs = [1, 2, 3].map((jobId) => aJob({jobId, status: 'in_progress', demand: 'none'}));
  const over = {...aJob({jobId: 4}), status: 'completed', demand: 'none', updatedAt: NOW - 1} as const;
  const ended = {...over, runner: aRunner(over).name};
  await store.transaction(async (transaction) => {
    for (const job of [...jobs, ended]) {
      const runner = markBusy(aRunner(job), {...job, status: 'in_progress'}, NOW - 60_000);
      transaction.set('jobs', jobKeyOf(job), job);
      transaction.set('runners', runner.name, runner);
    }
  });
  const read: string[] = [];
  const watched: typeof store = {
    ...store,
    get: (collection, id) => {
      read.push(`${collection}/${id}`);
      return store.get(collection, id);
    },
  };
  const {runners = []} = await readStored({context: {store: watched, clock}, incomplete: []}, 0, false);
  const states = runners.map(({runs, state, stateAt}) => [runs, state, NOW - stateAt]);
  expect(states.sort()).toEqual([
    ['1-1', 'busy', 60_000],
    ['2-1', 'busy', 60_000],
    ['3-1', 'busy', 60_000],
    ['4-1', 'draining', 1],
  ]);
  expect(read).toEqual(['jobs/4-1']);
});
