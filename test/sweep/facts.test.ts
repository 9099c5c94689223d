import {bootTimesId, RUNNER_VERSIONS} from '../../shared/model/facts';
import {ApiClient} from '../api/client';
import {aSystem, MINUTE, type TestSystem} from '../builders/system';

jest.setTimeout(120_000);

const DAY = 24 * 60 * MINUTE;

let system: TestSystem;
beforeAll(async () => {
  system = await aSystem();
});
afterAll(() => system.close());

const asked = (operation: RegExp) =>
  system.github.requests.filter(({operationId}) => operation.test(operationId)).length;
const told = () =>
  system.log.map((line) => JSON.parse(line)).filter(({decision}) => decision === 'runner_version_ends');
const status = async () => (await new ApiClient(system.urls.api).get('/status')).json;

test('before the first reading the runner version is not known', async () => {
  expect(await status()).toMatchObject({runner_version: null});
});

test('the sweep keeps the latest version and those in use, warns ten days before an end, and asks every six hours', async () => {
  const endMs = system.scheduler.now() + 9.5 * DAY;
  system.github.releases.ends.set('2.335.0', {registration: null, runtime: endMs});
  system.queueJob({durationMs: 30 * MINUTE});
  await system.sweepFor(10 * MINUTE);
  expect(await status()).toMatchObject({
    runner_version: {
      latest: '2.338.0',
      in_use: [{version: '2.335.0', runners: 1, registration_ends: null, runtime_ends: new Date(endMs).toISOString()}],
    },
  });
  expect(told()).toMatchObject([
    {severity: 'WARNING', version: '2.335.0', days_left: 9, ends_at: new Date(endMs).toISOString()},
  ]);
  expect(await system.store.get('facts', RUNNER_VERSIONS)).toMatchObject({
    downloads: expect.arrayContaining([{platform: 'linux-arm64', version: '2.338.0', sha256: '4'.repeat(64)}]),
  });
  expect([asked(/runner-applications/), asked(/deprecation/)]).toEqual([1, 1]);
  await system.pass(6 * 60 * MINUTE);
  await system.sweepFor(MINUTE);
  expect([asked(/runner-applications/), asked(/deprecation/)]).toEqual([2, 2]);
  // Once a day.
  expect(told()).toHaveLength(1);
  expect(system.github.violations).toEqual([]);
});

test('the boot of the runner is on record, and what is usual stands in the verdict of the next', async () => {
  expect(await system.store.get('facts', bootTimesId('arm'))).toMatchObject({
    boots: [{runner: system.compute.created[0]?.name, ms: expect.any(Number)}],
  });
  const job = system.queueJob();
  const isBooting = async () =>
    ((await status())['active_runners'] as {state: string}[]).some(({state}) => state === 'booting');
  for (let second = 0; second < 60 && !(await isBooting()); second++) await system.pass(1_000);
  const {json} = await new ApiClient(system.urls.api).get(`/explain?job=${job.id}`);
  expect(json).toMatchObject({
    verdict: 'booting',
    because: expect.stringMatching(/it usually takes \d+ s here, and may take 5 min$/),
  });
});
