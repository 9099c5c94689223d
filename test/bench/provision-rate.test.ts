import {terraformFile} from '../builders/terraform-files';
import {DEPLOYED_RATES} from '../emulators/tasks/deployed-rates';
import {perMinute} from './burst';
import {ORGANIZATIONS, spread} from './organizations';
import {provisionUnderLimit} from './rate-limited-world';
import {leftBeside} from './scale';

/** 900 points a minute, 5 for a JIT config. */
const MOST_A_MINUTE = 180;

const burst = {jobs: 250, withinMs: 5_000, durationMs: 600_000};

test('Terraform deploys the rates that are played here and in the simulation', () => {
  const variables = terraformFile('fields/settings.tf');
  const [, provision = ''] = /variable "provision_rate" \{([\s\S]*?)\n\}/.exec(variables) ?? [];
  const byDefault = (name: string) =>
    Number(new RegExp(`${name} += optional\\(number, ([0-9.]+)\\)`).exec(provision)?.[1]);
  const [, perSecond, concurrent] =
    /stop += \{ per_second = ([0-9.]+), concurrent = ([0-9]+) \}/.exec(terraformFile('queues.tf')) ?? [];
  expect(DEPLOYED_RATES).toEqual({
    provision: {maxDispatchesPerSecond: byDefault('per_second'), maxConcurrentDispatches: byDefault('concurrent')},
    stop: {maxDispatchesPerSecond: Number(perSecond), maxConcurrentDispatches: Number(concurrent)},
  });
});

test('the deployed rate of the provision queue is never refused by GitHub’s secondary limit, and uses 95 % of it', async () => {
  const {createdAtMs, refusals, vmsPerJob} = await provisionUnderLimit(DEPLOYED_RATES.provision, burst);
  expect(refusals).toBe(0);
  expect(createdAtMs).toHaveLength(250);
  expect([...vmsPerJob.values()]).toEqual(Array.from({length: 250}, () => 1));
  expect(perMinute(createdAtMs)).toBeGreaterThanOrEqual(0.95 * MOST_A_MINUTE);
}, 30_000);

test('a steady flow at the limit is served at 95 % of it: the news of starts takes nothing of the rate', async () => {
  const {createdAtMs, refusals} = await provisionUnderLimit(DEPLOYED_RATES.provision, {
    jobs: 3 * MOST_A_MINUTE,
    withinMs: 3 * 60_000,
    durationMs: 60_000,
  });
  expect(refusals).toBe(0);
  expect(perMinute(createdAtMs)).toBeGreaterThanOrEqual(0.95 * MOST_A_MINUTE);
}, 30_000);

test('beside the sweep, a steady flow is served at 95 % of what the sweep’s calls leave, and nobody is refused', async () => {
  const flow = {jobs: 4 * MOST_A_MINUTE, withinMs: 4 * 60_000, durationMs: 120_000};
  const served = await provisionUnderLimit(DEPLOYED_RATES.provision, flow, {isSwept: true});
  expect(served.refusals).toBe(0);
  // The sweep has looked: at 500 runners and their runs, a minute.
  expect(served.otherPoints).toBeGreaterThan(10);
  expect(perMinute(served.createdAtMs)).toBeGreaterThanOrEqual(0.95 * leftBeside(served));
}, 180_000);

test('two Apps register 1.9 times as many runners a minute as one, and are not refused', async () => {
  const repositories = ['acme/app', 'acme/web'];
  const one = await provisionUnderLimit(DEPLOYED_RATES.provision, burst, {repositories});
  const two = await provisionUnderLimit(DEPLOYED_RATES.provision, {...burst, jobs: 500}, {repositories, apps: 2});
  expect([one.refusals, two.refusals]).toEqual([0, 0]);
  expect([...two.vmsPerJob.values()]).toEqual(Array.from({length: 500}, () => 1));
  expect(perMinute(two.createdAtMs)).toBeGreaterThanOrEqual(1.9 * perMinute(one.createdAtMs));
}, 180_000);

test('two Apps register no more in one repository than GitHub takes in five minutes, and nearly that', async () => {
  const {createdAtMs, refusals} = await provisionUnderLimit(
    DEPLOYED_RATES.provision,
    {...burst, jobs: 1_700},
    {apps: 2},
  );
  expect(refusals).toBe(0);
  expect(createdAtMs).toHaveLength(1_700);
  const inFiveMinutes = createdAtMs.map((at) => createdAtMs.filter((one) => one >= at && one < at + 300_000).length);
  expect(Math.max(...inFiveMinutes)).toBeLessThanOrEqual(1_500);
  expect(perMinute(createdAtMs)).toBeGreaterThanOrEqual(0.9 * 300);
}, 180_000);

test('four queues register 3.8 times as many runners a minute as one, with two organizations on each', async () => {
  expect(spread(4).map((owners) => owners.length)).toEqual([2, 2, 2, 2]);
  const repositories = ORGANIZATIONS.map((owner) => `${owner}/app`);
  const one = await provisionUnderLimit(DEPLOYED_RATES.provision, burst, {repositories});
  const four = await provisionUnderLimit(DEPLOYED_RATES.provision, {...burst, jobs: 1_000}, {repositories, queues: 4});
  expect([one.refusals, four.refusals]).toEqual([0, 0]);
  expect(perMinute(four.createdAtMs)).toBeGreaterThanOrEqual(3.8 * perMinute(one.createdAtMs));
}, 180_000);

test('a queue that dispatches faster than GitHub permits is refused, and makes no VM more than there are jobs', async () => {
  const short = {...burst, durationMs: 60_000};
  const tooFast = {maxDispatchesPerSecond: 10, maxConcurrentDispatches: 100};
  const {refusals, vmsPerJob} = await provisionUnderLimit(tooFast, short);
  expect(refusals).toBeGreaterThan(0);
  // A runner that GitHub gives another job than the one it was made for: the first one then gets the other's, so the sum counts here.
  expect([...vmsPerJob.values()].reduce((sum, vms) => sum + vms, 0)).toBe(250);
}, 30_000);
