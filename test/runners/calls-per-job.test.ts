import {ephemeralJobs, persistentJobs} from '../builders/calls-per-job';

/**
 * What a job costs, held by counts: they are the same on every machine. The targets are 1.05 calls of GitHub, 12 reads and 10 writes of
 * Firestore; docs/performance.md tells what each of them is for.
 */
test('an ephemeral job costs one call of GitHub, three tasks, twelve reads and ten writes of Firestore', async () => {
  const {perJob, tokens, factReads} = await ephemeralJobs(20);
  expect(tokens).toBe(1);
  expect(perJob.github).toBeLessThanOrEqual(1.05);
  expect(perJob.tasks).toBe(3);
  // The template is read again every few minutes.
  expect(perJob.compute).toBeLessThanOrEqual(5);
  expect(perJob.reads).toBeLessThanOrEqual(12);
  expect(perJob.writes).toBeLessThanOrEqual(10);
  expect(perJob.deletes).toBe(0);
  // What new machines are told of the runner application is kept for ten minutes. It is not among the reads of a job.
  expect(factReads).toBeLessThanOrEqual(6);
}, 60_000);

test('what a job costs does not grow with the jobs that are over', async () => {
  const {jobs} = await ephemeralJobs(30);
  // Of Compute Engine's calls one is made every few minutes, whatever the jobs.
  const [early, late] = [jobs[4], jobs[29]].map((calls) => ({...calls, compute: Math.min(calls?.compute ?? 0, 4)}));
  expect(late).toEqual(early);
}, 60_000);

test('a job on a persistent VM that starts and stops for it costs no more than the page says', async () => {
  const {perJob} = await persistentJobs(5);
  expect(perJob.github).toBeLessThanOrEqual(5.2);
  expect(perJob.compute).toBeLessThanOrEqual(8);
  expect(perJob.reads).toBeLessThanOrEqual(23);
  expect(perJob.writes).toBeLessThanOrEqual(14);
}, 60_000);
