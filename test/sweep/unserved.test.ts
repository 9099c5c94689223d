import {steady} from '../../shared/diagnosis/verdict';
import {ApiClient} from '../api/client';
import {aSystem, MINUTE, POOLS, type TestSystem} from '../builders/system';

jest.setTimeout(120_000);

let system: TestSystem;
afterEach(() => system?.close());

const lines = (decision: string) =>
  system.log.map((line) => JSON.parse(line) as Record<string, unknown>).filter((line) => line['decision'] === decision);

async function unservedJobs(): Promise<Record<string, unknown>[]> {
  const {json} = await new ApiClient(system.urls.api).get('/status');
  return json['unserved_jobs'] as Record<string, unknown>[];
}

test('jobs that no pool takes are logged once, and shown while GitHub has them queued', async () => {
  system = await aSystem({pools: POOLS.replaceAll('repos: ["acme/*"]', 'repos: [acme/app]')});
  const labels = system.queueJob({labels: ['gpu']});
  const repository = system.queueJob({labels: ['self-hosted', 'gpu'], repository: 'acme/web'});
  system.queueJob({labels: ['ubuntu-latest']});
  system.queueJob({labels: ['ubuntu-latest'], repository: 'acme/web'});
  await system.sweepFor(5 * MINUTE);

  const logged = lines('unserved').map(({job, verdict}) => [job, verdict]);
  expect(logged.sort()).toEqual(
    [
      [`${labels.id}-1`, 'no_pool_matches'],
      [`${repository.id}-1`, 'repository_not_served'],
    ].sort(),
  );
  expect(lines('unserved')[0]).toMatchObject({
    severity: 'WARNING',
    run: expect.any(Number),
    url: expect.stringContaining('/job/'),
    repository: expect.stringMatching(/^acme\//),
    labels: expect.arrayContaining(['gpu']),
    because: expect.any(String),
  });
  expect(await unservedJobs()).toEqual(
    expect.arrayContaining([
      expect.objectContaining({
        repository: 'acme/web',
        labels: ['self-hosted', 'gpu'],
        verdict: 'repository_not_served',
        because: expect.stringContaining('acme/web'),
        id: repository.id,
        do: expect.stringContaining('Add acme/web to the repos of'),
      }),
      expect.objectContaining({id: labels.id, repository: 'acme/app', labels: ['gpu'], verdict: 'no_pool_matches'}),
    ]),
  );

  system.github.cancelJob(labels.id);
  system.github.cancelJob(repository.id);
  await system.sweepFor(5 * MINUTE);
  expect(await unservedJobs()).toEqual([]);
  expect(lines('unserved')).toHaveLength(2);
});

test('a job with a label that no runner can have is among them, and gets no task', async () => {
  system = await aSystem();
  const job = system.queueJob({labels: ['self-hosted', 'linux', 'arm64', '']});
  await system.sweepFor(5 * MINUTE);
  expect(await unservedJobs()).toEqual([expect.objectContaining({id: job.id, verdict: 'no_pool_matches'})]);
  expect(system.tasks.dispatches.filter(({task}) => task.includes(String(job.id)))).toEqual([]);
});

test('each sweep says of each pool how long its oldest job waits and why, and once that none does any more', async () => {
  system = await aSystem({pools: POOLS.replace('maxRunners: 5', 'maxRunners: 1')});
  const first = system.queueJob({durationMs: 5 * MINUTE});
  await system.pass(2 * MINUTE, () => first.status === 'in_progress');
  const second = system.queueJob();
  system.queueJob();
  await system.sweepFor(3 * MINUTE);
  const waiting = lines('waiting');
  expect(waiting.length).toBeGreaterThanOrEqual(3);
  expect(waiting.at(-1)).toMatchObject({
    severity: 'INFO',
    pool: 'arm',
    count: 2,
    oldest_job: `${second.id}-1`,
    oldest_url: expect.stringContaining(`/job/${second.id}`),
    verdict: 'waiting_for_slot',
    verdicts: {waiting_for_slot: 2},
  });
  expect(waiting.at(-1)?.['oldest_age_seconds']).toBeGreaterThanOrEqual(120);
  // Alerts tell incidents apart by it.
  expect(new Set(waiting.map(({message}) => message)).size).toBe(1);

  await system.finish();
  await system.sweepFor(3 * MINUTE);
  const none = lines('waiting').filter(({count}) => count === 0);
  expect(none).toEqual([expect.objectContaining({pool: 'arm', oldest_age_seconds: 0, verdicts: {}})]);
});

test.each([
  [
    'breaker quota.x is open since 12 min: no CPUs; the next probe is due in 45 s',
    'breaker quota.x is open since …: no CPUs; the next probe is due soon',
  ],
  ['attempt 2 of 20, the next try is due now', 'attempt 2 of 20, the next try is due soon'],
  ['attempt 2 of 20, the next try is overdue by 12 min', 'attempt 2 of 20, the next try is due soon'],
  ['GitHub did not answer [request A:1]; attempt 1', 'GitHub did not answer; attempt 1'],
  ['5 of 5 runners of pool arm are busy', '5 of 5 runners of pool arm are busy'],
])('a sentence without its times: %s', (sentence, expected) => {
  expect(steady(sentence)).toBe(expected);
});
