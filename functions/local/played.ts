import {APP, TEAM, WORKFLOW} from '../../test/emulators/codemagic/world';

/** The persistent VM. */
export const PERSISTENT = 'build-server';
export const ZONE = 'us-central1-a';

/** The job of Cloud Run. */
export const RUN_JOB = 'runner-light';
export const DOCKER_HOST = 'rack';

/** Machine type of which there is no capacity at first, so that the fallback of its pool serves the job. */
export const SCARCE = 'c4-standard-4';

/** The first pool is small, so that a job has to wait for a slot; its jobs may choose a machine, and it is the fallback of another. One has a persistent VM, one executions of Cloud Run, one containers on a host, one builds at CodeMagic, and one EC2 instances. */
export const POOLS = `
defaults: {idleMinutes: 0.5}
hosts: [{name: ${DOCKER_HOST}, capacity: 2}]
pools:
  - name: linux
    repos: ["acme/*"]
    requires: [self-hosted, linux]
    maxRunners: 3
    options: {machine: [e2-standard-4, e2-standard-8]}
    provider: {type: gce, template: runner-x64, region: us-central1, zones: [us-central1-a, us-central1-b, us-central1-f]}
  - name: edge
    repo: acme/app
    requires: [self-hosted, edge]
    fallback: linux
    provider: {type: gce, template: runner-x64, region: us-central1, zones: [us-central1-a], machineTypes: [${SCARCE}]}
  - name: gpu
    org: acme
    requires: [self-hosted, gpu]
    provider: {type: gce, template: runner-gpu, region: us-central1, zones: [us-central1-a, us-central1-b], spot: prefer}
  - name: build
    repo: acme/app
    requires: [self-hosted, build-server]
    provider: {type: gce-vm, instance: ${PERSISTENT}, zone: ${ZONE}}
  - name: light
    repo: acme/app
    requires: [self-hosted, light]
    provider: {type: cloud-run, job: ${RUN_JOB}, region: us-central1}
  - name: boxes
    repo: acme/app
    requires: [self-hosted, docker]
    provider: {type: docker, hosts: [${DOCKER_HOST}], image: ghcr.io/actions/actions-runner:2.338.0}
  - name: mac
    repo: acme/app
    requires: [self-hosted, macos]
    jobMinutes: 110
    provider: {type: codemagic, app: ${APP}, workflow: ${WORKFLOW}, team: ${TEAM}, instanceType: mac_mini_m2}
  - name: aws
    repos: ["acme/*"]
    requires: [self-hosted, aws]
    provider: {type: ec2, region: eu-central-1, launchTemplate: runner, subnets: [subnet-a, subnet-b], instanceTypes: [m7g.large], spot: prefer}
`;
/** The jobs that are played, again and again in this order. */
export const KINDS: readonly {readonly repository: string; readonly label: string; readonly option?: string}[] = [
  {repository: 'acme/app', label: 'linux', option: 'machine=e2-standard-8'},
  {repository: 'acme/app', label: 'build-server'},
  {repository: 'acme/web', label: 'gpu'},
  {repository: 'acme/app', label: 'light'},
  {repository: 'acme/app', label: 'docker'},
  {repository: 'acme/app', label: 'edge'},
  {repository: 'acme/app', label: 'macos'},
  {repository: 'acme/web', label: 'aws'},
];
