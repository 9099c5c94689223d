import {ephemeralJobs, persistentJobs} from '../builders/calls-per-job';

/**
 * What a job costs, held by counts: they are the same on every machine. The targets are 1.05 calls of GitHub, 12 reads and 10 writes of
 * Firestore; docs/performance.md tells why the latter are not reached, and what each write is for.
 */
test('an ephemeral job costs one call of GitHub, three tasks, and no more of Firestore than it does today', async () => {
  const {perJob, tokens} = await ephemeralJobs(20);
  expect(tokens).toBe(1);
  expect(perJob.github).toBeLessThanOrEqual(1.05);
  expect(perJob.tasks).toBe(3);
  // The template is read again every few minutes.
  expect(perJob.compute).toBeLessThanOrEqual(5);
  // What new machines are told of the runner application is read again every few minutes, too.
  expect(perJob.reads).toBeLessThanOrEqual(13.5);
  expect(perJob.writes).toBeLessThanOrEqual(11);
  expect(perJob.deletes).toBe(0);
}, 60_000);

test('what a job costs does not grow with the jobs that are over', async () => {
  const {jobs} = await ephemeralJobs(30);
  // Of Compute Engine's calls and of the reads, one is made every few minutes, whatever the jobs.
  const [early, late] = [jobs[4], jobs[29]].map((calls) => {
    const {compute = 0, reads = 0} = calls ?? {};
    return {...calls, compute: Math.min(compute, 4), reads: Math.min(reads, 13)};
  });
  expect(late).toEqual(early);
}, 60_000);

test('a job on a persistent VM that starts and stops for it costs no more than the page says', async () => {
  const {perJob} = await persistentJobs(5);
  expect(perJob.github).toBeLessThanOrEqual(5.2);
  expect(perJob.compute).toBeLessThanOrEqual(8);
  expect(perJob.reads).toBeLessThanOrEqual(23);
  expect(perJob.writes).toBeLessThanOrEqual(14);
}, 60_000);
