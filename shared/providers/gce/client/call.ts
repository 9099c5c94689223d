import {InstanceTemplatesClient} from '@google-cloud/compute/build/src/v1/instance_templates_client';
import {InstancesClient} from '@google-cloud/compute/build/src/v1/instances_client';
import {RegionInstanceTemplatesClient} from '@google-cloud/compute/build/src/v1/region_instance_templates_client';
import {ZoneOperationsClient} from '@google-cloud/compute/build/src/v1/zone_operations_client';
import {ZonesClient} from '@google-cloud/compute/build/src/v1/zones_client';
import {GoogleAuth, PassThroughClient} from 'google-auth-library';
import {withDeadline} from '../../../clock';
import {googleAnswer} from '../../../google-answer';
import {scrubMessage} from '../../../secret';
import {ComputeFailure, classifyRequest, missingResource, type RefusedRequest} from './errors';

/** Time-out of a call that does not wait at the server. */
export const CALL_TIMEOUT_MS = 15_000;

/** Beyond the client's own time-out, which does not cover fetching a token. */
const GUARD_MS = 2_000;

export interface CallOptions {
  readonly timeout: number;
  /** The library retries by itself; we do not let it: a repeated insert is our decision. */
  readonly retry: null;
}

export interface Call {
  /** For the message: what was asked of Compute Engine, e.g. `insert instance x in us-central1-a`. */
  readonly what: string;
  readonly timeoutMs?: number;
  /** Values that no message may hold. */
  readonly secrets?: readonly string[];
}

/** A call that did not answer in time. Only waiting for an operation may treat it as an answer. */
export class TimedOut extends ComputeFailure {
  constructor(what: string, timeoutMs: number) {
    super(
      'uncertain',
      'TIME_OUT',
      `${what}: Compute Engine gave no answer within ${timeoutMs} ms; it may have taken effect`,
    );
  }
}

/** Runs one call of a client. Any failure is a `ComputeFailure`, without the original error, which may hold the request. */
export async function callCompute<T>(call: Call, run: (options: CallOptions) => Promise<T>): Promise<T> {
  const timeout = call.timeoutMs ?? CALL_TIMEOUT_MS;
  const timedOut = () => new TimedOut(call.what, timeout);
  try {
    return await withDeadline(timeout + GUARD_MS, run({timeout, retry: null}), timedOut);
  } catch (error) {
    if (error instanceof ComputeFailure) throw error;
    throw isDeadline(error) ? timedOut() : toComputeFailure(call, readError(error));
  }
}

/**
 * Whether a call failed because Compute Engine itself says that `path` does not exist, e.g. `zones/us-central1-a/instances/x`. Another
 * sender's 404, or a 404 about something else, says nothing of it.
 */
export function isAbsent(error: unknown, path: string): boolean {
  return error instanceof ComputeFailure && (error.missing?.endsWith(`/${path}`) ?? false);
}

/** A refused request as the failure that callers act on. */
export function toComputeFailure({what, secrets}: Call, refused: RefusedRequest): ComputeFailure {
  const {failureClass, code} = withoutCredentials(refused.message)
    ? {failureClass: 'denied' as const, code: 'NO_CREDENTIALS'}
    : classifyRequest(refused);
  const status = refused.status === undefined ? 'no answer' : `HTTP ${refused.status}`;
  const sender = refused.status === undefined || refused.reason ? '' : " (not Compute Engine's own answer)";
  const missing = missingResource(refused);
  return new ComputeFailure(
    failureClass,
    code,
    `${what}: ${status}${sender}, ${code}: ${scrubMessage(refused.message, secrets)}`,
    missing === undefined ? {} : {missing},
  );
}

function withoutCredentials(message: string): boolean {
  return message.includes('Could not load the default credentials');
}

/** gRPC's DEADLINE_EXCEEDED, given by the client itself: no HTTP answer came. */
function isDeadline(error: unknown): boolean {
  return isObject(error) && error['code'] === 4 && error['httpStatusCode'] === undefined;
}

function readError(error: unknown): RefusedRequest {
  if (!isObject(error)) return {message: String(error)};
  const message = typeof error['message'] === 'string' ? error['message'] : 'no message';
  const status = error['httpStatusCode'];
  const reason = googleAnswer(error)?.reason;
  return {message, ...(typeof status === 'number' ? {status} : {}), ...(reason ? {reason} : {})};
}

function isObject(value: unknown): value is Record<PropertyKey, unknown> {
  return typeof value === 'object' && value !== null;
}

/** A plain-HTTP emulator of Compute Engine's REST API. */
export interface ComputeEmulator {
  readonly host: string;
  readonly port: number;
}

/**
 * The REST clients, each made when it is first used: the package as a whole takes seconds to load, and a client that is not needed
 * costs memory.
 */
export interface ComputeClients {
  readonly instances: () => Promise<InstancesClient>;
  readonly zoneOperations: () => Promise<ZoneOperationsClient>;
  readonly instanceTemplates: () => Promise<InstanceTemplatesClient>;
  readonly regionInstanceTemplates: () => Promise<RegionInstanceTemplatesClient>;
  readonly zones: () => Promise<ZonesClient>;
}

type ClientOptions = NonNullable<ConstructorParameters<typeof InstancesClient>[0]>;

export function createClients(emulator: ComputeEmulator | undefined): ComputeClients {
  const options = clientOptions(emulator);
  return {
    instances: lazyClient(() => new InstancesClient(options())),
    zoneOperations: lazyClient(() => new ZoneOperationsClient(options())),
    instanceTemplates: lazyClient(() => new InstanceTemplatesClient(options())),
    regionInstanceTemplates: lazyClient(() => new RegionInstanceTemplatesClient(options())),
    zones: lazyClient(() => new ZonesClient(options())),
  };
}

/** One GoogleAuth for all clients, so that they share a token. The clients write into their options: each gets its own. */
function clientOptions(emulator: ComputeEmulator | undefined): () => ClientOptions {
  if (!emulator) {
    const auth = new GoogleAuth({scopes: ['https://www.googleapis.com/auth/cloud-platform']});
    return () => ({auth});
  }
  // Without an auth of our own the clients would first ask a metadata server that is not there.
  const auth = new GoogleAuth({authClient: new PassThroughClient()});
  return () => ({auth, apiEndpoint: emulator.host, port: emulator.port, protocol: 'http'});
}

/**
 * A client is initialised before its first call, and made anew when that failed: the generated methods throw a failed initialisation
 * outside of any promise that we could catch, which would end the process.
 */
function lazyClient<T extends {initialize(): Promise<unknown>}>(make: () => T): () => Promise<T> {
  let ready: Promise<T> | undefined;
  return () => {
    ready ??= initialise(make()).catch((error: unknown) => {
      ready = undefined;
      throw error;
    });
    return ready;
  };
}

async function initialise<T extends {initialize(): Promise<unknown>}>(client: T): Promise<T> {
  await client.initialize();
  return client;
}
