import type {Request} from '@google-cloud/functions-framework';
import type {SecretCheck} from '../config/secret-check';
import {HOST_TOKEN_HEADER, isHostToken} from '../host-token';
import type {ServicesBase} from '../ports';
import type {Operation} from './operation';
import type {Caller} from './rate-limits';
import {clientAddress, isSecret, SECRET_HEADER, secretId} from './security';
import {Sessions} from './session';
import {WrongSecrets} from './wrong-secrets';

/** Tells who sends a request: a Docker host by its token, a script by the secret, a person by a session, or nobody. */
export class Callers {
  readonly sessions: Sessions;
  readonly #base: ServicesBase<'api'>;
  readonly #isBehindCloudRun: boolean;
  readonly #checkSecret: SecretCheck;
  readonly #wrongSecrets: WrongSecrets;

  /** `isBehindCloudRun`: Cloud Run's front end names the client's address, in `X-Forwarded-For`. */
  constructor(base: ServicesBase<'api'>, isBehindCloudRun: boolean) {
    const {config, secrets, secretCheck, clock, random} = base;
    const [source] = config.managerSecrets;
    if (!source) throw new RangeError('api starts with a manager secret or not at all');
    this.sessions = new Sessions({source, secrets, clock, random});
    this.#base = base;
    this.#isBehindCloudRun = isBehindCloudRun;
    this.#checkSecret = secretCheck(config.managerSecrets);
    this.#wrongSecrets = new WrongSecrets(clock);
  }

  /**
   * By valid credentials, else by the client's address. A wrong secret is not made good by a session. `match`: the operation that the request
   * asks for; undefined: none. Throws the problem `rate-limited` for an address with too many wrong secrets.
   */
  async identify(request: Request, match: RequestedOperation | undefined): Promise<Caller> {
    const host = match && (await this.#hostOf(request, match));
    if (host !== undefined) return {kind: 'host', id: host};
    const given = request.get(SECRET_HEADER);
    if (given) {
      if (await this.isSecret(request, given)) return {kind: 'secret', id: secretId(given)};
    } else {
      const session = await this.sessions.find(request.headers.cookie);
      if (session) return {kind: 'session', id: secretId(session)};
    }
    return {kind: 'nobody', id: this.#addressOf(request)};
  }

  /** Whether somebody at the client's address has sent the secret, in the header or the form. Counts wrong ones. */
  async isSecret(request: Request, given: string): Promise<boolean> {
    const address = this.#addressOf(request);
    this.#wrongSecrets.admit(address);
    const isRight = await this.#checkSecret((secret) => isSecret(given, secret));
    this.#wrongSecrets[isRight ? 'right' : 'wrong'](address);
    return isRight;
  }

  /** The host whose token the request carries, of an operation for hosts. With several secrets, the token of any of them is valid. */
  async #hostOf(request: Request, {route, parameters}: RequestedOperation): Promise<string | undefined> {
    const given = request.get(HOST_TOKEN_HEADER);
    const {host} = parameters;
    if (route.access !== 'host' || !given || host === undefined) return undefined;
    const {deployment} = this.#base.config;
    return (await this.#checkSecret((secret) => isHostToken(given, secret, {deployment, host}))) ? host : undefined;
  }

  #addressOf(request: Request): string {
    return clientAddress(request, this.#isBehindCloudRun);
  }
}

interface RequestedOperation {
  readonly route: Operation;
  readonly parameters: Readonly<Record<string, string>>;
}
