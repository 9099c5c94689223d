import type {DiscoveredJob, Registration} from '../github/github';
import type {JobDocument, JobKey} from '../model/job';
import type {Pool} from '../model/pool';
import type {RunnerDocument} from '../model/runner';
import type {RunnerScope} from '../model/scope';
import type {SlotDocument} from '../model/slot';
import type {Preemption} from '../model/sweep';
import type {VmDocument} from '../model/vm';
import type {Machine} from '../providers/provider';
import type {VmStatus} from '../providers/vm';
import type {Found} from '../store/store';

/** A job as GitHub has it now. */
export interface SeenJob {
  /** `owner/name` */
  readonly repository: string;
  readonly installationId: number | null;
  readonly isPublic: boolean;
  readonly job: DiscoveredJob;
}

/** The runners that are registered in a scope, all of them. */
export interface SeenScope {
  readonly scope: RunnerScope;
  readonly installationId: number | null;
  readonly runners: readonly Registration[];
}

/** A persistent VM, with the pools that share it. */
export interface SeenVm {
  /** `<zone>.<instance>` */
  readonly id: string;
  readonly pools: readonly string[];
  readonly idleMinutes: number;
  readonly document: VmDocument;
  /** By the provider, of a VM that a job waits for; undefined: not looked at, or not to be seen. */
  readonly status?: VmStatus | undefined;
}

/** Everything that one sweep saw. What could not be listed to its end is left out, so that nothing is concluded from its absence. */
export interface Observed {
  readonly deployment: string;
  /** When the sweep began to look: what it saw is at least as new. */
  readonly startedAt: number;
  readonly pools: readonly Pool[];
  /** Hard limit over all pools that make VMs; undefined: none. */
  readonly maxRunners?: number;
  /** `off`: there is no webhook to wait for. */
  readonly webhooks: 'on' | 'off';
  /** This deployment's machines; undefined: the list is not complete. */
  readonly instances: readonly Machine[] | undefined;
  /** By `scopeKey`. */
  readonly scopes: ReadonlyMap<string, SeenScope>;
  /** Every scope that a runner of ours could be in was listed. */
  readonly sawEveryScope: boolean;
  /** Runners that are not over; undefined: too many to read. */
  readonly runners: readonly RunnerDocument[] | undefined;
  /** Runners that are over, as far as a VM, a registration or a slot still has their name. */
  readonly former: ReadonlyMap<string, RunnerDocument>;
  /** Jobs on record that are not over, and those that GitHub lists as open all the same. */
  readonly jobs: ReadonlyMap<JobKey, JobDocument>;
  /** Open jobs at GitHub, and those on record that GitHub was asked for one by one. */
  readonly seen: ReadonlyMap<JobKey, SeenJob>;
  /** Jobs on record that GitHub does not know, in repositories that it shows us. */
  readonly absent: ReadonlySet<JobKey>;
  /** Jobs on record that GitHub does not show us, as it does not show their repository: deleted, or not the App's any more. */
  readonly outOfReach: ReadonlySet<JobKey>;
  /** Persistent VMs that were ever used. */
  readonly vms: readonly SeenVm[];
  /** Slots that are taken; undefined: not looked at this time. */
  readonly slots: readonly Found<'slots'>[] | undefined;
  /** Pools that nothing is to be made for: a breaker of theirs is open. */
  readonly held: ReadonlySet<string>;
  /** Jobs whose spot VM was taken back, and what became of them. */
  readonly preempted: readonly {readonly preemption: Preemption; readonly job: DiscoveredJob | undefined}[];
  /** When each thing was first seen to be wrong. */
  readonly sightings: Readonly<Record<string, number>>;
}

export type SeenSlot = Found<'slots'> & {readonly data: SlotDocument};

/** How long a change is left alone, in milliseconds: until then the event that reports it may still arrive. */
export function settledMs(webhooks: 'on' | 'off'): number {
  return webhooks === 'on' ? 60_000 : 5_000;
}

/** How many slots of all pools together are free; infinite where they have no limit. */
export function roomOfAll({
  maxRunners = Number.POSITIVE_INFINITY,
  runners = [],
  jobs,
}: Pick<Observed, 'maxRunners' | 'runners' | 'jobs'>): number {
  const reserved = [...jobs.values()].filter(({demand, slotOfAll}) => demand === 'reserved' && slotOfAll).length;
  return Math.max(0, maxRunners - runners.filter(({slotOfAll}) => slotOfAll).length - reserved);
}
