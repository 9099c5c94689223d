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
  | {readonly kind: 'quota'; readonly message: string; readonly region: string}
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
