import {createLocalJWKSet, errors, type JSONWebKeySet, jwtVerify} from 'jose';
import type {Scheduler} from '../scheduler';
import type {Query} from './actions';
import {AwsRefusal} from './instances';
import {unknownParameters} from './parameter-names';
import {element, escaped} from './render';

/** What a role's trust policy asks of a token of accounts.google.com. */
export interface Trust {
  /** `accounts.google.com:oaud`: the audience of the token. */
  readonly audience: string;
  /** `accounts.google.com:sub` and `:aud`: the unique ids of service accounts. */
  readonly subjects: readonly string[];
}

export interface AwsCredential {
  readonly roleArn: string;
  readonly accessKeyId: string;
  readonly secretAccessKey: string;
  readonly sessionToken: string;
  readonly expiresAtMs: number;
}

export interface StsOptions {
  readonly scheduler: Scheduler;
  /** AWS's own clock. */
  readonly now: () => number;
  /** Google's keys. */
  readonly keys: () => JSONWebKeySet;
  /** Roles by their ARN. */
  readonly roles: Readonly<Record<string, Trust>>;
}

const NAMESPACE = 'https://sts.amazonaws.com/doc/2011-06-15/';
const ACTION = 'AssumeRoleWithWebIdentity';
const SHORTEST_SECONDS = 900;

/** AWS's token service, for roles that trust Google's service accounts. */
export class Sts {
  /** Every credential that was given out. */
  readonly credentials: AwsCredential[] = [];
  /** Codes with which the next requests are refused, one each. */
  readonly refusals: string[] = [];

  constructor(private readonly options: StsOptions) {}

  credentialOf(accessKeyId: string): AwsCredential | undefined {
    return this.credentials.find((credential) => credential.accessKeyId === accessKeyId);
  }

  /** Returns XML. @throws AwsRefusal */
  async perform({action, parameters}: Query): Promise<string> {
    const unknown = unknownParameters(action, Object.keys(parameters));
    if (action !== ACTION || unknown.length > 0) {
      throw new AwsRefusal(400, 'InvalidAction', `Could not find operation ${action} (${unknown.join(', ')})`);
    }
    const refused = this.refusals.shift();
    if (refused !== undefined) throw new AwsRefusal(400, refused, 'Refused for now.');
    const roleArn = parameters['RoleArn'] ?? '';
    const subject = await this.#subjectOf(roleArn, parameters['WebIdentityToken'] ?? '');
    const seconds = Number(parameters['DurationSeconds'] ?? 3600);
    if (!(seconds >= SHORTEST_SECONDS && seconds <= 3600)) {
      throw new AwsRefusal(400, 'ValidationError', 'The requested DurationSeconds exceeds the MaxSessionDuration');
    }
    const n = this.credentials.length + 1;
    const credential: AwsCredential = {
      roleArn,
      accessKeyId: `ASIA${String(n).padStart(16, '0')}`,
      secretAccessKey: `secret-access-key-of-the-emulator-${n}`,
      sessionToken: `session-token-of-the-emulator/${n}+==`,
      expiresAtMs: this.options.now() + seconds * 1000,
    };
    this.credentials.push(credential);
    return answer(credential, subject, parameters['RoleSessionName'] ?? '');
  }

  async #subjectOf(roleArn: string, token: string): Promise<string> {
    const trust = this.options.roles[roleArn];
    const currentDate = new Date(this.options.scheduler.now());
    try {
      const keys = createLocalJWKSet(this.options.keys());
      const {payload} = await jwtVerify(token, keys, {issuer: 'https://accounts.google.com', currentDate});
      const {aud, sub = '', azp} = payload;
      if (trust && aud === trust.audience && trust.subjects.includes(sub) && azp === sub) return sub;
    } catch (error) {
      if (error instanceof errors.JWTExpired) throw new AwsRefusal(400, 'ExpiredTokenException', 'Token has expired');
      throw new AwsRefusal(
        400,
        'InvalidIdentityToken',
        'Couldn’t retrieve verification key from your identity provider',
      );
    }
    throw new AwsRefusal(403, 'AccessDenied', 'Not authorized to perform sts:AssumeRoleWithWebIdentity');
  }
}

function answer(credential: AwsCredential, subject: string, session: string): string {
  const {accessKeyId, secretAccessKey, sessionToken, expiresAtMs, roleArn} = credential;
  const arn = `${roleArn.replace(':iam:', ':sts:').replace(':role/', ':assumed-role/')}/${session}`;
  const result = element(
    `${ACTION}Result`,
    element('SubjectFromWebIdentityToken', subject),
    element('Audience', subject),
    element('AssumedRoleUser', element('Arn', escaped(arn)), element('AssumedRoleId', `AROA:${session}`)),
    element(
      'Credentials',
      element('AccessKeyId', accessKeyId),
      element('SecretAccessKey', secretAccessKey),
      element('SessionToken', escaped(sessionToken)),
      element('Expiration', new Date(expiresAtMs).toISOString().replace(/\.\d{3}/, '')),
    ),
    element('Provider', 'accounts.google.com'),
  );
  return `<${ACTION}Response xmlns="${NAMESPACE}">${result}${element('ResponseMetadata', element('RequestId', 'r'))}</${ACTION}Response>`;
}

/** STS words a refusal in another way than EC2. */
export function stsRefusal(code: string, message: string): string {
  const error = element(
    'Error',
    element('Type', 'Sender'),
    element('Code', code),
    element('Message', escaped(message)),
  );
  return `<ErrorResponse xmlns="${NAMESPACE}">${error}${element('RequestId', 'r')}</ErrorResponse>`;
}
