import {regionOf} from './names';

/** The repositories whose jobs a pool serves, which decide where its runners are registered. */
export type PoolScope =
  | {
      readonly kind: 'repositories';
      /** `owner/name`; `*` stands for any characters within a segment, a leading `!` excludes. At least one without `!`. */
      readonly patterns: readonly string[];
    }
  | {readonly kind: 'organization'; readonly org: string};

/** The pool has `count` warm runners while `cron` matches the current minute in `timezone`. */
export interface IdleSchedule {
  /** Five fields: minute, hour, day of month, month, day of week. */
  readonly cron: string;
  /** IANA name, e.g. `Europe/Berlin`. */
  readonly timezone: string;
  readonly count: number;
}

/** Use of spot VMs. `prefer`: a standard VM if no spot VM has capacity. */
export type Spot = 'never' | 'prefer' | 'only';

/**
 * What a pool's machines are created by, as far as the core knows it: a type that the registry has, and what breakers are named by. The rest is
 * the provider's own settings, which its folder alone reads.
 */
export interface ProviderSettings {
  readonly type: string;
  /**
   * What the quotas of its machines are counted for, in the words of `CreateOutcome.quotaScope`: a quota that is used up holds back every
   * pool of the type with the same one. Undefined: not known. Read it with `quotaScopes`.
   */
  readonly quotaScopes?: readonly string[];
  /** What its machines are made from: machines that do not come up say that it is broken. Undefined: nothing that could break. */
  readonly template?: string;
  /** Machines that there can be at one time, whatever `maxRunners` says. Undefined: no such limit. */
  readonly mostMachines?: number;
  /** Its machines are in the region of this deployment, which neither the pool nor the environment names. */
  readonly inOwnRegion?: boolean;
}

/** Provider `gce`: creates a VM for each job from an instance template. */
export interface GceProviderConfig extends ProviderSettings {
  readonly type: 'gce';
  /** Name, or full or partial URL, of a regional or global instance template. */
  readonly template: string;
  /** Undefined: the region that the metadata server returns (`shared/config/place.ts`). */
  readonly region?: string;
  /** At least one zone, in the order in which they are tried. Undefined: every zone of the region. */
  readonly zones?: readonly string[];
  /** At least one machine type, in the order of preference. Undefined: the template's own. */
  readonly machineTypes?: readonly string[];
  readonly spot: Spot;
}

/** Provider `gce-vm`: starts and stops one existing VM. */
export interface GceVmProviderConfig {
  readonly type: 'gce-vm';
  readonly instance: string;
  /** Undefined: the zone that the metadata server returns (`shared/config/place.ts`). */
  readonly zone?: string;
  /** Name of the VM's runner at GitHub. Undefined: the name of the VM. */
  readonly runnerName?: string;
  /** Whether a custom label that the pool requires is taken off the VM's runner before the VM stops. Undefined: true. */
  readonly drain?: boolean;
}

/** What a pool's `provider` can be in the configuration. */
export type ProviderConfig = GceProviderConfig | GceVmProviderConfig;

/** What a pool lets its jobs choose: `options`. Left out: not to be chosen. */
export interface OptionPolicy {
  /** Machine types in lower case, `*` for any characters. */
  readonly machine?: readonly string[];
  /** The largest boot disk, in GB. */
  readonly disk?: number;
  /** Whether `spot=` overrides the setting of the pool. */
  readonly spot?: boolean;
  /** The most processors of a container. */
  readonly cpus?: number;
  /** The most memory of a container, as Docker takes it: `16g`, or bytes. */
  readonly memory?: string;
}

/** How a standby machine is held until it is claimed. */
export type StandbyHold = 'stopped' | 'suspended';

/** The standby machines of a pool. */
export interface Standby {
  readonly hold: StandbyHold;
  /** How many, or schedules for it. */
  readonly count: number | readonly IdleSchedule[];
}

