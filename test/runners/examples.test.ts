import {parseConfig} from '../../shared/config/config';
import {isGce, isPersistent, type Pool} from '../../shared/model/pool';
import {DEPLOYED, poolsIn} from '../builders/shown-pools';
import {aSystem, MINUTE, type TestSystem} from '../builders/system';
import {machinesIn, terraformTemplate, terraformVm} from '../builders/terraform-machines';

/** As Google Cloud has them, as far as the examples go. */
const ZONES = {
  'us-central1': ['us-central1-a', 'us-central1-b', 'us-central1-c', 'us-central1-f'],
  'asia-northeast1': ['asia-northeast1-a', 'asia-northeast1-b', 'asia-northeast1-c'],
};
const ABSENT = ['c4a-standard-4', 'c4a-standard-8'].map((type) => ['us-central1-f', type] as const);
const STOCK_OUT = {code: 'ZONE_RESOURCE_POOL_EXHAUSTED', message: 'The zone does not have enough resources available.'};

/** Terraform's variable region. */
const PLACE = {GOOGLE_CLOUD_REGION: 'us-central1'};

const ROLE = 'arn:aws:iam::111122223333:role/slipway';

/** VMs that are there already. */
const OTHERS = new Map([['github-runner-gpu', {machine_type: 'g2-standard-4'}]]);

/** Those with VMs. */
const SHOWN = ['README.md', 'docs/configuration.md', ...DEPLOYED]
  .flatMap((file) => poolsIn(file).map((pools) => [file, pools] as const))
  .filter(([, pools]) => /type: gce|vm_instance_name/.test(pools));

let system: TestSystem;
afterEach(() => system.close());

/** The pools with VMs, in a world that has what Terraform makes for them. */
async function deploy(file: string, text: string): Promise<readonly Pool[]> {
  const secrets = {RUNNER_MANAGER_SECRET: 'secret-of-a-test', GITHUB_TOKEN: 'token-of-a-test'};
  const config = parseConfig({...secrets, ...PLACE, RUNNER_CONFIG: text, AWS_ROLE_ARN: ROLE}, 'api');
  const pools = config.pools.filter((pool) => isGce(pool) || isPersistent(pool) || pool.provider.type === 'ec2');
  const withAws = pools.some(({provider}) => provider.type === 'ec2');
  system = await aSystem({
    pools: text,
    repositories: [...new Set(pools.map(repositoryOf))],
    zones: ZONES,
    withAws,
    env: PLACE,
  });
  system.aws?.world.templates.splice(0, 1, {name: 'slipway-x64', id: 'lt-0123456789abcdef0'});
  system.compute.templates.splice(0);
  for (const [zone, type] of ABSENT) system.compute.catalog.withdraw(zone, type);
  const templates = machinesIn(file, 'runner_templates');
  const vms = new Map([...OTHERS, ...machinesIn(file, 'persistent_vms')]);
  for (const pool of pools) {
    if (pool.runnerGroup !== 'Default') {
      const {accounts} = system.github;
      accounts.addRunnerGroup(accounts.organization('acme'), {name: pool.runnerGroup});
    }
    if (isGce(pool)) {
      const {provider} = pool;
      const known = system.compute.templates.some(({name}) => name === provider.template);
      const machineType = provider.machineTypes?.[0];
      const settings = templates.get(provider.template) ?? (machineType ? {machine_type: machineType} : {});
      if (!known)
        system.compute.addTemplate(terraformTemplate(provider.template, provider.region ?? 'us-central1', settings));
    } else if (isPersistent(pool)) {
      const {instance, zone = ''} = pool.provider;
      system.compute.addInstance(terraformVm(instance, zone, vms.get(instance) ?? {}));
      const [owner = '', repo = ''] = repositoryOf(pool).split('/');
      const runner = {name: instance, labels: [...pool.requires], runnerGroupId: 1};
      system.github.runners.registerPersistent({kind: 'repository', owner, repo}, runner);
    }
  }
  return pools;
}

/** A repository that the pool serves. */
function repositoryOf({scope}: Pool): string {
  if (scope.kind === 'organization') return `${scope.org}/app`;
  const [pattern = ''] = scope.patterns.filter((each) => !each.startsWith('!'));
  return pattern.replace('*', 'app');
}

async function runJobs(pools: readonly Pool[]): Promise<void> {
  const jobs = pools.map((pool) =>
    system.queueJob({repository: repositoryOf(pool), labels: [...pool.requires], durationMs: MINUTE}),
  );
  await system.pass(30 * MINUTE, () => jobs.every(({status}) => status === 'completed'));
  expect(jobs.map(({conclusion}) => conclusion)).toEqual(jobs.map(() => 'success'));
}

test.each(SHOWN)(
  '%s: every pool with VMs or instances runs a job on the machines that Terraform makes for it',
  async (file, text) => {
    const pools = await deploy(file, text);
    await runJobs(pools);
    const ephemeral = pools.filter(({provider}) => ['gce', 'ec2'].includes(provider.type)).map(({name}) => name);
    const made = [
      ...system.compute.created.map(({labels}) => labels['slipway-pool']),
      ...(system.aws?.world.instances() ?? []).map(({tags}) => tags['slipway-pool']),
    ];
    expect(new Set(made)).toEqual(new Set(ephemeral));
    expect(await system.store.count('deadletters', {})).toBe(0);
  },
);

test.each(SHOWN.filter(([, text]) => text.includes('machineTypes: [') && /machineTypes: \[[^\]]*,/.test(text)))(
  '%s: the second machine type serves when the first has no capacity',
  async (file, text) => {
    const pools = await deploy(file, text);
    const several = pools.filter(isGce).filter(({provider}) => (provider.machineTypes?.length ?? 0) > 1);
    expect(several.length).toBeGreaterThan(0);
    for (const {provider} of several) {
      const [first] = provider.machineTypes ?? [];
      if (first) system.compute.failLate({machineType: first, error: STOCK_OUT});
    }
    await runJobs(several);
    expect(system.compute.statistics().events['running']).toBe(several.length);
  },
);
