import type {JobKind, Setting} from './scenario';

export const TEMPLATES = ['runner-arm64', 'runner-gpu'];
export const BOOT_MINUTES = 5;
/** The persistent VM, which somebody made and registered at one repository. */
export const VM = {name: 'build-box', zone: 'us-central1-a', repository: 'acme/app', label: 'persistent'} as const;
export const REPOSITORIES = ['acme/app', 'acme/web', 'acme/tools'];

/** Configured, and not there any more. */
const GONE = 'acme/gone';
/** A label that no pool's jobs ask for. */
export const NOBODYS = 'macos';

/** What a job of each kind asks for. */
export const LABELS: Readonly<Record<JobKind, readonly string[]>> = {
  arm: ['self-hosted', 'linux'],
  large: ['self-hosted', 'Linux', 'large'],
  spot: ['self-hosted', 'gpu'],
  shared: ['self-hosted', 'shared'],
  vm: ['self-hosted', 'persistent'],
  vmHuge: ['self-hosted', 'persistent', 'huge'],
};

/** One pool of each sort: plain, spot before standard, registered in the organisation, and a persistent VM. */
export function runnerConfig({maxRunners, idleMinutes, vm = false}: Setting): string {
  const gce = {type: 'gce', region: 'us-central1'};
  const zones = ['us-central1-a', 'us-central1-b', 'us-central1-f'];
  const persistent = {
    name: 'vm',
    repos: [VM.repository],
    requires: LABELS.vm,
    provider: {type: 'gce-vm', instance: VM.name, zone: VM.zone},
  };
  return JSON.stringify({
    defaults: {idleMinutes, bootMinutes: BOOT_MINUTES, jobMinutes: 360},
    pools: [
      {
        name: 'arm',
        repos: ['acme/*', GONE],
        requires: ['self-hosted', 'linux'],
        maxRunners: maxRunners.arm,
        provider: {...gce, template: 'runner-arm64', zones},
      },
      {
        name: 'spot',
        repos: ['acme/*'],
        requires: ['self-hosted', 'gpu'],
        maxRunners: maxRunners.spot,
        provider: {...gce, template: 'runner-gpu', zones: zones.slice(0, 2), spot: 'prefer'},
      },
      {
        name: 'shared',
        org: 'acme',
        requires: ['self-hosted', 'shared'],
        maxRunners: maxRunners.shared,
        provider: {...gce, template: 'runner-arm64', zones: zones.slice(1)},
      },
      ...(vm ? [persistent] : []),
    ],
  });
}
