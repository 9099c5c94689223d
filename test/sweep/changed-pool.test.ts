import {aSystem, expectClean, MINUTE, type TestSystem} from '../builders/system';
import {APP, OTHER_APP, OTHER_TEAM, TEAM, WORKFLOW} from '../emulators/codemagic/world';

jest.setTimeout(120_000);

const LABELS = ['self-hosted', 'linux'];

function pool(name: string, provider: string, requires = LABELS.join(', ')): string {
  return `  - {name: ${name}, repos: ["acme/*"], requires: [${requires}], jobMinutes: 110, provider: {${provider}}}\n`;
}

const ec2 = (place: string) => `type: ec2, launchTemplate: runner, instanceTypes: [m7i.large], ${place}`;
const codemagic = (place: string) => `type: codemagic, workflow: ${WORKFLOW}, instanceType: mac_mini_m2, ${place}`;

const EC2 = {
  here: ec2('region: eu-central-1, subnets: [subnet-a]'),
  elsewhere: ec2('region: us-east-1, subnets: [subnet-a]'),
  otherSubnet: ec2('region: eu-central-1, subnets: [subnet-b]'),
};
const CODEMAGIC = {
  here: codemagic(`app: ${APP}, team: ${TEAM}`),
  elsewhere: codemagic(`app: ${OTHER_APP}, team: ${OTHER_TEAM}`),
  otherTeam: codemagic(`app: ${APP}, team: ${OTHER_TEAM}`),
};
const GCE = 'type: gce, template: runner-arm64, region: us-central1, zones: [us-central1-a]';
const OTHERS = 'self-hosted, others';

let system: TestSystem;
afterEach(() => system.close());

/** A job that runs for half an hour on a machine of pool `own`. */
async function runningJob(given: string, options: Parameters<typeof aSystem>[0] = {}) {
  system = await aSystem({pools: `pools:\n${given}`, ...options});
  const job = system.queueJob({labels: LABELS, durationMs: 30 * MINUTE});
  await system.pass(5 * MINUTE, () => job.status === 'in_progress');
  await system.pass(MINUTE);
  return job;
}

async function expectToEndWell(job: Awaited<ReturnType<typeof runningJob>>): Promise<void> {
  await system.sweepFor(10 * MINUTE);
  expect(system.killed).toEqual([]);
  expect(await system.store.get('runners', job.runner?.name ?? '')).toMatchObject({state: 'busy'});
  await system.sweepFor(25 * MINUTE);
  await system.finish();
  expect(job).toMatchObject({status: 'completed', conclusion: 'success'});
  await system.sweepFor(10 * MINUTE);
  expect(await system.store.get('runners', job.runner?.name ?? '')).toMatchObject({state: 'gone', slot: null});
  expectClean(system);
  expect(system.codemagic?.violations ?? []).toEqual([]);
  expect(system.codemagic?.world.machines() ?? []).toEqual([]);
}

describe.each([
  {type: 'EC2', options: {withAws: true}, ...EC2, edited: EC2.otherSubnet, what: 'other subnets'},
  {type: 'CodeMagic', options: {codemagic: {}}, ...CODEMAGIC, edited: CODEMAGIC.otherTeam, what: 'another team'},
])('a job that runs at $type goes on', ({options, here, elsewhere, edited, what}) => {
  test.each([
    ['is removed, and another pool is elsewhere', pool('other', elsewhere, OTHERS)],
    ['is moved elsewhere', pool('own', elsewhere)],
    [`gets ${what}`, pool('own', edited)],
    ['is removed, and no other pool of its provider is left', pool('other', GCE, OTHERS)],
  ])('when its pool %s', async (_, after) => {
    const job = await runningJob(pool('own', here) + pool('other', elsewhere, OTHERS), options);
    system.redeploy(`pools:\n${after}`);
    await expectToEndWell(job);
  });
});

test('a machine of a pool that is gone is missed once it has ended, and its runner is ended by the sweep', async () => {
  const job = await runningJob(pool('own', EC2.here) + pool('other', EC2.elsewhere, OTHERS), {withAws: true});
  system.redeploy(`pools:\n${pool('other', EC2.elsewhere, OTHERS)}`);
  const [instance] = system.aws?.world.machines() ?? [];
  if (!instance) throw new RangeError('found no instance');
  system.github.deliveries.faults = () => ({drop: true});
  system.aws?.world.powerOff(instance);
  await system.sweepFor(8 * MINUTE);
  expect(await system.store.get('runners', job.runner?.name ?? '')).toMatchObject({state: 'gone', slot: null});
});

test('a machine that no list has for minutes is asked for before its runner is ended as vanished', async () => {
  const job = await runningJob(pool('own', GCE));
  system.compute.unlisted.add(job.runner?.name ?? '');
  await expectToEndWell(job);
});
