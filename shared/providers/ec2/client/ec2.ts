import type {Secret} from '../../../secret';

/** Where an instance is in its life. @see https://docs.aws.amazon.com/AWSEC2/latest/UserGuide/ec2-instance-lifecycle.html */
export type InstanceState = 'pending' | 'running' | 'shutting-down' | 'terminated' | 'stopping' | 'stopped';

/** An instance, in what Slipway reads of it. */
export interface Ec2Instance {
  readonly id: string;
  readonly state: InstanceState;
  /** Empty once the instance has ended. */
  readonly subnet: string;
  readonly instanceType: string;
  readonly isSpot: boolean;
  /** ISO 8601. */
  readonly launchTime: string;
  readonly clientToken: string;
  readonly tags: Readonly<Record<string, string>>;
  /** Why it ended: `Server.SpotInstanceTermination`; empty while it runs. */
  readonly stateReason: string;
}

/** What one instance is created with. */
export interface RunRequest {
  readonly subnet: string;
  readonly instanceType: string;
  readonly spot: boolean;
  /** Id or name. */
  readonly template: string;
  readonly version: string;
  readonly clientToken: string;
  readonly tags: Readonly<Record<string, string>>;
  /** In base64. */
  readonly userData: Secret;
  /** In place of the template's. Undefined: the template's stays. */
  readonly disk?: RootDisk;
}

/** A disk that an instance boots from, with all of its settings that a launch template may name. */
export interface RootDisk {
  /** `/dev/sda1` */
  readonly device: string;
  /** 0: the template leaves it to the image. */
  readonly sizeGb: number;
  /** By the names of EC2's parameters: `VolumeType`, `Iops`, `Throughput`, `Encrypted`, `KmsKeyId`, `SnapshotId`. */
  readonly settings: Readonly<Record<string, string>>;
}

/** Which instances are looked for. The service shows a change only a while after it was made. */
export type InstanceQuery =
  | {readonly ids: readonly string[]}
  | {readonly clientToken: string}
  | {readonly tags: Readonly<Record<string, string>>};

/** What a launch template says, as far as the doctor compares it. */
export interface LaunchTemplate {
  readonly name: string;
  readonly version: string;
  /** `stop` or `terminate`; empty: not set, which means `stop`. */
  readonly shutdownBehavior: string;
  /** The first disk that it names. Undefined: it leaves the disks to the image. */
  readonly rootDisk?: RootDisk;
}

export interface Subnet {
  readonly id: string;
  readonly zone: string;
  readonly freeAddresses: number;
}

/**
 * EC2 in one account and region. Every method throws `Ec2Failure` alone; one of the class `uncertain` may have had its effect.
 *
 * @see https://docs.aws.amazon.com/AWSEC2/latest/APIReference/Welcome.html
 */
export interface Ec2 {
  /** Repeated with the same client token in the same zone, it gives the instance that is there. */
  runInstance(request: RunRequest): Promise<Ec2Instance>;
  /** Whether `runInstance` would be permitted. Throws what it would throw; makes nothing. */
  tryRunInstance(request: RunRequest): Promise<void>;
  /** Every instance that the query fits, of all pages, those that have ended too. An id that there is not finds nothing. */
  describeInstances(query: InstanceQuery): Promise<readonly Ec2Instance[]>;
  terminateInstance(id: string): Promise<'accepted' | 'absent'>;
  /** What the instance wrote to its console; empty: nothing yet. Undefined: there is no such instance. */
  consoleOutput(id: string): Promise<string | undefined>;
  launchTemplate(template: string, version: string): Promise<LaunchTemplate>;
  subnets(ids: readonly string[]): Promise<readonly Subnet[]>;
}
