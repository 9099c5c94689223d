import {AwsV4Signer} from 'aws4fetch';
import type {Clock} from '../../../clock';
import {type CallEc2, ec2Api} from './api';
import {type ReadIdentityToken, type RoleCredentials, roleCredentials} from './credentials';
import type {Ec2} from './ec2';
import {AnsweredFailure, FORM, formOf, postForm} from './send';
import type {XmlElement} from './xml';

export interface Ec2ClientOptions {
  readonly region: string;
  readonly roleArn: string;
  readonly audience: string;
  readonly sessionName: string;
  /** In place of AWS's own. */
  readonly endpoints: {readonly ec2?: string; readonly sts?: string};
  readonly clock: Pick<Clock, 'now'>;
  /** In place of the metadata server. */
  readonly identityToken?: ReadIdentityToken;
}

const VERSION = '2016-11-15';

/** Refusals of the request's time or credentials. Nothing has happened, so the request may be sent once more. */
const STALE = new Set([
  'RequestExpired',
  'SignatureDoesNotMatch',
  'AuthFailure',
  'ExpiredToken',
  'InvalidClientTokenId',
]);

/** AWS accepts a difference of five to fifteen minutes; what is below this is the way there and back. */
const SKEW_MS = 30_000;

/** Parameters whose values no message may contain. */
const SECRET_PARAMETERS = ['UserData'];

/** EC2 of one account and region over HTTP, signed with the credentials of the role. */
export function createEc2(options: Ec2ClientOptions): Ec2 {
  return ec2Api(new SignedCalls(options).call);
}

class SignedCalls {
  readonly #options: Ec2ClientOptions;
  readonly #credentials: RoleCredentials;
  readonly #url: string;
  /** Keys that are derived from the credentials, a day long. */
  readonly #signingKeys = new Map<string, ArrayBuffer>();
  /** How far AWS's clock is ahead of ours, in milliseconds. */
  #offsetMs = 0;

  constructor(options: Ec2ClientOptions) {
    this.#options = options;
    const {region, endpoints, roleArn, audience, sessionName, identityToken} = options;
    this.#url = endpoints.ec2 ?? `https://ec2.${region}.${domainOf(region)}/`;
    this.#credentials = roleCredentials({
      roleArn,
      audience,
      sessionName,
      stsUrl: endpoints.sts ?? `https://sts.${region}.${domainOf(region)}/`,
      clock: {now: () => this.#now()},
      ...(identityToken ? {identityToken} : {}),
    });
  }

  readonly call: CallEc2 = async (action, parameters, what) => {
    const send = () => this.#send(formOf(action, VERSION, parameters), what, secretsOf(parameters));
    try {
      return await send();
    } catch (error) {
      if (!(error instanceof AnsweredFailure) || !STALE.has(error.code) || !this.#mend(error)) throw error;
      return send();
    }
  };

  /** Whether the clock was set, or the credentials were dropped, so that the same request can succeed. */
  #mend({code, serverTimeMs}: AnsweredFailure): boolean {
    const skewMs = serverTimeMs === undefined ? 0 : serverTimeMs - this.#now();
    if (Math.abs(skewMs) > SKEW_MS) {
      this.#offsetMs += skewMs;
      return true;
    }
    // Without a skew it is the credentials that have ended. Wrong permissions would be UnauthorizedOperation.
    if (code === 'AuthFailure') return false;
    this.#credentials.forget();
    return true;
  }

  async #send(body: string, what: string, secrets: readonly string[]): Promise<XmlElement> {
    const {region} = this.#options;
    const {accessKeyId, secretAccessKey, sessionToken} = await this.#credentials.current();
    const signer = new AwsV4Signer({
      ...{method: 'POST', url: this.#url, headers: {'content-type': FORM}, body},
      ...{accessKeyId, secretAccessKey, sessionToken, region, service: 'ec2', cache: this.#signingKeys},
      datetime: new Date(this.#now()).toISOString().replace(/[:-]|\.\d{3}/g, ''),
    });
    const {headers} = await signer.sign();
    return postForm({what, url: this.#url, headers: Object.fromEntries(headers), body, secrets});
  }

  #now(): number {
    return this.#options.clock.now() + this.#offsetMs;
  }
}

function secretsOf(parameters: Readonly<Record<string, string>>): string[] {
  return SECRET_PARAMETERS.flatMap((name) => parameters[name] ?? []);
}

function domainOf(region: string): string {
  return region.startsWith('cn-') ? 'amazonaws.com.cn' : 'amazonaws.com';
}
