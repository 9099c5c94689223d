import {Refused, SlipwayError, Unavailable} from '../../../errors';
import type {FailureClass} from '../../placements';

/** A refused or unanswered request to EC2 or STS. */
export class Ec2Failure extends SlipwayError {
  readonly kind = 'ec2_failure';

  constructor(
    readonly failureClass: FailureClass,
    /** The service's own code, e.g. `InsufficientInstanceCapacity`. */
    readonly code: string,
    /** Without secrets. */
    message: string,
  ) {
    super(message);
  }

  get retryable(): boolean {
    return this.failureClass !== 'invalid' && this.failureClass !== 'denied';
  }
}

/** STS refused the role itself or the token for it: nothing was asked of EC2. */
export class RoleRefused extends Ec2Failure {}

/** Seconds after which a limited request may be repeated: the service does not say; its buckets are filled again each second. */
export const RATE_RETRY_SECONDS = 15;

/**
 * Codes of EC2 and STS. `Unsupported`: the zone does not have this instance type. A code that is in no row is classified by the HTTP status.
 *
 * @see https://docs.aws.amazon.com/AWSEC2/latest/APIReference/errors-overview.html
 */
const CODES: Readonly<Partial<Record<FailureClass, readonly string[]>>> = {
  zone_full: [
    'InsufficientInstanceCapacity',
    'InsufficientHostCapacity',
    'InsufficientCapacity',
    'InsufficientCapacityOnHost',
    'InsufficientFreeAddressesInSubnet',
    'UnfulfillableCapacity',
    'SpotMaxPriceTooLow',
    'Unsupported',
  ],
  quota: [
    'MaxSpotInstanceCountExceeded',
    'VcpuLimitExceeded',
    'InstanceLimitExceeded',
    'VolumeLimitExceeded',
    'ResourceLimitExceeded',
  ],
  rate: [
    'RequestLimitExceeded',
    'Throttling',
    'ThrottlingException',
    'EC2ThrottledException',
    // Of STS, and passing: the next attempt has a new token, and STS reads Google's keys anew.
    'ExpiredTokenException',
    'InvalidIdentityToken',
  ],
  conflict: ['IdempotentParameterMismatch'],
  // The role of EC2 for spot instances is missing: standard placements need none.
  invalid: ['AuthFailure.ServiceLinkedRoleCreationNotPermitted'],
  denied: [
    'UnauthorizedOperation',
    'AuthFailure',
    'Blocked',
    'OptInRequired',
    'PendingVerification',
    'InvalidParameterValue',
    'InvalidAMIID.NotFound',
    'InvalidSubnetID.NotFound',
    'InvalidLaunchTemplateName.NotFoundException',
    'InvalidLaunchTemplateId.NotFound',
    'AccessDenied',
  ],
  uncertain: [
    'InternalError',
    'InternalFailure',
    'Unavailable',
    'ServiceUnavailable',
    'RequestTimeout',
    'IDPCommunicationError',
  ],
};

const CLASSES = new Map(
  Object.entries(CODES).flatMap(([failureClass, codes]) => codes.map((code) => [code, failureClass as FailureClass])),
);

/**
 * What a refusal means. `code` empty: the answer was not the service's own. `status` undefined: no answer came, or the code stands in a state
 * reason.
 */
export function classifyCode(code: string, status?: number): FailureClass {
  const known = CLASSES.get(code);
  if (known) return known;
  if (status === 429) return 'rate';
  if (code === '' || status === undefined || status === 408 || status >= 500) return 'uncertain';
  return 'denied';
}

/** Whether the service says that there is no such instance. An id of another form is none. */
export function isAbsentInstance(error: unknown): boolean {
  return error instanceof Ec2Failure && /^InvalidInstanceID\.(NotFound|Malformed)$/.test(error.code);
}

/** Turns failures into `Unavailable` or `Refused`. For calls that can safely be repeated, so that a lost answer does not matter. */
export async function withEc2Errors<T>(work: Promise<T>): Promise<T> {
  try {
    return await work;
  } catch (error) {
    if (!(error instanceof Ec2Failure)) throw error;
    if (error.retryable) throw new Unavailable(error.message, error.failureClass === 'rate' ? RATE_RETRY_SECONDS : 10);
    throw new Refused(error.message);
  }
}
