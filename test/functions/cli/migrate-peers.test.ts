import type {Context} from '../../../functions/cli/migrate/translation';
import {isGce} from '../../../shared/model/pool';
import {checkedFrom, ORG, poolsFrom, takerOf} from '../../builders/migrated';
import {
  GARM,
  INSTANCE_TEMPLATES,
  MULTI_RUNNER,
  RUNS_ON,
  SCALE_SETS,
  TEMPLATE_TYPES,
} from '../../builders/peer-examples';
import {PEER_FILES} from '../../builders/peer-files';

/** terraform/machines.tf: by its machine type a template is for Arm. */
const ARM_TYPES = /^(t2a|c4a|n4a|a4x)-/;
const FILES: readonly (readonly [string, string | object])[] = [
  ...Object.entries(PEER_FILES),
  ['terraform-aws-github-runner', MULTI_RUNNER],
  ['actions-runner-controller', SCALE_SETS],
  ['garm', GARM],
  ['runs-on', RUNS_ON],
  ['google-cloud-github-runner', INSTANCE_TEMPLATES],
];

test.each(FILES)('%s: Terraform makes a template for the right processor and system of each pool', (system, file) => {
  const pools = poolsFrom(system, file).filter(isGce);
  expect(pools.length).toBeGreaterThan(0);
  for (const {name, requires, offers, provider} of pools) {
    const labels = [...requires, ...(offers ?? [])];
    const isArm = labels.includes('arm64') || /arm64/.test(provider.template);
    expect([name, ARM_TYPES.test(provider.machineTypes?.[0] ?? 'e2-standard-4')]).toEqual([name, isArm]);
    if (labels.includes('windows')) expect([name, provider.template]).toEqual([name, 'runner-windows']);
  }
});

test('a machine type of Compute Engine that the other system names is taken over', () => {
  const ofGarm = (flavor: string) =>
    poolsFrom('garm', [{tags: ['a'], org_name: 'acme', os_arch: 'arm64', flavor}])[0]?.provider;
  expect(ofGarm('t2a-standard-4')).toMatchObject({machineTypes: ['t2a-standard-4']});
  expect(ofGarm('default')).toMatchObject({machineTypes: ['c4a-standard-4']});
  const set = `
githubConfigUrl: https://github.com/acme
runnerScaleSetName: big
template: {spec: {nodeSelector: {node.kubernetes.io/instance-type: n2-standard-16}}}`;
  expect(poolsFrom('actions-runner-controller', set)[0]?.provider).toMatchObject({machineTypes: ['n2-standard-16']});
});

test('a pool without a machine type does not get that of another pool, whose template it shares', () => {
  const pools = [
    {tags: ['big'], org_name: 'acme', flavor: 'n2-standard-80'},
    {tags: ['any'], org_name: 'acme', flavor: 'default'},
  ];
  const typesOf = (context: Context) =>
    poolsFrom('garm', pools, context)
      .filter(isGce)
      .map(({provider: {template, machineTypes}}) => [template, machineTypes]);
  expect(typesOf(ORG)).toEqual([
    ['runner-x64', ['n2-standard-80']],
    ['runner-x64', ['e2-standard-4']],
  ]);
  expect(typesOf({...ORG, template: 'mine'})[1]).toEqual(['mine', undefined]);
});

test('with --template the machines are those of the template', () => {
  const set = '{tags: [a], org_name: acme, os_arch: arm64}';
  const {provider} = poolsFrom('garm', `[${set}]`, {...ORG, template: 'mine'})[0] ?? {};
  expect(provider).toMatchObject({template: 'mine'});
  expect(provider).not.toHaveProperty('machineTypes');
});

test.each([
  ['runs-on=4711/runner=gofast', 'gofast'],
  ['runs-on=4711/runner=gofast/disk=large', 'gofast'],
  ['runs-on,runner=gofast,image=custom,env=production', 'gofast'],
  ['runs-on,runner=gofaster,env=production', 'gofaster'],
  ['runs-on,runner=arm', 'arm'],
  ['runs-on,family=r7,ram=16', undefined],
])('RunsOn: a job whose one label is %s gets %p', (label, expected) => {
  expect(takerOf([label], poolsFrom('runs-on', RUNS_ON))).toBe(expected);
});

test('RunsOn: labels in a list are one job’s, too', () => {
  expect(takerOf(['runs-on', 'runner=gofast', 'env=production'], poolsFrom('runs-on', RUNS_ON))).toBe('gofast');
});

test('RunsOn: the pool dependabot takes the jobs of Dependabot, whose label it can be kept warm for', () => {
  const file = `
runners: {small: {image: ubuntu24-full-x64, ram: 2, family: [t3]}}
pools: {dependabot: {runner: small, schedule: [{name: default, hot: 0, stopped: 1}]}}`;
  const {yaml, pools} = checkedFrom('runs-on', file, ORG);
  expect(pools.find(({name}) => name === 'dependabot')?.requires).toEqual(['dependabot']);
  expect(takerOf(['dependabot'], pools)).toBe('dependabot');
  expect(yaml).toContain('ask for the label dependabot alone');
});

