import type {IncomingMessage, ServerResponse} from 'node:http';
import {LoopbackServer} from '../loopback-server';
import type {OidcIssuer} from '../oidc';
import type {Scheduler} from '../scheduler';
import type {Query} from './actions';
import {AwsApi} from './api';
import {AwsRefusal} from './instances';
import {ROLE} from './places';
import {refusal} from './render';
import {type SignedRequest, verifySignature} from './signature';
import {Sts, stsRefusal, type Trust} from './sts';
import type {AwsWorld} from './world';

/** Whose identity token the metadata server gives. */
export const FUNCTIONS_ACCOUNT = 'slipway@world.iam.gserviceaccount.com';

export interface AwsServerOptions {
  readonly world: AwsWorld;
  readonly scheduler: Scheduler;
  /** Google, as far as it vouches for service accounts. */
  readonly oidc: OidcIssuer;
  /** Default: `ROLE` for `slipway-slipway`. */
  readonly roles?: Readonly<Record<string, Trust>>;
}

/** EC2, STS, and Google's metadata server beside a function, over HTTP on one port. */
export class AwsServer extends AwsApi {
  readonly sts: Sts;
  /** Requests for identity tokens. */
  readonly tokens: string[] = [];
  /** How far AWS's clock is ahead of the world's, in milliseconds. */
  aheadMs = 0;
  /** Nothing is answered any more. */
  isDown = false;
  readonly #server = new LoopbackServer((request, response) => void this.#serve(request, response));

  constructor(private readonly options: AwsServerOptions) {
    super(options.world);
    const {scheduler, oidc} = options;
    const trust = {audience: 'slipway-slipway', subjects: [oidc.subjectOf(FUNCTIONS_ACCOUNT)]};
    this.sts = new Sts({
      scheduler,
      now: () => this.#now(),
      keys: () => oidc.jwks(),
      roles: options.roles ?? {[ROLE]: trust},
    });
  }

  /** What a function has to know to reach it. */
  async listen(): Promise<{
    readonly AWS_ROLE_ARN: string;
    readonly AWS_ENDPOINT_URL_EC2: string;
    readonly AWS_ENDPOINT_URL_STS: string;
    /** Read from the environment of the process by the client of the metadata server. */
    readonly GCE_METADATA_HOST: string;
  }> {
    const at = await this.#server.listen();
    const host = `${at.host}:${at.port}`;
    return {
      AWS_ROLE_ARN: ROLE,
      AWS_ENDPOINT_URL_EC2: `http://${host}/`,
      AWS_ENDPOINT_URL_STS: `http://${host}/sts`,
      GCE_METADATA_HOST: host,
    };
  }

  close(): Promise<void> {
    return this.#server.close();
  }

  async #serve(request: IncomingMessage, response: ServerResponse): Promise<void> {
    if (this.isDown) return void response.destroy();
    const url = new URL(request.url ?? '/', 'http://aws');
    if (url.pathname.startsWith('/computeMetadata/')) return this.#identity(url, request, response);
    const chunks: Buffer[] = [];
    for await (const chunk of request) chunks.push(chunk as Buffer);
    const body = Buffer.concat(chunks).toString('utf8');
    const headers = Object.fromEntries(Object.entries(request.headers).map(([name, value]) => [name, String(value)]));
    const answer = url.pathname.startsWith('/sts')
      ? await this.#assume(body)
      : this.#answer({method: 'POST', path: url.pathname, headers, body});
    if (answer === 'broken') return void response.destroy();
    const date = new Date(this.#now()).toUTCString();
    response.writeHead(answer.status, {'content-type': 'text/xml;charset=UTF-8', date}).end(answer.text);
  }

  #answer(request: SignedRequest) {
    try {
      const region = verifySignature(request, (keyId) => this.sts.credentialOf(keyId), this.#now());
      return this.answer({...queryOf(request.body), region});
    } catch (error) {
      if (!(error instanceof AwsRefusal)) throw error;
      return {status: error.status, text: refusal(error.code, error.message)};
    }
  }

  async #assume(body: string) {
    try {
      return {status: 200, text: await this.sts.perform(queryOf(body))};
    } catch (error) {
      if (!(error instanceof AwsRefusal)) throw error;
      return {status: error.status, text: stsRefusal(error.code, error.message)};
    }
  }

  /** @see https://cloud.google.com/compute/docs/instances/verifying-instance-identity */
  async #identity(url: URL, request: IncomingMessage, response: ServerResponse): Promise<void> {
    response.setHeader('metadata-flavor', 'Google');
    const isIdentity = url.pathname.endsWith('/instance/service-accounts/default/identity');
    if (!isIdentity || request.headers['metadata-flavor'] !== 'Google') return void response.writeHead(404).end();
    const audience = url.searchParams.get('audience') ?? '';
    this.tokens.push(audience);
    const token = await this.options.oidc.token({audience, email: FUNCTIONS_ACCOUNT});
    response.writeHead(200, {'content-type': 'text/html'}).end(token);
  }

  #now(): number {
    return this.options.scheduler.now() + this.aheadMs;
  }
}

function queryOf(body: string): Query {
  const {Action: action = '', Version: _, ...parameters} = Object.fromEntries(new URLSearchParams(body));
  return {action, parameters};
}
