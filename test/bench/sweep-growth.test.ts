import {createFirestoreStore} from '../../shared/store/firestore';
import {aJob, NOW} from '../builders/lifecycle';
import {FirestoreRest} from './firestore-rest';
import {growthOf} from './sweep';

test('what costs as much for each of many as for each of few does not grow, and what costs n² does', () => {
  expect(growthOf([0, 1_000, 10_000], [50, 150, 1_050])).toBe(1);
  expect(growthOf([0, 1_000, 10_000], [50, 150, 10_050])).toBe(10);
  expect(growthOf([0, 1_000, 10_000], [50, 150, 550])).toBe(0.5);
});

test('the store of the sweep’s benchmark answers Google’s client page by page, and counts what Firestore would bill', async () => {
  const rest = new FirestoreRest('p');
  const clock = {now: () => NOW, sleep: async () => undefined};
  const store = createFirestoreStore({clock, project: 'p', emulatorHost: await rest.listen()});
  try {
    const jobs = Array.from({length: 5}, (_, index) => aJob({jobId: 1_001 + index}));
    for (const job of jobs) rest.put('jobs', `${job.jobId}-1`, {...job, expireAt: NOW + 1_000});
    rest.put('jobs', '9-1', {...aJob({jobId: 9, status: 'completed'}), expireAt: NOW + 1_000});
    const first = await store.find('jobs', {where: {status: 'queued'}, limit: 3});
    const second = await store.find('jobs', {where: {status: 'queued'}, limit: 3, after: first.at(-1)?.id ?? ''});
    expect([...first, ...second].map(({data}) => data)).toEqual(jobs.map((job) => ({...job, expireAt: NOW + 1_000})));
    expect(rest.reads).toBe(5);
    expect(await store.find('jobs', {where: {status: 'waiting'}, limit: 3})).toEqual([]);
    expect(await store.get('jobs', '9-1')).toMatchObject({jobId: 9, status: 'completed'});
    expect(await store.get('jobs', '8-1')).toBeUndefined();
    expect(rest.reads).toBe(8);
  } finally {
    await store.close();
    rest.close();
  }
});
