import {createHmac} from 'node:crypto';
import {isSame} from './hmac';
import type {Secret} from './secret';

/** The header in which a Docker host shows its token. */
export const HOST_TOKEN_HEADER = 'X-Host-Token';

/** The token of a Docker host: base64url of HMAC-SHA256, with the secret of the API as its key. */
export function hostToken(secret: Secret, deployment: string, host: string): string {
  return createHmac('sha256', secret.reveal()).update(`slipway-host ${deployment} ${host}`).digest('base64url');
}

/** Whether the token is the one of the host. Compares in constant time. */
export function isHostToken(
  given: string,
  secret: Secret,
  {deployment, host}: {deployment: string; host: string},
): boolean {
  return isSame(given, hostToken(secret, deployment, host));
}
