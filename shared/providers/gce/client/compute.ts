import type {VmStatus} from '../../provider';

/** Key and value pairs of an instance's or template's metadata. */
export interface Metadata {
  readonly items?: readonly {readonly key: string; readonly value: string}[];
}

/** `scheduling` of an instance, as REST spells it. */
export interface Scheduling {
  readonly provisioningModel?: string;
  readonly preemptible?: boolean;
  readonly automaticRestart?: boolean;
  readonly onHostMaintenance?: string;
  readonly instanceTerminationAction?: string;
  readonly maxRunDuration?: {readonly seconds: number};
}

/** What we send with `instances.insert`; all else comes from the template. Fields that are given replace the template's. */
export interface InstanceBody {
  readonly name: string;
  readonly labels: Readonly<Record<string, string>>;
  readonly metadata: Metadata;
  readonly scheduling: Scheduling;
  /** `zones/<zone>/machineTypes/<type>`. */
  readonly machineType?: string;
}

export interface InsertRequest {
  readonly zone: string;
  /** Self link or partial URL of the template. */
  readonly sourceInstanceTemplate: string;
  readonly body: InstanceBody;
  /** UUID, the same for the same request: a repeat then returns the first one's operation. */
  readonly requestId: string;
}

/** A status of Compute Engine's that is not among these is read as `PENDING`. */
export type InstanceStatus = VmStatus;

export interface Instance {
  readonly name: string;
  readonly zone: string;
  readonly status: InstanceStatus;
  readonly labels: Readonly<Record<string, string>>;
  /** RFC 3339. */
  readonly creationTimestamp: string;
  /** RFC 3339; empty when it was never started, or stopped. */
  readonly lastStartTimestamp: string;
  readonly lastStopTimestamp: string;
}

/** From TERMINATED by `start`, from SUSPENDED by `resume`; `stop` from RUNNING. */
export type PowerAction = 'start' | 'resume' | 'stop';

export interface InstanceTemplate {
  /** Full or partial URL, fit for `sourceInstanceTemplate`. */
  readonly selfLink: string;
  readonly metadata: Metadata;
  readonly labels: Readonly<Record<string, string>>;
  readonly scheduling: Scheduling;
}

export interface TemplateReference {
  readonly name: string;
  /** The project of the template when its URL names one. */
  readonly project?: string;
  /** A regional template's region; a global template has none. */
  readonly region?: string;
}

export interface ZoneOperation {
  readonly zone: string;
  readonly name: string;
}

/** How an operation stands. `errors` as in `operation.error.errors[]`. */
export type OperationResult =
  | {readonly kind: 'running'}
  | {readonly kind: 'done'}
  | {readonly kind: 'failed'; readonly errors: readonly ComputeErrorItem[]};

export interface ComputeErrorItem {
  readonly code: string;
  readonly message: string;
}

/**
 * What Slipway asks of Compute Engine. Every call has a time-out; a refusal is thrown as `ComputeFailure`
 * (shared/providers/gce/client/errors.ts), already classified.
 *
 * @see https://cloud.google.com/compute/docs/reference/rest/v1/instances/insert
 */
export interface Compute {
  insertInstance(request: InsertRequest): Promise<ZoneOperation>;
  getInstance(zone: string, name: string): Promise<Instance | undefined>;
  /** Every instance that carries all of these labels, in all zones. A zone that cannot be reached is an error: nothing may be missing. */
  listInstances(labels: Readonly<Record<string, string>>): Promise<Instance[]>;
  /** Whether Compute Engine took the spot VM of this name back, as far as it remembers. */
  wasPreempted(zone: string, name: string): Promise<boolean>;
  /** Returns as soon as Compute Engine has accepted the deletion. */
  deleteInstance(zone: string, name: string, requestId: string): Promise<'accepted' | 'absent'>;
  /** Returns as soon as Compute Engine has accepted the action. */
  powerInstance(action: PowerAction, zone: string, name: string, requestId: string): Promise<ZoneOperation>;
  /** Waits at the server until the operation is done, at most about `timeoutSeconds`. */
  waitForOperation(operation: ZoneOperation, timeoutSeconds: number): Promise<OperationResult>;
  getTemplate(reference: TemplateReference): Promise<InstanceTemplate | undefined>;
  /** The zones of a region that are UP, sorted by name. */
  zonesOfRegion(region: string): Promise<string[]>;
}
