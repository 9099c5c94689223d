/** How an instance is asked for, as read from the parameters of `RunInstances`. */
export interface InstanceRequest {
  readonly region: string;
  readonly subnet: string;
  readonly instanceType: string;
  readonly isSpot: boolean;
  readonly template: string;
  readonly version: string;
  readonly clientToken: string;
  readonly tags: Readonly<Record<string, string>>;
  readonly userData: string;
  readonly shutdownBehavior: string;
  /** Every parameter, by which a repeated request is known as the same one. */
  readonly fingerprint: string;
}

export type State = 'pending' | 'running' | 'shutting-down' | 'terminated' | 'stopped';

/** @see https://docs.aws.amazon.com/AWSEC2/latest/APIReference/API_InstanceState.html */
export const STATE_CODES: Readonly<Record<State, number>> = {
  pending: 0,
  running: 16,
  'shutting-down': 32,
  terminated: 48,
  stopped: 80,
};

/** A refusal of EC2 or STS. */
export class AwsRefusal extends Error {
  constructor(
    readonly status: number,
    readonly code: string,
    message: string,
  ) {
    super(message);
    this.name = 'AwsRefusal';
  }
}

export function notFound(kind: 'Instance' | 'Subnet', id: string): AwsRefusal {
  const code = kind === 'Instance' ? 'InvalidInstanceID.NotFound' : 'InvalidSubnetID.NotFound';
  return new AwsRefusal(400, code, `The ${kind.toLowerCase()} ID '${id}' does not exist`);
}

/** An id of EC2's form. */
export function newId(prefix: 'i' | 'r', number: number): string {
  return `${prefix}-0${number.toString(16).padStart(16, '0')}`;
}
