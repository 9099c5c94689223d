import {createMemoryStore} from '../../shared/store/memory';
import {aJob, aRunner, NOW} from '../builders/lifecycle';
import {copyFinished} from './finished-jobs';

const clock = {now: () => NOW, sleep: async () => undefined};

test('each copy of a finished job has ids of its own, and what only one has is not copied', async () => {
  const store = createMemoryStore({clock});
  const job = aJob({jobId: 987_654_321, status: 'completed'});
  const runner = aRunner(job, {state: 'gone'});
  const expireAt = NOW + 3600_000;
  const key = {key: 'event', state: 'done', holder: 'x', leaseUntil: 0, expireAt} as const;
  await store.transaction(async (transaction) => {
    transaction.set('jobs', '987654321-1', {...job, expireAt});
    transaction.set('runners', runner.name, {...runner, expireAt});
    transaction.set('keys', 'abc', key);
    transaction.set('slots', 'arm.0', {pool: 'arm', n: 0, holder: null, expireAt});
  });
  const paths = ['jobs/987654321-1', `runners/${runner.name}`, 'keys/abc', 'slots/arm.0'];
  expect(await copyFinished(store, paths, 1_200)).toBe(3_600);
  const ids = new Set((await store.find('jobs', {where: {}, limit: 5_000})).map(({data}) => data.jobId));
  expect(ids.size).toBe(1_201);
  const runners = await store.find('runners', {where: {state: 'gone'}, limit: 5_000});
  expect(new Set(runners.map(({data}) => data.madeFor)).size).toBe(1_201);
  expect(await store.count('keys', {})).toBe(1_201);
  expect(await store.count('slots', {})).toBe(1);
});
