import {SlipwayError} from '../errors';
import type {FullPlacement} from '../model/full-placements';
import type {MachineOptions} from '../model/options';
import type {Placement} from '../model/placement';
import type {StandbyHold} from '../model/pool';
import type {RunnerScope} from '../model/scope';
import type {Secret} from '../secret';

export type {StandbyHold};

export interface CreateRequest {
  /** Runner name = VM name. */
  readonly name: string;
  readonly pool: string;
  /** The job for which the runner is created, `<job id>-<run attempt>`; only a label. */
  readonly job: string;
  readonly encodedJitConfig: Secret;
  /** Where the runner is registered. */
  readonly scope: RunnerScope;
  /** The labels with which it is registered. */
  readonly labels: readonly string[];
  /** What the job has chosen of the machine, within the bounds of the pool. Undefined: nothing. A provider knows those of its settings. */
  readonly options?: MachineOptions;
  /** `owner/name` of the repository whose job waits for it, for a provider that tells the machine; undefined: no job does. */
  readonly repository: () => Promise<string | undefined>;
  /**
   * Awaited before each insert, so that the placement is stored before a machine can exist there. An error ends the creation before the
   * insert (the runner is no longer wanted, or the lease was lost). `machineType`: also where it is the template's, for `/costs`; undefined: not
   * known.
   */
  readonly beforeInsert: (placement: Placement, machineType?: string) => Promise<void>;
  /** Called about every 25 seconds while the provider waits for the machine, so that the lease is renewed. */
  readonly onWaiting?: () => Promise<void>;
  /** Placements of the pool that other executions found full, which are left out for so long. */
  readonly full?: readonly FullPlacement[];
  /** Told each placement that has no capacity, before the next one is tried, so that other executions leave it out. */
  readonly onFull?: (placement: Placement) => Promise<void>;
}

/** The fields that decide the placements. Without a secret, so that a dry run can ask too. */
export type PlacementRequest = Pick<CreateRequest, 'name' | 'pool' | 'job' | 'options'>;

export interface MachineReference {
  readonly name: string;
  /**
   * Id of the machine at the provider, as `create`, `find` or `list` gave it. Undefined: not on record, because the answer to the creation
   * was lost or an older version made the record; the provider then looks for the machine by its name.
   */
  readonly id?: string;
  /** The pool of the machine, if known. */
  readonly pool?: string;
  /** Undefined: the machine is looked for in every place of the pool. */
  readonly place?: string;
}

/**
 * `queued`: created, and waits at the provider until there is capacity for it, however long that takes. `starting`: it may still find no
 * capacity, which shows soon. `standby`: created ahead, stopped or suspended. `stopped`: an ephemeral machine that has ended and never runs again.
 */
export type MachineStatus = 'queued' | 'starting' | 'running' | 'stopping' | 'stopped' | 'standby';

/** A machine for one runner, in its present state at the provider. */
export interface Machine {
  readonly name: string;
  /** Id of the machine at the provider; the name, if that is the id. */
  readonly id: string;
  /** Zone, subnet, region or host. */
  readonly place: string;
  readonly status: MachineStatus;
  /** Milliseconds since the epoch. The present time if the provider does not say: a machine of unknown age is not deleted. */
  readonly createdAt: number;
  /** Empty if unknown. */
  readonly pool: string;
  /** A person has labelled the machine so that it is never deleted. */
  readonly isKept: boolean;
}

/**
 * The listed machines. If `complete` is false, a missing machine may exist: in `unreadPlaces`, or in any place if the provider does not
 * name these.
 */
export interface MachineList {
  readonly machines: readonly Machine[];
  readonly complete: boolean;
  readonly unreadPlaces?: readonly string[];
}

/** Within this `check` answers each of its questions, or finds that the answer did not come; in milliseconds of real time. */
export const QUESTION_MS = 5_000;

/** One result of a check: what was found, and what a person can do about it. `skipped`: what was asked did not answer, or there was nothing to ask. */
export interface Finding {
  /** A finding about the quotas of the provider; every other one is about whether it works for the pool. */
  readonly about?: 'quota';
  readonly status: 'ok' | 'warning' | 'error' | 'skipped';
  readonly because: string;
  readonly do: string;
  /** What was asked did not answer. */
  readonly isSilent?: true;
}