/** One pool of runners, with every default filled in. */
export interface Pool {
  /** RFC 1035, ≤ 20 characters, unique. */
  readonly name: string;
  readonly scope: PoolScope;
  /** A job must ask for all of these labels. Lower case, no duplicates, `*` for any characters. Empty only if `offers` is not. */
  readonly requires: readonly string[];
  /** A job must ask for no other labels. Lower case, no duplicates, `*` for any characters. Null: a job may ask for any other label. */
  readonly offers: readonly string[] | null;
  /** Whether the pool also serves jobs of its organization that ask for no label: `runs-on: {group: …}`. Always false with repositories. */
  readonly acceptsUnlabeled: boolean;
  /** Name of the runner group at GitHub in which runners are registered. */
  readonly runnerGroup: string;
  /** Hard limit of runners at the same time. 0 drains the pool: no runner is created, and runners that exist end as usual. */
  readonly maxRunners: number;
  /** Number of warm runners, or schedules for it. */
  readonly minIdle: number | readonly IdleSchedule[];
  /** Machines that are created ahead of their jobs and held stopped or suspended. Undefined: none. */
  readonly standby?: Standby;
  /** Longest time from the creation of a VM until its runner is online. Minutes are > 0 and may have fractions. */
  readonly bootMinutes: number;
  /** A runner without a job is deleted, or a persistent VM stopped, after this time. */
  readonly idleMinutes: number;
  /** Longest time of a job. */
  readonly jobMinutes: number;
  /** Whether the pool serves public repositories, whose pull requests may come from anybody. */
  readonly allowPublicRepos: boolean;
  /** Whether a job that failed because its spot VM was preempted is re-run once. */
  readonly rerunOnPreemption: boolean;
  /** When several pools match a job, the one with the highest priority gets it. */
  readonly priority: number;
  /** What a job may choose by a label. Undefined: nothing. */
  readonly options?: OptionPolicy;
  /** Name of the pool that serves a job for which this one has no capacity or quota. Undefined: none does. */
  readonly fallback?: string;
  readonly provider: ProviderSettings | ProviderConfig;
}

/** A pool that creates a machine for each job and deletes it afterwards. */
export type EphemeralPool = Pool & {readonly provider: ProviderSettings};

/** A pool of one VM that exists before and after its jobs. */
export type PersistentPool = Pool & {readonly provider: GceVmProviderConfig};

/** The one type whose machine exists before and after its jobs. Every other one creates machines. */
const PERSISTENT: GceVmProviderConfig['type'] = 'gce-vm';

/** Whether a pool with a provider of this type creates a machine for each job, and registers its runner. */
export function isEphemeralType(type: string): boolean {
  return type !== PERSISTENT;
}

export function isEphemeral(pool: Pool): pool is EphemeralPool {
  return isEphemeralType(pool.provider.type);
}

/** Whether Google Cloud's place is the pool's, unless it names another one. */
export function isGce(pool: Pool): pool is Pool & {readonly provider: GceProviderConfig} {
  return pool.provider.type === 'gce';
}

export function isPersistent(pool: Pool): pool is PersistentPool {
  return pool.provider.type === PERSISTENT;
}

/**
 * What quotas of the pool's machines are counted for, as its provider's `quotaScope` names it. Compute Engine counts a project's quotas by
 * region: one for each region of the pool's zones. Empty: not known, or the pool creates no machines.
 */
export function quotaScopes(pool: Pool): readonly string[] {
  if (isGce(pool)) {
    const {zones, region} = pool.provider;
    return zones ? [...new Set(zones.map(regionOf))] : region ? [region] : [];
  }
  return isEphemeral(pool) ? (pool.provider.quotaScopes ?? []) : [];
}

/** The template from which the pool's machines are created. Undefined: the pool creates no machines. */
export function machineSource(pool: Pool): string | undefined {
  return isEphemeral(pool) ? pool.provider.template : undefined;
}
