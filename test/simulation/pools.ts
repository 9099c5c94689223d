import type {DockerProviderConfig} from '../../shared/model/host';
import {type GceProviderConfig, isGce, type Pool, type ProviderSettings} from '../../shared/model/pool';
import {CLOUD_RUN, type CloudRunSettings} from '../../shared/providers/cloud-run/config';
import type {CodemagicSettings} from '../../shared/providers/codemagic/config';
import type {Ec2ProviderConfig} from '../../shared/providers/ec2/config';
import {OTHER_REGION, REGION, ROLE, subnetNamed} from '../emulators/aws/places';
import {APP, OTHER_APP, OTHER_TEAM, TEAM} from '../emulators/codemagic/world';
import {isInMemory, type MemorySettings, type MemoryType, QUOTA_SCOPE} from '../emulators/memory/provider';
import {placeNamed} from '../emulators/memory/world';
import {type StandbyPool, standbyCount, standbyPools} from './draw-standby';
import {ALL, type JobKind, type Setting, type SimulatedProvider} from './scenario';

export const TEMPLATES = ['runner-arm64', 'runner-gpu'];

/** Of the pools on `runner-arm64` in worlds with `placements`: no disk type fits both. */
export const MACHINE_TYPES = ['c4a-standard-4', 't2a-standard-4'];
export const BOOT_MINUTES = 5;

/** `maxRunners` of the pool for labels that are made for one job. */
export const RUNS_MAX = 2;

/** The persistent VM, which somebody made and registered at one repository. */
export const VM = {name: 'build-box', zone: 'us-central1-a', repository: 'acme/app', label: 'persistent'} as const;
export const REPOSITORIES = ['acme/app', 'acme/web', 'acme/tools'];

/** Configured, and not there any more. */
const GONE = 'acme/gone';

/** A label that no pool's jobs ask for. */
export const NOBODYS = 'macos';

/** What a job of each kind asks for; one of kind `run` for two labels of its own beside these. */
export const LABELS: Readonly<Record<JobKind, readonly string[]>> = {
  arm: ['self-hosted', 'linux'],
  large: ['self-hosted', 'Linux', 'large'],
  spot: ['self-hosted', 'gpu'],
  shared: ['self-hosted', 'shared'],
  vm: ['self-hosted', 'persistent'],
  run: ['self-hosted', 'linux'],
  bare: [],
  vmHuge: ['self-hosted', 'persistent', 'huge'],
};

/** Pools of a world with two providers, by the pool that falls back to them. */
const FALLBACKS: Readonly<Record<string, string>> = {arm: 'arm-aws', spot: 'spot-aws', shared: 'shared-gce'};

/** Pools of a world with all providers, by the pool that falls back to them: from each provider to another one, once by way of a second. */
const FALLBACKS_OF_ALL: Readonly<Record<string, string>> = {
  arm: 'arm-hosts',
  'arm-hosts': 'arm-mac',
  spot: 'spot-run',
  shared: 'shared-ec2',
  large: 'large-gce',
};

/** The pool whose jobs fall back to the pool of this name, at once or by way of others; itself: it is no fallback. */
export function homeOf(pool: string): string {
  const all = [...Object.entries(FALLBACKS), ...Object.entries(FALLBACKS_OF_ALL)];
  const home = all.find(([, fallback]) => fallback === pool)?.[0];
  return home === undefined ? pool : homeOf(home);
}

/** What jobs choose in a world with two providers: the fallback does not allow the second. */
const CHOICES = [[], ['spot=only'], ['machine=t2a-standard-2'], ['disk=80', 'spot=never'], []] as const;

const CHOOSING: readonly JobKind[] = ['arm', 'large'];

export function labelsOf(kind: JobKind, number: number, provider?: Setting['provider']): readonly string[] {
  const chosen = provider === 'gce+ec2' && CHOOSING.includes(kind) ? (CHOICES[number % CHOICES.length] ?? []) : [];
  return kind === 'run' ? [...LABELS.run, `run-${number}`, `size=${number},2`] : [...LABELS[kind], ...chosen];
}

/**
 * One pool of each sort: plain, spot before standard, registered in the organisation (where it takes jobs without labels), for labels that
 * are made for one job, and a persistent VM.
 */
