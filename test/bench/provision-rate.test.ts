import {terraformFile} from '../builders/terraform-files';
import {DEPLOYED_RATES} from '../emulators/tasks/deployed-rates';
import {perMinute} from './burst';
import {provisionUnderLimit} from './rate-limited-world';

/** 900 points a minute, 5 for a JIT config. */
const MOST_A_MINUTE = 180;

const burst = {jobs: 400, withinMs: 5_000, durationMs: 600_000};

test('Terraform deploys the rates that are played here and in the simulation', () => {
  const variables = terraformFile('variables-deployment.tf');
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
  expect(createdAtMs).toHaveLength(400);
  expect([...vmsPerJob.values()]).toEqual(Array.from({length: 400}, () => 1));
  expect(perMinute(createdAtMs)).toBeGreaterThanOrEqual(0.95 * MOST_A_MINUTE);
}, 30_000);

test('a steady flow at the limit is served at 95 % of it: the news of starts takes nothing of the rate', async () => {
  const {createdAtMs, refusals} = await provisionUnderLimit(DEPLOYED_RATES.provision, {
    jobs: 5 * MOST_A_MINUTE,
    withinMs: 5 * 60_000,
    durationMs: 60_000,
  });
  expect(refusals).toBe(0);
  expect(perMinute(createdAtMs)).toBeGreaterThanOrEqual(0.95 * MOST_A_MINUTE);
}, 30_000);

test('a queue that dispatches faster than GitHub permits is refused, and makes no VM more than there are jobs', async () => {
  const short = {...burst, durationMs: 60_000};
  const tooFast = {maxDispatchesPerSecond: 10, maxConcurrentDispatches: 100};
  const {refusals, vmsPerJob} = await provisionUnderLimit(tooFast, short);
  expect(refusals).toBeGreaterThan(0);
  // A runner that GitHub gives another job than the one it was made for: the first one then gets the other's, so the sum counts here.
  expect([...vmsPerJob.values()].reduce((sum, vms) => sum + vms, 0)).toBe(400);
}, 30_000);
