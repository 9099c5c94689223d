import {ApiClient} from '../api/client';
import {aSystem, MINUTE, type TestSystem} from '../builders/system';

jest.setTimeout(60_000);

let system: TestSystem;
afterEach(() => system.close());

const HOUR = 60 * MINUTE;

/** An organization whose runner group does not admit the repository of the job. */
async function heldBack(): Promise<{readonly job: ReturnType<TestSystem['queueJob']>; readonly admit: () => void}> {
  const pools = `
pools:
  - name: arm
    org: acme
    requires: [self-hosted, linux]
    runnerGroup: Builders
    idleMinutes: 10
    provider: {type: gce, template: runner-arm64, region: us-central1, zones: [us-central1-a]}
`;
  system = await aSystem({pools, sweepEverySeconds: 60});
  const {accounts} = system.github;
  const account = accounts.repository('acme/app').owner;
  const admitted = new Set(['acme/web']);
  account.groups.push({
    id: 77,
    name: 'Builders',
    isDefault: false,
    repositories: admitted,
    allowsPublicRepositories: false,
  });
  return {job: system.queueJob(), admit: () => void admitted.add('acme/app')};
}

const errors = () =>
  system.log
    .map(
      (line) =>
        JSON.parse(line) as {severity: string; message: string; decision?: string; reason?: string; url?: string},
    )
    .filter(({severity}) => severity === 'ERROR');

test('a job that GitHub does not give to an idle runner gets a dead letter that names the runner group', async () => {
  const {job} = await heldBack();
  await system.pass(20 * MINUTE);
  expect(system.compute.created).toHaveLength(1);
  const [line, ...others] = errors();
  expect(others).toEqual([]);
  expect(line).toMatchObject({decision: 'dead_letter', reason: 'runner_idle'});
  expect(line?.message).toContain('Does runner group Builders of acme admit acme/app');
  expect(line?.url).toContain(`/job/${job.id}`);
  const {json} = await new ApiClient(system.urls.api).get('/deadletters');
  expect(json['deadletters']).toMatchObject([{job: `${job.id}-1`, kind: 'demand', count: 1, error: line?.message}]);
});

test('a held-back job is tried again after pauses that double, with one dead letter that counts the tries', async () => {
  const {job, admit} = await heldBack();
  const madeAt: number[] = [];
  const startedAt = system.scheduler.now();
  system.compute.observe(({kind}) => {
    if (kind === 'accepted') madeAt.push(system.scheduler.now() - startedAt);
  });
  await system.pass(6 * HOUR);
  const pauses = madeAt.slice(1).map((at, index) => Math.round((at - (madeAt[index] ?? 0)) / MINUTE));
  // The runner is idle for ten minutes, then the pauses are 15, 30, 60 and 120 minutes.
  expect(madeAt).toHaveLength(5);
  for (const [index, longest] of [30, 45, 75, 135].entries()) {
    expect(pauses[index]).toBeGreaterThanOrEqual(longest - 5);
    expect(pauses[index]).toBeLessThanOrEqual(longest);
  }
  expect(errors()).toHaveLength(5);
  const letters = await system.store.find('deadletters', {where: {}, limit: 10});
  expect(letters.map(({data}) => [data.job, data.count])).toEqual([[`${job.id}-1`, 5]]);

  admit();
  await system.finish(6 * HOUR);
  expect(job.conclusion).toBe('success');
});
