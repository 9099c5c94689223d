/**
 * Status of a persistent VM, in the words of Compute Engine. Decide with `isStarting`, `isRunning`, `isStopping` and `isStopped`; a VM in
 * `REPAIRING` is none of these.
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

/** The VM can neither be started nor stopped now: retry later. */
export interface NotReady {
  readonly kind: 'not_ready';
  readonly status: VmStatus;
  readonly retryAfterSeconds: number;
}

/** Compute Engine refused or failed. `missing`: the VM does not exist. */
export type VmRefusal =
  | {readonly kind: 'no_capacity'; readonly message: string}
  | {readonly kind: 'quota'; readonly message: string; readonly quotaScope: string}
  | {readonly kind: 'rate_limited'; readonly message: string; readonly retryAfterSeconds: number}
  | {readonly kind: 'uncertain'; readonly message: string}
  | {readonly kind: 'missing'; readonly message: string}
  | {readonly kind: 'refused'; readonly message: string};

/** A running start or stop, by its name at the provider. */
export interface VmOperation {
  readonly name: string;
}

/** `begun`: Compute Engine has accepted; the result is not known yet. `done`: the VM already has the wanted status. */
export type VmBegin =
  | {readonly kind: 'begun'; readonly operation: VmOperation}
  | {readonly kind: 'done'}
  | NotReady
  | VmRefusal;

/** What a VM is billed as, as it was seen on the way. */
export interface VmMachine {
  readonly machineType: string;
  readonly spot: boolean;
}

/** `changed`: this call changed the status. `already`: the VM already had the wanted status. `machine`: undefined where it is not known. */
export type VmOutcome =
  | {readonly kind: 'changed'; readonly machine?: VmMachine}
  | {readonly kind: 'already'; readonly machine?: VmMachine}
  | NotReady
  | VmRefusal;

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
  /** Undefined: the VM does not exist. Throws `Unavailable` or `Refused`. */
  status(): Promise<VmStatus | undefined>;
  /** When Compute Engine saw it go down last, in milliseconds since the epoch; undefined: it never did. Throws as `status` does. */
  stoppedAt(): Promise<number | undefined>;
  /** Returns when Compute Engine has accepted the start. */
  beginStart(): Promise<VmBegin>;
  /** Returns when the VM runs, or when the start has failed. */
  start(wait: VmWait): Promise<VmOutcome>;
  beginStop(): Promise<VmBegin>;
  /** Returns when the VM is stopped. */
  stop(wait: VmWait): Promise<VmOutcome>;
}

/** Compute Engine is reserving resources: the start may still fail for lack of capacity. */
export function isStarting(status: VmStatus): boolean {
  return status === 'PENDING' || status === 'PROVISIONING';
}

export function isRunning(status: VmStatus): boolean {
  return status === 'RUNNING' || status === 'STAGING';
}

export function isStopping(status: VmStatus): boolean {
  return status === 'STOPPING' || status === 'SUSPENDING' || status === 'DEPROVISIONING';
}

export function isStopped(status: VmStatus): boolean {
  return status === 'TERMINATED' || status === 'SUSPENDED';
}
