import {once} from 'node:events';
import {createServer} from 'node:http';
import type {AddressInfo} from 'node:net';
import {type CryptoKey, exportJWK, generateKeyPair, type JSONWebKeySet, type JWTPayload, SignJWT} from 'jose';
import {KEPT_CONNECTIONS} from './kept-connections';

export interface TokenClaims {
  readonly audience: string;
  /** Of the service account. */
  readonly email: string;
  /** Any claim that is to be otherwise, e.g. `{exp: 0}` or `{email_verified: false}`. */
  readonly [claim: string]: unknown;
}

const ISSUER = 'https://accounts.google.com';
const LIFETIME_SECONDS = 3600;

/**
 * Google's issuer of OIDC tokens, as Cloud Tasks and Cloud Scheduler use it: with its own key pair, published as a JWKS.
 * @see https://cloud.google.com/docs/authentication/token-types#id
 */
export class OidcIssuer {
  readonly #clock: {now(): number};
  readonly #privateKey: CryptoKey;
  readonly #keys: JSONWebKeySet;
  readonly #kid: string;
  readonly #server = createServer(KEPT_CONNECTIONS, (_request, response) => {
    response.writeHead(200, {'content-type': 'application/json', 'cache-control': 'public, max-age=3600'});
    response.end(JSON.stringify(this.#keys));
  });

  private constructor(clock: {now(): number}, privateKey: CryptoKey, kid: string, keys: JSONWebKeySet) {
    this.#clock = clock;
    this.#privateKey = privateKey;
    this.#kid = kid;
    this.#keys = keys;
  }

  static async create(clock: {now(): number}, kid = 'world-1'): Promise<OidcIssuer> {
    const {publicKey, privateKey} = await generateKeyPair('RS256');
    const key = {...(await exportJWK(publicKey)), kid, use: 'sig', alg: 'RS256'};
    return new OidcIssuer(clock, privateKey, kid, {keys: [key]});
  }

  /** A signed token, valid for an hour from now. */
  token({audience, email, ...overrides}: TokenClaims): Promise<string> {
    const nowSeconds = Math.floor(this.#clock.now() / 1000);
    const subject = subjectOf(email);
    const claims: JWTPayload = {
      iss: ISSUER,
      aud: audience,
      azp: subject,
      sub: subject,
      email,
      email_verified: true,
      iat: nowSeconds,
      exp: nowSeconds + LIFETIME_SECONDS,
      ...overrides,
    };
    return new SignJWT(claims).setProtectedHeader({alg: 'RS256', kid: this.#kid, typ: 'JWT'}).sign(this.#privateKey);
  }

  /** The unique id of the service account. */
  subjectOf(email: string): string {
    return subjectOf(email);
  }

  jwks(): JSONWebKeySet {
    return this.#keys;
  }

  /** Serves the keys on the loopback interface; returns the URL for `OIDC_JWKS_URL`. */
  async listen(): Promise<string> {
    this.#server.listen(0, '127.0.0.1');
    await once(this.#server, 'listening');
    const {port} = this.#server.address() as AddressInfo;
    return `http://127.0.0.1:${port}/oauth2/v3/certs`;
  }

  async close(): Promise<void> {
    if (!this.#server.listening) return;
    this.#server.close();
    this.#server.closeAllConnections();
    await once(this.#server, 'close');
  }
}

/** A number of 21 digits, always the same for the same account. */
function subjectOf(email: string): string {
  let hash = 7n;
  for (const character of email) hash = (hash * 31n + BigInt(character.charCodeAt(0))) % 10n ** 20n;
  return `1${hash.toString().padStart(20, '0')}`;
}
