import {createHash, createHmac} from 'node:crypto';
import {AwsRefusal} from './instances';
import type {AwsCredential} from './sts';

/** A request as it arrived. Names of headers in lower case. */
export interface SignedRequest {
  readonly method: string;
  readonly path: string;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: string;
}

/** A signature is valid for five minutes before and after its date. */
const VALID_MS = 5 * 60_000;

const FORM =
  /^AWS4-HMAC-SHA256 Credential=([^/]+)\/(\d{8})\/([a-z0-9-]+)\/([a-z0-9]+)\/aws4_request, ?SignedHeaders=([a-z0-9;-]+), ?Signature=([0-9a-f]{64})$/;

/**
 * Checks the signature of a request, as AWS does; returns the region in it. Written from the specification and not from the client.
 *
 * @see https://docs.aws.amazon.com/IAM/latest/UserGuide/create-signed-request.html
 * @throws AwsRefusal
 */
export function verifySignature(
  request: SignedRequest,
  credentialOf: (accessKeyId: string) => AwsCredential | undefined,
  nowMs: number,
): string {
  const [, keyId = '', day = '', region = '', service = '', signed = '', signature] =
    FORM.exec(request.headers['authorization'] ?? '') ?? [];
  if (signature === undefined) throw new AwsRefusal(401, 'AuthFailure', 'The request has no valid signature');
  const credential = credentialOf(keyId);
  if (!credential) throw authFailure();
  const date = request.headers['x-amz-date'] ?? '';
  const names = signed.split(';');
  if (!['host', 'x-amz-date', 'x-amz-security-token'].every((name) => names.includes(name))) throw authFailure();
  if (service !== 'ec2' || !date.startsWith(day)) throw authFailure();
  if (request.headers['x-amz-security-token'] !== credential.sessionToken) throw authFailure();
  const canonical = [
    request.method,
    request.path,
    '',
    ...names.map((name) => `${name}:${(request.headers[name] ?? '').trim().replace(/ +/g, ' ')}`),
    '',
    signed,
    sha256(request.body),
  ].join('\n');
  const scope = `${day}/${region}/${service}/aws4_request`;
  const text = ['AWS4-HMAC-SHA256', date, scope, sha256(canonical)].join('\n');
  const key = [day, region, service, 'aws4_request'].reduce<Buffer | string>(hmac, `AWS4${credential.secretAccessKey}`);
  if (hmac(key, text).toString('hex') !== signature) {
    throw new AwsRefusal(403, 'SignatureDoesNotMatch', 'The request signature we calculated does not match');
  }
  const sentMs = Date.parse(date.replace(/^(\d{4})(\d\d)(\d\d)T(\d\d)(\d\d)(\d\d)Z$/, '$1-$2-$3T$4:$5:$6Z'));
  if (!(Math.abs(nowMs - sentMs) <= VALID_MS) || nowMs >= credential.expiresAtMs) {
    throw new AwsRefusal(400, 'RequestExpired', 'Request has expired.');
  }
  return region;
}

function authFailure(): AwsRefusal {
  return new AwsRefusal(401, 'AuthFailure', 'AWS was not able to validate the provided access credentials');
}

function sha256(text: string): string {
  return createHash('sha256').update(text).digest('hex');
}

function hmac(key: Buffer | string, text: string): Buffer {
  return createHmac('sha256', key).update(text).digest();
}
