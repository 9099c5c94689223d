/** Where a pool's jobs come from, and so where its runners are registered. */
export type PoolScope =
  | {
      readonly kind: 'repositories';
      /** `owner/name`; `*` stands for any characters within a segment, a leading `!` excludes. At least one without `!`. */
      readonly patterns: readonly string[];
    }
  | {readonly kind: 'organization'; readonly org: string};

/** Warm runners while `cron` matches the present minute in `timezone`. */
export interface IdleSchedule {
  /** Five fields: minute, hour, day of month, month, day of week. */
  readonly cron: string;
  /** IANA name. */
  readonly timezone: string;
  readonly count: number;
}

export type Spot = 'never' | 'prefer' | 'only';

/**
 * What a pool's machines are created by, as far as the core knows it: a type that the registry has, and what breakers are named by. The rest is
 * the provider's own settings, which its folder alone reads.
 */
export interface ProviderSettings {
  readonly type: string;
  /** What the quotas of its machines are counted for; a quota that is used up holds back every pool with the same one. Undefined: not known. */
  readonly region?: string;
  /** What its machines are made from: machines that do not come up say that it is broken. Undefined: nothing that could break. */
  readonly template?: string;
}

/** One new VM for each job, from an instance template. */
export interface GceProviderConfig extends ProviderSettings {
  readonly type: 'gce';
  /** Name, or full or partial URL, of a regional or global instance template. */
  readonly template: string;
  /** Undefined: the metadata server's answer, see place.ts. */
  readonly region?: string;
  /** In the order given, at least one. Undefined: every zone of the region. */
  readonly zones?: readonly string[];
  /** In the order of preference, at least one. Undefined: the template's own. */
  readonly machineTypes?: readonly string[];
  readonly spot: Spot;
}

/** One existing VM that is started and stopped. */
export interface GceVmProviderConfig {
  readonly type: 'gce-vm';
  readonly instance: string;
  /** Undefined: the metadata server's answer, see place.ts. */
  readonly zone?: string;
  /** Name of the VM's runner at GitHub when it is not the VM's. */
  readonly runnerName?: string;
  /** Before the VM stops, its runner loses a custom label that the pool requires. Undefined: yes. */
  readonly drain?: boolean;
}

/** What a pool's `provider` can be in the configuration. */
export type ProviderConfig = GceProviderConfig | GceVmProviderConfig;

/** One pool of runners, with every default filled in. */
export interface Pool {
  /** RFC 1035, ≤ 20 characters, unique. */
  readonly name: string;
  readonly scope: PoolScope;
  /** Lower case, no duplicates, `*` for any characters; a job must ask for all of these. Empty only if `offers` is not. */
  readonly requires: readonly string[];
  /** Lower case, no duplicates, `*` for any characters; a job must ask for nothing else. Null: for anything. */
  readonly offers: readonly string[] | null;
  /** Also jobs of the organisation that ask for no label: `runs-on: {group: …}`. Never with repositories. */
  readonly acceptsUnlabeled: boolean;
  /** By name. */
  readonly runnerGroup: string;
  /** Hard limit; 0: no new ones, what runs is ended in order. */
  readonly maxRunners: number;
  readonly minIdle: number | readonly IdleSchedule[];
  /** Minutes may have fractions; > 0. */
  readonly bootMinutes: number;
  readonly idleMinutes: number;
  readonly jobMinutes: number;
  readonly allowPublicRepos: boolean;
  /** A job that failed because its spot VM was taken back is run once more. */
  readonly rerunOnPreemption: boolean;
  /** The highest wins when several pools match. */
  readonly priority: number;
  readonly provider: ProviderSettings | ProviderConfig;
}

/** A pool for each of whose jobs a machine is created, and deleted after it. */
export type EphemeralPool = Pool & {readonly provider: ProviderSettings};

/** A pool of one VM that is there before and after its jobs. */
export type PersistentPool = Pool & {readonly provider: GceVmProviderConfig};

/** The one type whose machine is there before and after its jobs. Every other one creates machines. */
const PERSISTENT: GceVmProviderConfig['type'] = 'gce-vm';

export function isEphemeral(pool: Pool): pool is EphemeralPool {
  return pool.provider.type !== PERSISTENT;
}

/** Whether Google Cloud's place is the pool's, unless it names another one. */
export function isGce(pool: Pool): pool is Pool & {readonly provider: GceProviderConfig} {
  return pool.provider.type === 'gce';
}

export function isPersistent(pool: Pool): pool is PersistentPool {
  return pool.provider.type === PERSISTENT;
}

/** What the quotas of the pool's machines are counted for, as far as it is known: a region. */
export function quotaScope(pool: Pool): string | undefined {
  return isEphemeral(pool) ? pool.provider.region : undefined;
}

/** What the pool's machines are made from: machines that do not come up say that it is broken. Undefined: nothing is made. */
export function machineSource(pool: Pool): string | undefined {
  return isEphemeral(pool) ? pool.provider.template : undefined;
}
