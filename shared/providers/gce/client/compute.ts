import type {ConsoleOutput} from '../../console-line';
import type {VmStatus} from '../../persistent-vm';
import type {StandbyHold} from '../../provider';

export interface MetadataItem {
  readonly key: string;
  readonly value: string;
}

/** Key and value pairs of an instance's or template's metadata. */
export interface Metadata {
  readonly items?: readonly MetadataItem[];
}

/** `scheduling` of an instance, in the spelling of the REST API. */
export interface Scheduling {
  readonly provisioningModel?: string;
  readonly preemptible?: boolean;
  readonly automaticRestart?: boolean;
  readonly onHostMaintenance?: string;
  readonly instanceTerminationAction?: string;
  readonly maxRunDuration?: {readonly seconds: number};
}

/** The body of `instances.insert`. A field replaces that of the template; all other fields come from the template. */
export interface InstanceBody {
  readonly name: string;
  readonly labels: Readonly<Record<string, string>>;
  readonly metadata: Metadata;
  readonly scheduling: Scheduling;
  /** `zones/<zone>/machineTypes/<type>`. */
  readonly machineType?: string;
  /** All of the VM's disks, as the REST API has them. */
  readonly disks?: readonly RestDisk[];
}

/** `disks[]` of an instance or a template, in the spelling of the REST API, as far as it is read. */
export interface RestDisk {
  readonly boot?: boolean;
  readonly initializeParams?: {readonly diskType?: string; readonly diskSizeGb?: number | string};
}

export interface InsertRequest {
  readonly zone: string;
  /** Self link or partial URL of the template. */
  readonly sourceInstanceTemplate: string;
  readonly body: InstanceBody;
  /** UUID of the request. A repeated request returns the operation of the first one. */
  readonly requestId: string;
}

/** A status that is not among these is read as `PENDING`. */
export type InstanceStatus = VmStatus;

export interface Instance {
  readonly name: string;
  readonly zone: string;
  readonly status: InstanceStatus;
  readonly labels: Readonly<Record<string, string>>;
  /** RFC 3339. */
  readonly creationTimestamp: string;
  /** RFC 3339; empty if the VM was never started or stopped. */
  readonly lastStartTimestamp: string;
  readonly lastStopTimestamp: string;
  /** `e2-standard-4`; undefined: Compute Engine does not say. */
  readonly machineType?: string;
  readonly isSpot: boolean;
  /** Of a standby machine: how it is held, and whether it was given a JIT config. */
  readonly standby?: {readonly hold: StandbyHold; readonly isBegun: boolean};
}

/** An instance with what a change of its metadata or labels has to bring along. */
export interface InstanceDetails extends Instance {
  readonly metadata: Metadata;
  readonly metadataFingerprint: string;
  readonly labelFingerprint: string;
}

/** `start`: from TERMINATED; `resume`: from SUSPENDED; `stop` and `suspend`: from RUNNING. */
export type PowerAction = 'start' | 'resume' | 'stop' | 'suspend';

export interface InstanceTemplate {
  /** Full or partial URL, fit for `sourceInstanceTemplate`. */
  readonly selfLink: string;
  readonly metadata: Metadata;
  readonly labels: Readonly<Record<string, string>>;
  readonly scheduling: Scheduling;
  /** Name of the machine type; empty if Compute Engine does not say. */
  readonly machineType: string;
  readonly disks: readonly TemplateDisk[];
  readonly accelerators: readonly {readonly type: string; readonly count: number}[];
  /** Whether each VM gets an external address. */
  readonly hasExternalAddress: boolean;
}

/** A disk that each VM of a template gets. */
export interface TemplateDisk {
  readonly isBoot: boolean;
  /** Whether the disk is deleted with its VM. */
  readonly autoDelete: boolean;
  /** `pd-balanced`, `hyperdisk-balanced`, `local-ssd`, …; `pd-standard` unless the template says. */
  readonly type: string;
  /** 0 if the template leaves it to the image. */
  readonly sizeGb: number;
  /** As the REST API has it, without what it only tells. Undefined: not read. */
  readonly rest?: RestDisk;
}

