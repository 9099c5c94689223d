import type {Placement} from '../model/placement';
import type {Secret} from '../secret';

/**
 * What a persistent VM is doing, in the words of Compute Engine. Ask `isStarting`, `isUp`, `isGoingDown` and `isDown` what follows from it;
 * a VM in `REPAIRING` is none of these.
 *
 * @see https://cloud.google.com/compute/docs/instances/instance-lifecycle
 */
export type VmStatus =
  | 'PENDING'
  | 'PROVISIONING'
  | 'STAGING'
  | 'RUNNING'
  | 'STOPPING'
  | 'SUSPENDING'
  | 'SUSPENDED'
  | 'REPAIRING'
  | 'TERMINATED'
  | 'DEPROVISIONING';

/** One existing VM, by name. */
export interface VmReference {
  readonly instance: string;
  readonly zone: string;
}

/** Called about every 25 seconds while an operation is awaited, so that the caller can renew its lease. */
export interface VmWait {
  readonly onWaiting?: () => Promise<void>;
}

/** Neither up nor down: come back later. */
export interface NotReady {
  readonly kind: 'not_ready';
  readonly status: VmStatus;
  readonly retryAfterSeconds: number;
}

/** Compute Engine said no. `missing`: there is no such VM. */
export type VmRefusal =
  | {readonly kind: 'no_capacity'; readonly message: string}
  | {readonly kind: 'quota'; readonly message: string; readonly quotaScope: string}
  | {readonly kind: 'rate_limited'; readonly message: string; readonly retryAfterSeconds: number}
  | {readonly kind: 'uncertain'; readonly message: string}
  | {readonly kind: 'missing'; readonly message: string}
  | {readonly kind: 'refused'; readonly message: string};

/** The provider's name of a start or stop that goes on. */
export interface VmOperation {
  readonly name: string;
}

/** `begun`: Compute Engine has accepted; what comes of it is not known yet. `done`: it is as wanted already. */
export type VmBegin =
  | {readonly kind: 'begun'; readonly operation: VmOperation}
  | {readonly kind: 'done'}
  | NotReady
  | VmRefusal;

/** `changed`: this made it so. `already`: it was so. */
export type VmOutcome = {readonly kind: 'changed'} | {readonly kind: 'already'} | NotReady | VmRefusal;

/**
 * A machine that is there before and after its jobs: it is started for them, and stopped when idle. Safe to repeat: who finds the VM as it
 * wants it does nothing.
 *
 * | status | start | stop |
 * |---|---|---|
 * | TERMINATED | `instances.start` | done |
 * | SUSPENDED | `instances.resume` | done |
 * | PENDING, PROVISIONING | waits: it may still find no capacity | later |
 * | STAGING, RUNNING | done | `instances.stop` |
 * | STOPPING, SUSPENDING, DEPROVISIONING | later | waits |
 * | REPAIRING | later | later |
 *
 * @see https://cloud.google.com/compute/docs/instances/instance-lifecycle
 */
export interface PersistentVm {
  /** Undefined: there is no such VM. Throws `Unavailable` or `Refused`. */
  status(): Promise<VmStatus | undefined>;
  /** Returns when Compute Engine has accepted. */
  beginStart(): Promise<VmBegin>;
  /** Returns when the VM is up, or it is known that it will not be. */
  start(wait: VmWait): Promise<VmOutcome>;
  beginStop(): Promise<VmBegin>;
  /** Returns when the VM is down. */
  stop(wait: VmWait): Promise<VmOutcome>;
}

/** Its resources are looked for: it may still find no capacity, and be stopped again. */
export function isStarting(status: VmStatus): boolean {
  return status === 'PENDING' || status === 'PROVISIONING';
}

export function isUp(status: VmStatus): boolean {
  return status === 'RUNNING' || status === 'STAGING';
}

export function isGoingDown(status: VmStatus): boolean {
  return status === 'STOPPING' || status === 'SUSPENDING' || status === 'DEPROVISIONING';
}

export function isDown(status: VmStatus): boolean {
  return status === 'TERMINATED' || status === 'SUSPENDED';
}

export interface CreateRequest {
  /** Runner name = VM name. */
  readonly name: string;
  readonly pool: string;
  /** The job that the runner is made for, `<job id>-<run attempt>`; a label, nothing more. */
  readonly job: string;
  readonly encodedJitConfig: Secret;
  /**
   * Awaited before each insert, so that the placement is durably known before a machine can exist there. What it throws ends the creation
   * before the insert (the runner is no longer wanted, or the lease was lost).
   */
  readonly beforeInsert: (placement: Placement) => Promise<void>;
  /** Called about every 25 seconds while the provider waits for the machine, so that the lease is renewed. */
  readonly onWaiting?: () => Promise<void>;
}