test.each([
  ['{image: ubuntu24-full-arm64}', 'runner-arm64', false],
  ['{image: custom}', 'runner-arm64', false],
  ['{cpu: [0.5, 1, 2], family: [t4g]}', 'runner-arm64', false],
  ['{family: c7gd+im4gn}', 'runner-arm64', false],
  ['{family: [c7g, c7a]}', 'runner-x64', false],
  ['{family: [g4dn, c7a]}', 'runner-x64', false],
  ['{image: windows22-full-x64, family: m7i}', 'runner-windows', true],
  ['{image: server}', 'runner-windows', true],
])('RunsOn: the runner %s gets the template %s', (runner, template, isWindows) => {
  const images =
    '{custom: {arch: arm64, owner: "099720109477"}, server: {platform: windows, ami: ami-1234567890abcdef0}}';
  const {yaml, pools} = checkedFrom('runs-on', `runners: {one: ${runner}}\nimages: ${images}`, ORG);
  expect(pools[0]?.provider).toMatchObject({template});
  expect(yaml.includes('an image of Windows Server')).toBe(isWindows);
});

test('RunsOn: a pool whose runner has the name of what every object has is told the names that there are', () => {
  const file = 'runners: {small: {ram: 2}}\npools: {one: {runner: constructor}}';
  expect(() => poolsFrom('runs-on', file)).toThrow('pools.one: found runner constructor, expected one of small');
});

test('RunsOn: a file without runners says where they are', () => {
  expect(() => poolsFrom('runs-on', '_extends: .github-private')).toThrow(
    'found no runners in this file: translate the one that has them, which _extends names',
  );
});

describe('google-cloud-github-runner', () => {
  const pools = poolsFrom('google-cloud-github-runner', INSTANCE_TEMPLATES, {org: 'acme'});

  function templateFor(job: readonly string[], from = pools): string | undefined {
    const taker = takerOf(job, from);
    const provider = from.find(({name}) => name === taker)?.provider;
    return provider?.type === 'gce' ? provider.template : undefined;
  }

  test('a job gets the template that its label names, with a dot in the version or without', () => {
    const names = Object.keys(TEMPLATE_TYPES);
    expect(names).toHaveLength(21);
    for (const name of names) {
      for (const label of new Set([name, name.replace('24-04', '24.04')])) {
        expect([label, templateFor([label]), templateFor(['self-hosted', label])]).toEqual([label, name, name]);
      }
    }
  });

  test.each([
    [['gcp-ubuntu-slim', 'linux', 'x64'], 'gcp-ubuntu-slim'],
    [['ubuntu-latest'], undefined],
    [['bastion'], undefined],
    [['gcp-ubuntu-22.04'], undefined],
  ])('a job that asks for %p gets the template %p', (job, expected) => {
    expect(templateFor(job)).toBe(expected);
  });

  test.each([
    ['{provisioningModel: SPOT, preemptible: true}', 'only'],
    ['{preemptible: true}', 'only'],
    ['{provisioningModel: STANDARD, preemptible: false}', 'never'],
  ])('a template with scheduling %s gives a pool with spot: %s', (scheduling, spot) => {
    const file = `[{name: gcp-a, properties: {machineType: e2-medium, scheduling: ${scheduling}}}]`;
    expect(poolsFrom('google-cloud-github-runner', file)[0]?.provider).toMatchObject({spot});
  });

  test('of several versions of a template the newest is translated, and the others are counted', () => {
    const [old = {name: ''}] = INSTANCE_TEMPLATES.filter(({name}) => name.startsWith('gcp-ubuntu-slim-2'));
    const later = {...old, name: 'gcp-ubuntu-slim-20260101000000000000000001', properties: {machineType: 'e2-small'}};
    const {yaml, pools: two} = checkedFrom('google-cloud-github-runner', [later, old], ORG);
    expect(two.map(({name, provider}) => [name, provider])).toEqual([
      ['ubuntu-slim', expect.objectContaining({template: 'gcp-ubuntu-slim', region: 'europe-west3'})],
    ]);
    expect(yaml).toContain('# 1 older versions of these templates are left out.');
    expect(yaml).toContain('machine_type e2-small');
  });

  test('a name that is a version behind another one takes no job of it', () => {
    const names = ['gcp-deb-12-4', 'gcp-deb-12-x-4', 'gcp-deb-124', 'gcp-deb-12'];
    const few = poolsFrom(
      'google-cloud-github-runner',
      names.map((name) => ({name})),
      ORG,
    );
    for (const name of names) expect([name, templateFor([name], few)]).toEqual([name, name]);
  });
});
