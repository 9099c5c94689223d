/**
 * Configurations of other systems as their repositories publish them, each cut down to what says which jobs get which runners: names, labels,
 * numbers. Written anew here from the pages named beside them.
 */

/** @see https://github.com/github-aws-runners/terraform-aws-github-runner/tree/main/examples/multi-runner/templates/runner-configs */
export const MULTI_RUNNER = `
linux-arm64:
  matcherConfig: {exactMatch: true, labelMatchers: [[self-hosted, linux, arm64, amazon]]}
  runner_config:
    {runner_os: linux, runner_architecture: arm64, instance_types: [t4g.large, c6g.large], runners_maximum_count: 1}
linux-x64:
  matcherConfig: {exactMatch: false, labelMatchers: [[self-hosted, linux, x64, amazon]], priority: 1}
  runner_config:
    runner_os: linux
    runner_architecture: x64
    instance_types: [m5ad.large, m5a.large]
    runners_maximum_count: 1
    enable_ephemeral_runners: true
    instance_target_capacity_type: on-demand
    pool_config: [{schedule_expression: "cron(*/5 * * * ? *)", size: 1}]
linux-x64-ubuntu:
  matcherConfig:
    exactMatch: true
    labelMatchers:
      - [self-hosted, linux, x64, ubuntu-latest]
      - [self-hosted, linux, x64, ubuntu-2204]
  runner_config: {runner_os: linux, runner_architecture: x64, runners_maximum_count: 1}
windows-x64:
  matcherConfig: {exactMatch: true, labelMatchers: [[self-hosted, windows, x64, servercore-2022]]}
  runner_config: {runner_os: windows, runner_architecture: x64, runners_maximum_count: 1}
microvm:
  matcherConfig: {labelMatchers: [[self-hosted, linux, arm64, microvm]], bidirectionalLabelMatch: true}
  runner_config: {runner_os: linux, runner_architecture: arm64, runners_maximum_count: -1}
`;

/** @see https://github.com/cloudbase/garm/blob/main/doc/pools-and-scaling.md */
export const GARM = [
  {
    id: '9b1f',
    provider_name: 'lxd_local',
    image: 'ubuntu:22.04',
    flavor: 'default',
    os_type: 'linux',
    os_arch: 'amd64',
    tags: [{name: 'ubuntu'}, {name: 'generic'}],
    repo_name: 'acme/app',
    max_runners: 10,
    min_idle_runners: 2,
    enabled: true,
    priority: 0,
    runner_bootstrap_timeout: 20,
  },
  {
    id: '9b20',
    provider_name: 'azure',
    os_type: 'linux',
    os_arch: 'arm64',
    tags: ['ubuntu', 'generic', 'large'],
    repo_name: 'acme/app',
    max_runners: 5,
    enabled: true,
    priority: 10,
  },
  {id: '9b21', os_type: 'windows', tags: ['windows'], org_name: 'acme', max_runners: 5, enabled: false},
  {id: '9b22', os_type: 'linux', tags: ['all'], enterprise_name: 'acme-inc', enabled: true},
];

/** @see https://github.com/actions/actions-runner-controller/blob/master/charts/gha-runner-scale-set/values.yaml */
export const SCALE_SETS = `
- {githubConfigUrl: "https://github.com/acme/app", runnerScaleSetName: arc-runner-set, minRunners: 0, maxRunners: 5}
- githubConfigUrl: https://github.com/acme
  runnerScaleSetName: builders
  scaleSetLabels: [linux, x64]
  runnerGroup: default
  minRunners: 1
  maxRunners: 20
  containerMode: {type: dind}
`;

/** @see https://github.com/runs-on/runs-on/blob/main/.github/runs-on.yml and https://runs-on.com/configuration/job-labels/ */
export const RUNS_ON = `
images: {custom: {owner: "099720109477", arch: x64, platform: linux}}
runners:
  gofast: {cpu: 4, family: [c7a, c7i]}
  gofaster: {cpu: 16, family: [c7a, c7i], spot: false}
  arm: {cpu: 2, image: ubuntu22-full-arm64}
`;

/** The names of gcp/variables.tf of google-cloud-github-runner, with some of their machine types. */
export const TEMPLATE_TYPES: Readonly<Record<string, string>> = {
  'gcp-ubuntu-slim': 'e2-medium',
  'gcp-ubuntu-latest': 'e2-standard-4',
  'gcp-ubuntu-24-04': 'e2-standard-4',
  ...Object.fromEntries(
    [2, 4, 8, 16, 32, 64, 96, 128].map((cores) => [`gcp-ubuntu-24-04-${cores}core`, `n2d-standard-${cores}`]),
  ),
  'gcp-ubuntu-slim-arm': 'c4a-standard-1',
  'gcp-ubuntu-latest-arm': 'c4a-standard-4',
  'gcp-ubuntu-24-04-arm': 'c4a-standard-4',
  ...Object.fromEntries(
    [2, 4, 8, 16, 32, 64, 72].map((cores) => [`gcp-ubuntu-24-04-${cores}core-arm`, `c4a-standard-${cores}`]),
  ),
};

/**
 * As gcloud lists them, in the order of their names. Terraform makes them by `name_prefix` there, so that a time and a counter end each name.
 * @see https://github.com/Cyclenerd/google-cloud-github-runner/blob/master/app/clients/gcloud_client.py (_get_template_name)
 */
export const INSTANCE_TEMPLATES = Object.entries({...TEMPLATE_TYPES, bastion: 'e2-micro'})
  .toSorted(([a], [b]) => (a < b ? -1 : 1))
  .map(([name, machineType], index) => ({
    name: name === 'bastion' ? name : `${name}-202512130908070654${String(index).padStart(8, '0')}`,
    region: 'https://www.googleapis.com/compute/v1/projects/p/regions/europe-west3',
    properties: {machineType},
  }));
