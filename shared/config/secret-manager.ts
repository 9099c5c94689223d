import type {SecretManagerServiceClient} from '@google-cloud/secret-manager/build/src/v1/secret_manager_service_client.js';
import {withDeadline} from '../clock';
import {NoVersion, Refused, Unavailable} from '../errors';
import {isForeignAnswer} from '../google-answer';
import type {Secret} from '../secret';
import type {HostPort} from './variables';

/** The payloads of a secret, or of one of its versions, the newest first. */
export type AccessResource = (name: string) => Promise<string[]>;

/** Makes the value the newest version of a secret, `projects/P/secrets/S`. */
export type AddVersion = (secret: string, value: Secret) => Promise<void>;

/** Time limit for all calls of one read together. */
const DEADLINE_MS = 6_000;

/** Options of one call. The client's own retries are switched off, because they would outlast every deadline here; the caller retries. */
const CALL = {timeout: 3_000, retry: {retryCodes: []}};

const DEADLINE_EXCEEDED = 4;
const NOT_FOUND = 5;
const PERMISSION_DENIED = 7;
const FAILED_PRECONDITION = 9;
const UNAUTHENTICATED = 16;

export interface SecretManagerOptions {
  readonly emulator?: HostPort;
}

/**
 * Secret Manager over REST. The client library is loaded with the first read. A secret without a version gives the payloads of its
 * two newest enabled versions. Throws `Refused` (a person has to change something) or `Unavailable`.
 *
 * @see https://cloud.google.com/secret-manager/docs/reference/rest/v1/projects.secrets.versions
 */
export function createSecretManager({emulator}: SecretManagerOptions = {}): AccessResource {
  let client: Promise<SecretManagerServiceClient> | undefined;
  return (name) => {
    client ??= connect(emulator);
    const work = client.then((connected) =>
      name.includes('/versions/') ? access(connected, [name]) : accessNewest(connected, name),
    );
    return withDeadline(DEADLINE_MS, work, () => late(name)).catch((error: unknown) => {
      throw translate(error, name);
    });
  };
}

/**
 * Adds versions to secrets over REST. Throws `Refused` or `Unavailable`; after `Unavailable` the version may be there, and adding it once more
 * does no harm.
 *
 * @see https://cloud.google.com/secret-manager/docs/reference/rest/v1/projects.secrets/addVersion
 */
export function createVersionAdder({emulator}: SecretManagerOptions = {}): AddVersion {
  let client: Promise<SecretManagerServiceClient> | undefined;
  return async (secret, value) => {
    client ??= connect(emulator);
    const payload = {data: Buffer.from(value.reveal())};
    const work = client.then((connected) => connected.addSecretVersion({parent: secret, payload}, CALL));
    await withDeadline(DEADLINE_MS, work, () => late(secret)).catch((error: unknown) => {
      if (isRefusal(error)) {
        throw new Refused(
          `${secret}: Secret Manager refuses a new version; grant this service account roles/secretmanager.secretVersionAdder on the secret`,
        );
      }
      throw translate(error, secret);
    });
  };
}

function isRefusal(error: unknown): boolean {
  const code = codeOf(error);
  return (code === PERMISSION_DENIED || code === UNAUTHENTICATED) && !isForeignAnswer(error);
}

async function connect(emulator: HostPort | undefined): Promise<SecretManagerServiceClient> {
  // This file instead of the package: it loads one version of the API instead of two.
  const {SecretManagerServiceClient} = await import(
    '@google-cloud/secret-manager/build/src/v1/secret_manager_service_client.js'
  );
  if (!emulator) return new SecretManagerServiceClient({fallback: true});
  const {GoogleAuth, PassThroughClient} = await import('google-auth-library');
  return new SecretManagerServiceClient({
    fallback: true,
    apiEndpoint: emulator.host,
    port: emulator.port,
    protocol: 'http',
    auth: new GoogleAuth({projectId: 'emulator', authClient: new PassThroughClient()}),
  });
}

async function accessNewest(client: SecretManagerServiceClient, secret: string): Promise<string[]> {
  const [versions] = await client.listSecretVersions({parent: secret, filter: 'state:ENABLED'}, CALL);
  const names = versions
    .filter(({state}) => state === 'ENABLED' || state === 1)
    .flatMap(({name}) => (name ? [name] : []))
    .sort((a, b) => versionNumber(b) - versionNumber(a))
    .slice(0, 2);
  if (names.length === 0)
    throw new NoVersion(`${secret}: found no enabled version, expected one; add or enable a version`);
  return access(client, names);
}

/** The payloads of the versions. A version that was disabled after the list was read is left out. */
async function access(client: SecretManagerServiceClient, names: readonly string[]): Promise<string[]> {
  const results = await Promise.allSettled(names.map((name) => client.accessSecretVersion({name}, CALL)));
  const payloads: string[] = [];
  let disabled: unknown;
  for (const result of results) {
    if (result.status === 'fulfilled') payloads.push(payloadText(result.value[0].payload?.data));
    else if (isDisabled(result.reason)) disabled = result.reason;
    else throw result.reason;
  }
  if (payloads.length === 0) throw disabled;
  return payloads;
}

function isDisabled(error: unknown): boolean {
  return codeOf(error) === FAILED_PRECONDITION && !isForeignAnswer(error);
}

function payloadText(data: Uint8Array | string | null | undefined): string {
  if (typeof data === 'string') return Buffer.from(data, 'base64').toString('utf8');
  return data ? Buffer.from(data).toString('utf8') : '';
}

function versionNumber(name: string): number {
  return Number(name.slice(name.lastIndexOf('/') + 1));
}

function translate(error: unknown, name: string): Error {
  if (error instanceof Refused || error instanceof Unavailable) return error;
  if (isForeignAnswer(error)) {
    const status = String(Reflect.get(Object(error), 'httpStatusCode'));
    return new Unavailable(
      `${name}: found the answer ${status} of another sender than Secret Manager (no access token, or a proxy), expected a version; check the metadata server and the network if this lasts`,
      10,
    );
  }
  switch (codeOf(error)) {
    case NOT_FOUND:
      return new Refused(`${name}: found nothing in Secret Manager, expected a secret with an enabled version`);
    case FAILED_PRECONDITION:
      return new Refused(`${name}: found a disabled or destroyed version, expected an enabled one`);
    case PERMISSION_DENIED:
    case UNAUTHENTICATED:
      return new Refused(
        `${name}: Secret Manager refuses access; grant this service account roles/secretmanager.secretAccessor (and roles/secretmanager.viewer for a name without a version) on the secret`,
      );
    case DEADLINE_EXCEEDED:
      return late(name);
    default:
      return new Unavailable(`${name}: Secret Manager failed (code ${codeOf(error) ?? 'unknown'})`, 10);
  }
}

function late(name: string): Unavailable {
  return new Unavailable(`${name}: Secret Manager did not answer in time`, 10);
}

/** The gRPC code of an error; the REST transport maps HTTP statuses to gRPC codes, too. */
function codeOf(error: unknown): number | undefined {
  const code = (error as {code?: unknown} | undefined)?.code;
  return typeof code === 'number' ? code : undefined;
}