/** The finding of a question that failed: an answer that did not come finds nothing, a refusal is an error. Throws what is not typed. */
export function failedFinding(error: unknown): Finding {
  if (!(error instanceof SlipwayError)) throw error;
  if (error.retryable) return {status: 'skipped', because: error.message, do: 'Try again in a minute.', isSilent: true};
  return {status: 'error', because: error.message, do: 'Correct what the message names.'};
}

/**
 * The outcome of a creation. A machine exists after `created`, and may exist after `uncertain`. `id`: `Machine.id` of the new machine, which
 * is recorded and is part of every later reference. `quotaScope`: what the quota covers, such as a region or an account, in the words of
 * `quotaScopes` in shared/model/pool.ts; each has its own breaker.
 */
export type CreateOutcome =
  | {readonly kind: 'created'; readonly placement: Placement; readonly id: string}
  | {readonly kind: 'no_capacity'; readonly tried: readonly Placement[]; readonly message: string}
  | {readonly kind: 'quota'; readonly message: string; readonly quotaScope: string}
  | {readonly kind: 'rate_limited'; readonly message: string; readonly retryAfterSeconds: number}
  | {readonly kind: 'uncertain'; readonly placement: Placement; readonly message: string}
  | {readonly kind: 'name_taken'; readonly placement: Placement; readonly message: string}
  | {readonly kind: 'refused'; readonly message: string}
  /** The machine cannot be had with the options that the job has chosen. */
  | {readonly kind: 'option_not_allowed'; readonly message: string};

/** One standby machine: its name and pool, and its id and place as `prepare` gave them. */
export interface StandbyReference extends MachineReference {
  readonly pool: string;
  readonly hold: StandbyHold;
}

export interface PrepareRequest {
  /** Name of the machine, and of its runner once it is claimed. */
  readonly name: string;
  readonly pool: string;
  readonly hold: StandbyHold;
  /** As in `CreateRequest`. */
  readonly beforeInsert: (placement: Placement, machineType?: string) => Promise<void>;
  readonly onWaiting?: () => Promise<void>;
}

export interface BeginRequest {
  readonly machine: StandbyReference;
  /** Where the machine was made, which is part of the outcome. */
  readonly placement: Placement;
  /** The job for which the machine was claimed, `<job id>-<run attempt>`; becomes its label. */
  readonly job: string;
  readonly encodedJitConfig: Secret;
  readonly onWaiting?: () => Promise<void>;
}

/**
 * What has become of a standby machine.
 * - `preparing`: it prepares itself, or is on its way to being stopped or suspended.
 * - `prepared`: it has reported that it is ready, and runs: one to be held suspended is suspended next, one to be held stopped powers off itself.
 * - `ready`: it has reported that it is ready, and is stopped or suspended as `hold` says.
 * - `begun`: it was given a JIT config, whatever its status is now.
 * - `failed`: it will never be ready (`because`): it was stopped without having reported, is held otherwise than `hold` says, or reported a failure.
 * - `absent`: there is no machine of this name with the label of this deployment.
 */
export interface StandbyLook {
  readonly state: 'preparing' | 'prepared' | 'ready' | 'begun' | 'failed' | 'absent';
  readonly because?: string;
  /** Of one that has failed: its guest says so. Left out: whether its template boots is not known. */
  readonly isFailedBoot?: boolean;
  /** Of the template and the runner version that the machine was made from. Undefined: not known, which is never taken for another one. */
  readonly fingerprint?: string;
}

/**
 * Machines that are created ahead of their jobs, and are held stopped or suspended without a registration. They are found, listed (`standby`
 * while they are held, `stopped` once they have ended with a JIT config) and deleted like all others. Throws what `RunnerProvider` throws.
 */
