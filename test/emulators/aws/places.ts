/** Names of the emulated account, in a file of their own: the emulator itself loads AWS's SDK. */

export const ROLE = 'arn:aws:iam::111122223333:role/slipway';

export const REGION = 'eu-central-1';

/** Where pools may be moved to. */
export const OTHER_REGION = 'us-east-1';

/** One subnet for each zone: `eu-central-1a` has `subnet-a`. */
export const SUBNETS = ['subnet-a', 'subnet-b', 'subnet-f'] as const;

/** The subnet of the zone that a scenario names `us-central1-a`. */
export function subnetNamed(zone: string): string {
  return `subnet-${zone.slice(-1)}`;
}
