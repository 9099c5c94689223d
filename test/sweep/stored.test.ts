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