/** What decides which placements are tried: no secret, so that a dry run can ask too. */
export type PlacementRequest = Pick<CreateRequest, 'name' | 'pool' | 'job'>;

export interface MachineReference {
  readonly name: string;
  /** The provider's own id of the machine, where it is not the name. */
  readonly id?: string;
  /** The pool that it was created for, when it is known. */
  readonly pool?: string;
  /** Unknown: every place of the pool is looked into. */
  readonly place?: string;
}

/** `standby`: made ahead, stopped or suspended. `stopped`: an ephemeral machine that is so has ended, and never runs again. */
export type MachineStatus = 'starting' | 'running' | 'stopping' | 'stopped' | 'standby';

/** What runs one runner, as the provider has it now. */
export interface Machine {
  readonly name: string;
  /** The provider's own id; where a name is the identity, the name. */
  readonly id: string;
  /** Zone, subnet, region or host. */
  readonly place: string;
  readonly status: MachineStatus;
  /** Milliseconds since the epoch; where the provider does not tell, the time of the look: an unknown age is no reason to delete. */
  readonly createdAt: number;
  /** Empty where the machine does not tell. */
  readonly pool: string;
  /** A person has marked the machine so that nothing deletes it. */
  readonly isKept: boolean;
}

/**
 * The machines that could be listed. Where `complete` is false, nothing follows from the absence of one: in `unreadPlaces`, or where the provider
 * does not say which places these are, in any.
 */
export interface MachineList {
  readonly machines: readonly Machine[];
  readonly complete: boolean;
  readonly unreadPlaces?: readonly string[];
}

/** One answer of a check: what was found, and what a person can do about it. */
export interface Finding {
  readonly status: 'ok' | 'warning' | 'error' | 'skipped';
  readonly because: string;
  readonly do: string;
}

/**
 * How the attempt to make a machine ended. Only `created` leaves one behind; `uncertain` may. `quotaScope`: what the quota counts over, such as
 * a region or an account; a breaker stands for each.
 */
export type CreateOutcome =
  | {readonly kind: 'created'; readonly placement: Placement}
  | {readonly kind: 'no_capacity'; readonly tried: readonly Placement[]; readonly message: string}
  | {readonly kind: 'quota'; readonly message: string; readonly quotaScope: string}
  | {readonly kind: 'rate_limited'; readonly message: string; readonly retryAfterSeconds: number}
  | {readonly kind: 'uncertain'; readonly placement: Placement; readonly message: string}
  | {readonly kind: 'name_taken'; readonly placement: Placement; readonly message: string}
  | {readonly kind: 'refused'; readonly message: string};

/**
 * What makes machines for runners: one for all pools of its type. Every provider passes the same contract suite
 * (test/contracts/provider.ts). Besides what `beforeInsert` and `onWaiting` throw, no error leaves it but `Unavailable` and `Refused`.
 */
export interface RunnerProvider {
  /** `create`: the JIT config is passed to `create`. `pickup`: the machine asks for it later. */
  readonly registration: 'create' | 'pickup';
  /**
   * What would be tried for this request, in order; the same answer for the same name as long as the pool and its places stay the same.
   *
   * @throws Refused when the pool names no place. Unavailable when the provider's service does not say which places there are.
   */
  placements(request: PlacementRequest): Promise<readonly Placement[]>;
  create(request: CreateRequest): Promise<CreateOutcome>;
  /** A machine of this name that carries this deployment's label; undefined if there is none, or it is somebody else's. */
  find(machine: MachineReference): Promise<Machine | undefined>;
  /** Returns when the deletion is accepted. Never touches a machine without this deployment's label. */
  delete(machine: MachineReference): Promise<'accepted' | 'absent'>;
  /** All machines of this deployment that are not finished, also of pools that are not configured any more. Throws when it cannot tell of any. */
  list(): Promise<MachineList>;
  /** Whether the provider took the machine back, as far as the provider remembers. Without it a provider takes none back. */
  wasPreempted?(machine: MachineReference): Promise<boolean>;
  /** Whether it could create a machine for the pool now, by questions that change nothing. What does not answer or refuses is a finding. */
  check(pool: string): Promise<readonly Finding[]>;
}

/** A provider with its type, by which records name it. */
export interface NamedProvider {
  readonly type: string;
  readonly provider: RunnerProvider;
}