/** The pools of a world with another provider than Compute Engine: as they are configured, but for what makes their machines. */
export function poolsOf({
  provider,
  isElsewhere = false,
}: Pick<Setting, 'provider' | 'isElsewhere'>): ((configured: readonly Pool[]) => readonly Pool[]) | undefined {
  if (provider === 'gce+ec2') {
    return (configured) =>
      configured.map((pool) =>
        isGce(pool) && (pool.name.endsWith('-aws') || pool.name === 'shared')
          ? {...pool, provider: ofEc2(pool.provider, isElsewhere)}
          : pool,
      );
  }
  const own = changeOf(provider);
  if (!own && provider !== ALL) return undefined;
  return (configured) =>
    configured.map((pool) => {
      const change = own ?? changeOf(OF_ALL[pool.name]);
      return change && isGce(pool) ? {...pool, provider: change(pool.provider, isElsewhere)} : pool;
    });
}

/** Which provider a pool has where there are all of them; Compute Engine unless it is here. */
const OF_ALL: Readonly<Record<string, SimulatedProvider>> = {
  spot: 'ec2',
  shared: 'cloud-run',
  runs: 'docker',
  large: 'codemagic',
  'arm-hosts': 'docker',
  'arm-mac': 'codemagic',
  'spot-run': 'cloud-run',
  'shared-ec2': 'ec2',
};

type Change = (gce: GceProviderConfig, isElsewhere: boolean) => ProviderSettings;

function changeOf(provider: Setting['provider']): Change | undefined {
  if (isInMemory(provider)) return inMemory(provider);
  if (provider === CLOUD_RUN) return ofRun;
  if (provider === 'docker') return onHosts;
  if (provider === 'ec2') return ofEc2;
  return provider === 'codemagic' ? atCodemagic : undefined;
}

/** A workflow in place of each template. */
function atCodemagic({template}: GceProviderConfig, isElsewhere: boolean): CodemagicSettings {
  const {app, team} = isElsewhere ? {app: OTHER_APP, team: OTHER_TEAM} : {app: APP, team: TEAM};
  return {
    ...{type: 'codemagic', app, workflow: template, branch: 'main', team, instanceType: 'mac_mini_m2'},
    ...{quotaScopes: [team], template: `${app}/${template}`},
  };
}

/** The first is small, so that it is full now and then; both together have room for every runner. */
export const HOSTS = [
  {name: 'small', capacity: 1},
  {name: 'large', capacity: 60},
] as const;

function onHosts({template}: GceProviderConfig): DockerProviderConfig {
  return {
    ...{type: 'docker', template, image: template, hosts: HOSTS.map(({name}) => name), registration: 'jit'},
    ...{env: {}, volumes: [], privileged: false},
  };
}

function ofEc2({zones = [], spot, template}: GceProviderConfig, isElsewhere: boolean): Ec2ProviderConfig {
  const region = isElsewhere ? OTHER_REGION : REGION;
  return {
    ...{type: 'ec2', region, roleArn: ROLE, quotaScopes: [`111122223333/${region}`]},
    ...{template, version: '$Default', subnets: zones.map(subnetNamed), instanceTypes: ['m7g.xlarge'], spot},
  };
}

/** The job of every pool whose runners are executions, and its region. */
export const RUN_JOB = {name: 'runner', region: 'us-central1'} as const;

function ofRun({template}: GceProviderConfig): CloudRunSettings {
  const {name: job, region} = RUN_JOB;
  return {type: CLOUD_RUN, job, region, env: {}, quotaScopes: [region], template};
}

function inMemory(type: MemoryType): (given: GceProviderConfig) => MemorySettings {
  return ({zones = [], spot, template}) => ({
    ...{type, quotaScopes: [QUOTA_SCOPE], template},
    ...{places: zones.map(placeNamed), spot},
  });
}