export interface StandbyMachines {
  /** Creates a machine without a JIT config that prepares itself. Places are tried as by `create`. */
  prepare(request: PrepareRequest): Promise<CreateOutcome>;
  /** Reads afresh. */
  look(machine: StandbyReference): Promise<StandbyLook>;
  /** The fingerprint that a machine made now would have. */
  fingerprint(pool: string): Promise<string>;
  /** Suspends a `prepared` machine. Returns when that is accepted. */
  suspend(machine: StandbyReference): Promise<'accepted' | 'absent'>;
  /**
   * Gives a `ready` machine its JIT config and starts or resumes it; the outcomes are those of `create`. `refused`: also where the machine is
   * absent. The machine exists still after every outcome: whoever claimed it deletes it.
   */
  begin(request: BeginRequest): Promise<CreateOutcome>;
}

/**
 * Creates machines for runners: one provider for all pools of its type. Every provider passes the same contract
 * (test/contracts/provider.ts). Throws only `Unavailable`, `Refused` and the errors of `beforeInsert` and `onWaiting`.
 */
export interface RunnerProvider {
  /**
   * `create`: the JIT config is passed to `create`. `pickup`: the runner is registered when its machine is picked up (shared/hosts/), so
   * `create` gets an empty one; and a deleted machine counts until it is gone, which whoever learns of it records.
   */
  readonly registration: 'create' | 'pickup';
  /**
   * The placements that a creation would try, in order. The same for the same name while the pool and its places stay the same.
   *
   * @throws Refused when the pool names no place. Unavailable when the provider's service does not say which places there are.
   */
  placements(request: PlacementRequest): Promise<readonly Placement[]>;
  /**
   * Reads ahead what `create` is going to need, while the runner is being registered. What could not be read is no error: `create` reads it
   * again, and its outcome says what is wrong. Left out: `create` needs nothing that takes time. Never throws.
   */
  readAhead?(request: PlacementRequest): Promise<void>;
  create(request: CreateRequest): Promise<CreateOutcome>;
  /** Undefined: the provider holds no standby machines. */
  readonly standby?: StandbyMachines;
  /** Finds the machine of this name with the label of this deployment; undefined if there is none, or if it belongs to somebody else. */
  find(machine: MachineReference): Promise<Machine | undefined>;
  /** Returns when the deletion is accepted. Never deletes a machine without the label of this deployment. */
  delete(machine: MachineReference): Promise<'accepted' | 'absent'>;
  /**
   * All machines of this deployment that have not ended, including those of removed pools. Throws if none can be listed. `onRecord`: the
   * machines of live runners, for a provider whose service lists machines by what pools name: one of these that has not ended is not missing.
   */
  list(onRecord?: readonly MachineReference[]): Promise<MachineList>;
  /** Whether the provider preempted the machine, as far as the provider knows. Undefined for a provider that preempts no machines. */
  wasPreempted?(machine: MachineReference): Promise<boolean>;
  /**
   * Why the machine failed, as a sentence for people, where it has ended by itself with an error, and the provider knows of it. Undefined: it runs,
   * ended as it should or by somebody's hand, or is not known. Left out: machines leave no trace of their end. Whether the end counts as a failed boot does not
   * depend on it: a runner that ran no job did not boot.
   */
  failure?(machine: MachineReference): Promise<string | undefined>;
  /**
   * The last line that tells how far the machine's start has come, without text of jobs; it may have any length. Undefined: the machine has
   * printed nothing, is gone or is not this deployment's. For people: asked when a boot takes too long.
   */
  console?(machine: MachineReference): Promise<string | undefined>;
  /** URL of the machine's page at the provider, for people; makes no call. Undefined: it has none, or `id` or `place` is not known. */
  page?(machine: MachineReference): Promise<string | undefined>;
  /**
   * Checks whether a machine could be created for the pool now, without changing anything: reads afresh whether the template is there, what it
   * would leave over, and what the quotas have left. An error of the provider is a finding, and so is an answer that did not come within
   * `QUESTION_MS` (`skipped`).
   */
  check(pool: string): Promise<readonly Finding[]>;
}

/** A provider with the type by which records name it. */
export interface NamedProvider {
  readonly type: string;
  readonly provider: RunnerProvider;
}
