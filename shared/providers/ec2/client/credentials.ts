import {TtlCache} from '../../../cache';
import {type Clock, withDeadline} from '../../../clock';
import {MINUTE_MS} from '../../../durations';
import {Ec2Failure, RoleRefused} from './errors';
import {FORM, formOf, postForm} from './send';
import {textAt, type XmlElement} from './xml';

/** Credentials of an assumed role. */
export interface AwsCredentials {
  readonly accessKeyId: string;
  readonly secretAccessKey: string;
  readonly sessionToken: string;
  /** Milliseconds since the epoch. */
  readonly expiresAtMs: number;
}

/** Reads the identity token of the function's service account for an audience. */
export type ReadIdentityToken = (audience: string) => Promise<string>;

export interface CredentialsOptions {
  readonly roleArn: string;
  readonly audience: string;
  /** Names the session in CloudTrail. */
  readonly sessionName: string;
  readonly stsUrl: string;
  readonly clock: Pick<Clock, 'now'>;
  readonly identityToken?: ReadIdentityToken;
}

/** Before their end credentials are renewed, so that none ends during a call. */
const RENEW_BEFORE_MS = 5 * MINUTE_MS;
const LIFETIME_SECONDS = 3600;
const TOKEN_TIMEOUT_MS = 5_000;
const VERSION = '2011-06-15';

/** The credentials of a role, which many callers share. */
export interface RoleCredentials {
  current(): Promise<AwsCredentials>;
  /** The next call assumes the role again. */
  forget(): void;
}

/**
 * Assumes the role with the identity token of the function's service account: no key of AWS is stored anywhere. Kept until five minutes
 * before their end; callers at the same time share one renewal. Throws `Ec2Failure`.
 *
 * @see https://docs.aws.amazon.com/STS/latest/APIReference/API_AssumeRoleWithWebIdentity.html
 */
export function roleCredentials(options: CredentialsOptions): RoleCredentials {
  const {identityToken = readIdentityToken, clock} = options;
  const cache = new TtlCache<AwsCredentials>(clock);
  const KEY = 'role';
  return {
    current: () =>
      cache.load(
        KEY,
        async () => assumeRole(options, await identityToken(options.audience)),
        ({expiresAtMs}) => expiresAtMs - RENEW_BEFORE_MS,
      ),
    forget: () => cache.delete(KEY),
  };
}

/** @see https://cloud.google.com/compute/docs/instances/verifying-instance-identity */
async function readIdentityToken(audience: string): Promise<string> {
  const what = 'read the identity token of the service account';
  const silent = () => new Ec2Failure('uncertain', 'NO_ANSWER', `${what}: the metadata server did not answer in time`);
  try {
    const {instance} = await import('gcp-metadata');
    const property = 'service-accounts/default/identity';
    const reading = instance<string>({property, params: {audience, format: 'full'}});
    return String(await withDeadline(TOKEN_TIMEOUT_MS, reading, silent));
  } catch (error) {
    if (error instanceof Ec2Failure) throw error;
    // Nothing was sent to AWS. Outside of Google Cloud there is no such server.
    throw new Ec2Failure('rate', 'NO_IDENTITY_TOKEN', `${what}: the metadata server gave none`);
  }
}

async function assumeRole(
  {roleArn, sessionName, stsUrl}: CredentialsOptions,
  identityToken: string,
): Promise<AwsCredentials> {
  const what = `assume role ${roleArn}`;
  const body = formOf('AssumeRoleWithWebIdentity', VERSION, {
    RoleArn: roleArn,
    RoleSessionName: sessionName,
    WebIdentityToken: identityToken,
    DurationSeconds: String(LIFETIME_SECONDS),
  });
  try {
    const answer = await postForm({what, url: stsUrl, headers: {'content-type': FORM}, body, secrets: [identityToken]});
    return readCredentials(what, answer);
  } catch (error) {
    if (!(error instanceof Ec2Failure)) throw error;
    throw refusalOf(error);
  }
}

/** A failed assumption has no effect: it is never uncertain. A refusal says what to look at. */
function refusalOf({failureClass, code, message}: Ec2Failure): Ec2Failure {
  if (failureClass === 'uncertain') return new Ec2Failure('rate', code, message);
  const hints: Readonly<Record<string, string>> = {
    AccessDenied:
      'there is no such role, or the conditions of its trust policy do not fit: aud and sub are the unique id of the service account, oaud is AWS_WEB_IDENTITY_AUDIENCE',
    InvalidIdentityToken:
      'the role must trust accounts.google.com itself, and the account must have no OIDC provider for it',
  };
  const hint = Object.hasOwn(hints, code) ? `; ${hints[code]}` : '';
  const Failure = failureClass === 'denied' || hint !== '' ? RoleRefused : Ec2Failure;
  return new Failure(failureClass, code, `${message}${hint}`);
}

function readCredentials(what: string, answer: XmlElement): AwsCredentials {
  const path = ['AssumeRoleWithWebIdentityResult', 'Credentials'] as const;
  const read = {
    accessKeyId: textAt(answer, ...path, 'AccessKeyId'),
    secretAccessKey: textAt(answer, ...path, 'SecretAccessKey'),
    sessionToken: textAt(answer, ...path, 'SessionToken'),
    expiresAtMs: Date.parse(textAt(answer, ...path, 'Expiration')),
  };
  if (read.accessKeyId && read.secretAccessKey && read.sessionToken && !Number.isNaN(read.expiresAtMs)) return read;
  throw new Ec2Failure('rate', 'NO_CREDENTIALS', `${what}: the answer has no credentials`);
}