export function runnerConfig(setting: Setting): string {
  const {maxRunners, total, idleMinutes, vm = false, placements, provider} = setting;
  const standby = (pool: StandbyPool) =>
    setting.standby && standbyPools(setting).includes(pool)
      ? {standby: {[setting.standby.hold]: standbyCount(setting, pool)}}
      : {};
  const machineTypes = placements ? {machineTypes: MACHINE_TYPES} : {};
  const gce = {type: 'gce', region: 'us-central1'};
  const zones = ['us-central1-a', 'us-central1-b', 'us-central1-f'];
  const persistent = {
    name: 'vm',
    repos: [VM.repository],
    requires: LABELS.vm,
    provider: {type: 'gce-vm', instance: VM.name, zone: VM.zone},
  };
  const isMixed = provider === 'gce+ec2';
  const fallsBack = provider === ALL && setting.fallbacks === true;
  const fallback = (name: string) => {
    if (!isMixed && !fallsBack) return {};
    return {fallback: (isMixed ? FALLBACKS : FALLBACKS_OF_ALL)[name]};
  };
  const options = (given: object) => (isMixed ? {options: given} : {});
  const ofFallbacks = [
    {
      name: 'arm-aws',
      repos: ['acme/*', GONE],
      requires: ['self-hosted', 'linux', 'aws'],
      maxRunners: maxRunners.arm,
      options: {disk: 100, spot: true},
      provider: {...gce, template: 'runner-arm64', zones},
    },
    {
      name: 'spot-aws',
      repos: ['acme/*'],
      requires: ['self-hosted', 'gpu'],
      maxRunners: maxRunners.spot,
      rerunOnPreemption: true,
      provider: {...gce, template: 'runner-gpu', zones: zones.slice(0, 2), spot: 'prefer'},
    },
    {
      name: 'shared-gce',
      org: 'acme',
      requires: ['self-hosted', 'shared'],
      maxRunners: maxRunners.shared,
      ...standby('shared-gce'),
      provider: {...gce, template: 'runner-arm64', zones: zones.slice(0, 1)},
    },
  ];
  const large = {
    name: 'large',
    repos: ['acme/*'],
    requires: LABELS.large,
    maxRunners: maxRunners.arm,
    ...fallback('large'),
    provider: {...gce, template: 'runner-arm64', zones},
  };
  // No job asks for the label of a fallback: its machines are for the jobs of other pools alone.
  const ofAll = ['arm-hosts', 'arm-mac', 'spot-run', 'shared-ec2', 'large-gce'].map((name) => {
    const home = homeOf(name);
    return {
      name,
      ...(home === 'shared' ? {org: 'acme'} : {repos: ['acme/*', GONE]}),
      requires: ['self-hosted', 'fallback', name],
      maxRunners: maxRunners[home === 'large' ? 'arm' : (home as keyof Setting['maxRunners'])],
      ...fallback(name),
      provider: {...gce, template: home === 'spot' ? 'runner-gpu' : 'runner-arm64', zones},
    };
  });
  return JSON.stringify({
    ...(total === undefined ? {} : {maxRunners: total}),
    ...(provider === 'docker' || provider === ALL ? {hosts: HOSTS} : {}),
    defaults: {idleMinutes, bootMinutes: BOOT_MINUTES, jobMinutes: 360},
    pools: [
      {
        name: 'arm',
        repos: ['acme/*', GONE],
        requires: ['self-hosted', 'linux'],
        maxRunners: maxRunners.arm,
        ...fallback('arm'),
        ...options({machine: ['t2a-*'], disk: 100, spot: true}),
        ...standby('arm'),
        provider: {...gce, template: 'runner-arm64', zones, ...machineTypes},
      },
      {
        name: 'spot',
        repos: ['acme/*'],
        requires: ['self-hosted', 'gpu'],
        maxRunners: maxRunners.spot,
        rerunOnPreemption: true,
        ...fallback('spot'),
        provider: {...gce, template: 'runner-gpu', zones: zones.slice(0, 2), spot: placements?.gpuSpot ?? 'prefer'},
      },
      {
        name: 'shared',
        org: 'acme',
        requires: ['self-hosted', 'shared'],
        acceptsUnlabeled: true,
        maxRunners: maxRunners.shared,
        ...fallback('shared'),
        ...standby('shared'),
        provider: {...gce, template: 'runner-arm64', zones: zones.slice(1), ...machineTypes},
      },
      {
        name: 'runs',
        repos: ['acme/*'],
        requires: ['self-hosted', 'run-*'],
        offers: ['self-hosted', 'linux', 'run-*', 'size=*,*'],
        maxRunners: RUNS_MAX,
        provider: {...gce, template: 'runner-arm64', zones},
      },
      ...(isMixed ? ofFallbacks : []),
      ...(provider === ALL ? [large] : []),
      ...(fallsBack ? ofAll : []),
      ...(vm ? [persistent] : []),
    ],
  });
}
