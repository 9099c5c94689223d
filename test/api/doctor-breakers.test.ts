import {aSystem, MINUTE, type TestSystem} from '../builders/system';
import {ApiClient} from './client';

// The first use of a Google client loads its modules, which takes time.
jest.setTimeout(120_000);

let system: TestSystem;

afterEach(() => system.close());

async function findingOf(check: string): Promise<Record<string, string> | undefined> {
  const {json} = await new ApiClient(system.urls.api).get('/doctor');
  return (json['findings'] as Record<string, string>[]).find((finding) => finding['check'] === check);
}

test('an open breaker of a template whose machines do not boot is an error of its pools alone', async () => {
  system = await aSystem({bootMs: 600 * MINUTE});
  for (let i = 0; i < 3; i++) system.queueJob({durationMs: 60 * MINUTE});
  await system.sweepFor(12 * MINUTE);
  expect(await findingOf('pool.arm.provider')).toMatchObject({
    status: 'error',
    because: expect.stringMatching(
      /^breaker boot\.runner-arm64 is open since .*the next probe is due (now|in \d+ (s|min))$/,
    ),
    do: expect.stringContaining('of its serial port'),
  });
  expect(await findingOf('pool.spot.provider')).toMatchObject({status: 'ok'});
});

test('an open breaker of a quota is a warning of every pool that it holds back', async () => {
  system = await aSystem();
  const message = "Quota 'CPUS' exceeded. Limit: 8.0 in region us-central1.";
  system.compute.failLate({times: 100, error: {code: 'QUOTA_EXCEEDED', message}});
  system.queueJob();
  await system.pass(90_000);
  for (const check of ['pool.arm.quota', 'pool.spot.quota']) {
    expect(await findingOf(check)).toMatchObject({
      status: 'warning',
      because: expect.stringMatching(/breaker quota\.us-central1 is open since .*Quota 'CPUS' exceeded/),
    });
  }
  expect(await findingOf('pool.arm.provider')).toMatchObject({status: 'ok'});
});

test('an open breaker of GitHub is a warning about the pools of the account', async () => {
  system = await aSystem();
  system.github.fault({
    match: {method: 'POST', path: /generate-jitconfig$/},
    times: 1,
    respond: {
      status: 429,
      headers: {'retry-after': '900'},
      body: {message: 'You have exceeded a secondary rate limit.'},
    },
  });
  system.queueJob();
  await system.pass(MINUTE);
  expect(await findingOf('pool.spot.provider')).toMatchObject({
    status: 'warning',
    because: expect.stringContaining('breaker github.acme is open since'),
  });
});
