import {bootTimesId, RUNNER_VERSIONS} from '../../shared/model/facts';
import {ApiClient} from '../api/client';
import {aSystem, MINUTE, type TestSystem} from '../builders/system';

jest.setTimeout(120_000);

const DAY = 24 * 60 * MINUTE;

let system: TestSystem;
let isBroken = false;
beforeAll(async () => {
  system = await aSystem({failsToBoot: () => isBroken});
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

const boots = async () => {
  const found = await system.store.get('facts', bootTimesId('arm'));
  return found?.kind === 'boot_times' ? found.boots : [];
};
const explain = async (id: number) => (await new ApiClient(system.urls.api).get(`/explain?job=${id}`)).json;

/** Queues a job and waits until its runner is in the state on record. */
async function jobUntil(state: 'booting' | 'gone', durationMs?: number) {
  const job = system.queueJob(durationMs === undefined ? {} : {durationMs});
  const name = `slipway-arm-${job.id}-1`;
  const now = async () => (await system.store.get('runners', name))?.state;
  for (let second = 0; second < 120 && (await now()) !== state; second++) await system.pass(1_000);
  expect(await now()).toBe(state);
  return job;
}

test('the boot of the runner is on record, and what is usual stands in the verdict of the next', async () => {
  expect(await boots()).toMatchObject([{runner: system.compute.created[0]?.name, ms: expect.any(Number)}]);
  const job = await jobUntil('booting');
  expect(await explain(job.id)).toMatchObject({
    verdict: 'booting',
    because: expect.stringMatching(/it usually takes \d+ s here, and may take 5 min$/),
    do: 'Wait for the boot.',
  });
  await system.finish();
});

test('the boot of a runner that no sweep saw alive is on record, too', async () => {
  const before = (await boots()).length;
  const job = await jobUntil('gone', 2_000);
  await system.sweep();
  expect((await boots()).slice(before)).toMatchObject([{runner: `slipway-arm-${job.id}-1`}]);
  await system.finish();
});

test('a boot that takes more than twice as long as usual is told, long before bootMinutes', async () => {
  isBroken = true;
  const job = await jobUntil('booting');
  for (const one of system.compute.instances()) system.compute.print(one, '[ 9.1] no network\r\n');
  // Twice the usual time is shorter, but a boot is not called long within 90 s.
  await system.pass(85_000);
  expect(await explain(job.id)).toMatchObject({
    verdict: 'booting',
    because: expect.stringMatching(/and may take 5 min$/),
    do: 'Wait for the boot.',
  });
  await system.pass(10_000);
  const late = await explain(job.id);
  expect(late).toMatchObject({
    verdict: 'booting',
    because: expect.stringMatching(
      /it usually takes \d+ s here, and may take 5 min: this boot takes too long; the last line of its console: \[ 9\.1\] no network$/,
    ),
    do: expect.stringContaining(`get-serial-port-output slipway-arm-${job.id}-1 --zone=us-central1-`),
  });
  const {verdict, do: remedy} = late;
  expect((await status())['waiting_jobs']).toMatchObject([{id: job.id, verdict, do: remedy}]);
  await system.pass(4 * MINUTE);
  expect((await explain(job.id))['because']).toMatch(/and may take 5 min, and the sweep replaces it/);
});
