import {createHash} from 'node:crypto';
import {parseCookie, stringifySetCookie} from 'cookie';
import {TtlCache} from '../cache';
import type {Clock} from '../clock';
import type {SecretSource} from '../config/credentials';
import type {SecretReader} from '../config/secrets';
import {Unavailable} from '../errors';
import {hmacSha256, isHmac, isSame} from '../hmac';
import type {Random} from '../random';
import type {Secret} from '../secret';

/** Name of the cookie that holds a session. */
const COOKIE = 'slipway_session';

const SESSION_MS = 8 * 3600 * 1000;

/** The longest life of a link that logs in once. */
const MAX_LINK_MS = 3600 * 1000;

/** Used links that an instance remembers. */
const MAX_USED = 10_000;

/** The shortest interval between two fresh reads after a mismatch, so that made-up cookies do not cause a read each. */
const AFRESH_EVERY_MS = 10_000;

/** What a token is for; each kind has a signature of its own. */
type Purpose = 'session' | 'login';

/**
 * Sessions of people in a browser. A session is a signed text `<end>.<nonce>.<signature>`, where `<end>` is in milliseconds since the epoch and
 * the signature is HMAC-SHA256 with the first of the secrets: nothing is stored, every instance knows it, and a new first secret ends every
 * session.
 */
export class Sessions {
  readonly #options: SessionOptions;
  readonly #used: TtlCache<true>;
  #readAfreshAt = Number.NEGATIVE_INFINITY;

  constructor(options: SessionOptions) {
    this.#options = options;
    this.#used = new TtlCache<true>(options.clock, {maxEntries: MAX_USED});
  }

  /**
   * `Set-Cookie` that begins a session. `origin`: where the browser stands, such as `https://host`; on loopback without TLS the cookie is not
   * `Secure`. Throws `Unavailable` if the secret cannot be read.
   */
  async begin(origin: string): Promise<string> {
    const {clock, random} = this.#options;
    const value = token(await this.#firstSecret(), 'session', clock.now() + SESSION_MS, random.uuid());
    return stringifySetCookie({...attributes(origin), value, maxAge: SESSION_MS / 1000});
  }

  /** Whether the request's `Cookie` header holds a session that is not over. */
  async isOpen(cookies: string | undefined): Promise<boolean> {
    return (await this.find(cookies)) !== undefined;
  }

  /** The text that the cookie of an open session holds: no other session has it. Undefined: there is none. */
  async find(cookies: string | undefined): Promise<string | undefined> {
    const given = cookies === undefined ? undefined : parseCookie(cookies)[COOKIE];
    return given !== undefined && (await this.#isValid('session', given)) ? given : undefined;
  }

  /** The open session by a hash that does not open it; undefined: there is none. */
  async idOf(cookies: string | undefined): Promise<string | undefined> {
    const found = await this.find(cookies);
    return found === undefined ? undefined : createHash('sha256').update(found).digest('hex');
  }

  /** Whether the text is a link's token that is valid and was not used at this instance. A valid one is used up. */
  async useLink(given: string): Promise<boolean> {
    if (!(await this.#isValid('login', given)) || this.#used.get(given)) return false;
    this.#used.set(given, true, this.#options.clock.now() + MAX_LINK_MS);
    return true;
  }

  async #isValid(purpose: Purpose, given: string): Promise<boolean> {
    const [end = '', nonce = '', signature] = given.split('.');
    const untilMs = Number(end);
    const now = this.#options.clock.now();
    if (!/^\d{1,15}$/.test(end) || untilMs <= now || !isHmac(signature)) return false;
    if (untilMs > now + (purpose === 'session' ? SESSION_MS : MAX_LINK_MS)) return false;
    const isSigned = (secret: Secret) => isSame(given, token(secret, purpose, untilMs, nonce));
    const known = await this.#firstSecret();
    if (isSigned(known)) return true;
    const fresh = await this.#firstSecretAfresh();
    return fresh !== undefined && isSigned(fresh);
  }

  async #firstSecret(): Promise<Secret> {
    const {source, secrets} = this.#options;
    const [first] = secrets.peek(source) ?? (await secrets.read(source));
    if (!first) throw new Unavailable('RUNNER_MANAGER_SECRET has no enabled version', 60);
    return first;
  }

  /** The first secret may be newer than the one that is cached. */
  async #firstSecretAfresh(): Promise<Secret | undefined> {
    const {source, secrets, clock} = this.#options;
    if (source.kind === 'literal' || clock.now() - this.#readAfreshAt < AFRESH_EVERY_MS) return undefined;
    this.#readAfreshAt = clock.now();
    const [first] = await secrets.readAfresh(source);
    return first;
  }
}

export interface SessionOptions {
  /** The first of the manager's secrets. */
  readonly source: SecretSource;
  readonly secrets: SecretReader;
  readonly clock: Clock;
  readonly random: Random;
}

/** `Set-Cookie` that ends the session in this browser. */
export function endSession(origin: string): string {
  return stringifySetCookie({...attributes(origin), value: '', maxAge: 0});
}

/** The token of a link that logs in once: `<page>/login?once=<token>`. Valid until `untilMs`, at most an hour ahead. */
export function linkToken(secret: Secret, untilMs: number, nonce: string): string {
  return token(secret, 'login', untilMs, nonce);
}

function token(secret: Secret, purpose: Purpose, untilMs: number, nonce: string): string {
  return `${untilMs}.${nonce}.${hmacSha256(secret, `slipway-${purpose} ${untilMs} ${nonce}`)}`;
}

/** @see https://datatracker.ietf.org/doc/html/draft-ietf-httpbis-rfc6265bis */
function attributes(origin: string) {
  return {name: COOKIE, path: '/', httpOnly: true, sameSite: 'strict', secure: !isLoopback(origin)} as const;
}

/** Whether a page of this origin is on the browser's own machine, as through `gcloud run services proxy`. */
export function isLoopback(origin: string): boolean {
  if (!URL.canParse(origin)) return false;
  const {hostname} = new URL(origin);
  return /^(localhost|127(\.\d{1,3}){3}|\[::1\])$/.test(hostname);
}