/** A regional quota: `NVIDIA_T4_GPUS`, limit 4, usage 1. */
export interface RegionalQuota {
  readonly metric: string;
  readonly limit: number;
  readonly usage: number;
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

/** Status of an operation. `errors` as in `operation.error.errors[]`. */
export type OperationResult =
  | {readonly kind: 'running'}
  | {readonly kind: 'done'}
  | {readonly kind: 'failed'; readonly errors: readonly ComputeErrorItem[]};

export interface ComputeErrorItem {
  readonly code: string;
  readonly message: string;
}

/**
 * The calls to Compute Engine. Every call has a time-out. A failure is thrown as `ComputeFailure` (shared/providers/gce/client/errors.ts),
 * already classified.
 *
 * @see https://cloud.google.com/compute/docs/reference/rest/v1/instances/insert
 */
export interface Compute {
  insertInstance(request: InsertRequest): Promise<ZoneOperation>;
  getInstance(zone: string, name: string): Promise<Instance | undefined>;
  getInstanceDetails(zone: string, name: string): Promise<InstanceDetails | undefined>;
  /** What the instance has written so far, over all of its boots; undefined: there is no such instance. */
  /** Of the first serial port. Compute Engine keeps the last 1 MB: the first line may be the rest of one. */
  serialOutput(zone: string, name: string): Promise<ConsoleOutput | undefined>;
  /** Every instance with all of these labels, in all zones. Throws if a zone cannot be reached, because the list must be complete. */
  listInstances(labels: Readonly<Record<string, string>>): Promise<Instance[]>;
  /** Whether Compute Engine preempted the spot VM of this name, as far as its operations are kept. */
  wasPreempted(zone: string, name: string): Promise<boolean>;
  /** Returns as soon as Compute Engine has accepted the deletion. */
  deleteInstance(zone: string, name: string, requestId: string): Promise<'accepted' | 'absent'>;
  /** Returns as soon as Compute Engine has accepted the action. */
  powerInstance(action: PowerAction, zone: string, name: string, requestId: string): Promise<ZoneOperation>;
  /**
   * Replaces the whole metadata. Fails with the class `conflict` where `fingerprint` is not that of the present one.
   *
   * @see https://cloud.google.com/compute/docs/reference/rest/v1/instances/setMetadata
   */
  setMetadata(
    zone: string,
    name: string,
    change: {readonly metadata: Metadata; readonly fingerprint: string},
  ): Promise<ZoneOperation>;
  /** Replaces all labels; the same rule. */
  setLabels(
    zone: string,
    name: string,
    change: {readonly labels: Readonly<Record<string, string>>; readonly fingerprint: string},
  ): Promise<ZoneOperation>;
  /**
   * What the guest has told of itself, by `<namespace>/<key>`. Undefined: nothing, or there is no such instance.
   *
   * @see https://cloud.google.com/compute/docs/metadata/manage-guest-attributes
   */
  guestAttribute(zone: string, name: string, path: string): Promise<string | undefined>;
  /** Waits at the server until the operation is done, for about `timeoutSeconds` at most. */
  waitForOperation(operation: ZoneOperation, timeoutSeconds: number): Promise<OperationResult>;
  /** Cached, unless it is to be read `afresh`. */
  getTemplate(reference: TemplateReference, how?: {readonly afresh: boolean}): Promise<InstanceTemplate | undefined>;
  /** The zones of a region that are UP, sorted by name. */
  zonesOfRegion(region: string): Promise<string[]>;
  /** The quotas of a region, read afresh; undefined: there is no such region. */
  quotasOfRegion(region: string): Promise<readonly RegionalQuota[] | undefined>;
}
