import {createRemoteJWKSet, decodeJwt, errors, type JWTPayload, type JWTVerifyGetKey, jwtVerify} from 'jose';
import type {Clock} from '../clock';
import type {ConfigFor} from '../config/config-types';
import {Forbidden, Unauthenticated, Unavailable} from '../errors';
import type {ServicesBase} from '../ports';

export interface OidcOptions {
  /** URL of the function that is called. */
  readonly audience: string;
  /** E-mail address of the service account that may call. */
  readonly serviceAccount: string;
  readonly jwksUrl: string;
  /**
   * `platform`: Cloud Run's IAM has verified the token and replaced its signature, so only the claims are checked here.
   * `verify`: the signature and the claims are checked.
   */
  readonly mode: 'verify' | 'platform';
  readonly clock: Clock;
}

const ISSUERS = ['https://accounts.google.com', 'accounts.google.com'];
const CLOCK_TOLERANCE_SECONDS = 30;

/** @see https://www.rfc-editor.org/rfc/rfc6750#section-2.1 */
const BEARER = /^Bearer {1,8}([A-Za-z0-9._~+/=-]{1,16384})$/i;

/** Checks an `Authorization` header; throws `Unauthenticated` or `Forbidden`. */
export type OidcVerifier = (authorization: string | undefined) => Promise<void>;

/**
 * Verifies the OIDC token that Cloud Tasks and Cloud Scheduler send. Needed behind IAM too, because a mistaken IAM grant must not open the function.
 * @see https://cloud.google.com/run/docs/authenticating/service-to-service
 */
export function createOidcVerifier(options: OidcOptions): OidcVerifier {
  const keys = createRemoteJWKSet(new URL(options.jwksUrl), {timeoutDuration: 5_000});
  return async (authorization) => {
    const token = BEARER.exec(authorization ?? '')?.[1];
    if (!token) throw new Unauthenticated('an OIDC token is required in the Authorization header');
    const claims = options.mode === 'platform' ? checkClaims(token, options) : await verifyToken(token, keys, options);
    if (claims['email'] !== options.serviceAccount || claims['email_verified'] !== true) {
      throw new Forbidden('the token is not of the service account that may call this function');
    }
  };
}

/** Verifies who calls a private function: the audience is the function's own URL. */
export function callerVerifier<T extends 'provision' | 'stop' | 'sweep'>(
  target: T,
  {config, clock}: Pick<ServicesBase<T>, 'config' | 'clock'>,
): OidcVerifier {
  const {urls, tasksServiceAccount, oidcJwksUrl, internalAuth} = config as ConfigFor<'sweep'>;
  return createOidcVerifier({
    audience: urls[target],
    serviceAccount: tasksServiceAccount,
    jwksUrl: oidcJwksUrl,
    mode: internalAuth,
    clock,
  });
}

async function verifyToken(token: string, keys: JWTVerifyGetKey, options: OidcOptions): Promise<JWTPayload> {
  try {
    const {payload} = await jwtVerify(token, keys, {
      algorithms: ['RS256'],
      issuer: ISSUERS,
      audience: options.audience,
      requiredClaims: ['exp', 'aud', 'email'],
      currentDate: new Date(options.clock.now()),
      clockTolerance: CLOCK_TOLERANCE_SECONDS,
    });
    return payload;
  } catch (error) {
    if (error instanceof errors.JWKSTimeout || !(error instanceof errors.JOSEError)) {
      throw new Unavailable(`the signing keys could not be read from ${options.jwksUrl}`, 10, {cause: error});
    }
    throw new Unauthenticated(`the OIDC token is not valid: ${error.code}`, {cause: error});
  }
}

/** Checks what `jwtVerify` checks, except the signature. */
function checkClaims(token: string, options: OidcOptions): JWTPayload {
  const claims = decode(token);
  const nowSeconds = options.clock.now() / 1000;
  const audiences = [claims.aud].flat();
  if (!ISSUERS.includes(claims.iss ?? '')) throw new Unauthenticated('the OIDC token is not valid: issuer');
  if (!audiences.includes(options.audience)) throw new Unauthenticated('the OIDC token is not valid: audience');
  if (!claims.exp || claims.exp + CLOCK_TOLERANCE_SECONDS < nowSeconds) {
    throw new Unauthenticated('the OIDC token is not valid: expired');
  }
  if (claims.nbf && claims.nbf - CLOCK_TOLERANCE_SECONDS > nowSeconds) {
    throw new Unauthenticated('the OIDC token is not valid: not yet');
  }
  return claims;
}

function decode(token: string): JWTPayload {
  try {
    return decodeJwt(token);
  } catch (error) {
    throw new Unauthenticated('the OIDC token cannot be read', {cause: error});
  }
}
