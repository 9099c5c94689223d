import {InstanceTemplatesClient} from '@google-cloud/compute/build/src/v1/instance_templates_client';
import {InstancesClient} from '@google-cloud/compute/build/src/v1/instances_client';
import {RegionInstanceTemplatesClient} from '@google-cloud/compute/build/src/v1/region_instance_templates_client';
import {RegionsClient} from '@google-cloud/compute/build/src/v1/regions_client';
import {ZoneOperationsClient} from '@google-cloud/compute/build/src/v1/zone_operations_client';
import {ZonesClient} from '@google-cloud/compute/build/src/v1/zones_client';
import {GoogleAuth, PassThroughClient} from 'google-auth-library';
import {withDeadline} from '../../../clock';
import {googleAnswer} from '../../../google-answer';
import {scrubMessage} from '../../../secret';
import {ComputeFailure, classifyRequest, missingResource, type RefusedRequest} from './errors';

/** Time-out of a call that does not wait at the server. */
export const CALL_TIMEOUT_MS = 15_000;

/** Time beyond the time-out of the client, which does not cover fetching a token; in milliseconds. */
const GUARD_MS = 2_000;

export interface CallOptions {
  readonly timeout: number;
  /** Turns the retries of the library off: whether an insert is repeated is decided by the caller. */
  readonly retry: null;
}

export interface Call {
  /** The call as messages name it, e.g. `insert instance x in us-central1-a`. */
  readonly what: string;
  readonly timeoutMs?: number;
  /** Values that no message may contain. */
  readonly secrets?: readonly string[];
}

/** A call without an answer in time. Only a wait for an operation may count this as an answer. */
export class TimedOut extends ComputeFailure {
  constructor(what: string, timeoutMs: number) {
    super(
      'uncertain',
      'TIME_OUT',
      `${what}: Compute Engine gave no answer within ${timeoutMs} ms; it may have taken effect`,
    );
  }
}

/** Runs one call of a client. Throws every failure as a `ComputeFailure`, without the original error, which may contain the request. */
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
 * Whether Compute Engine itself says that `path` does not exist, e.g. `zones/us-central1-a/instances/x`. A 404 of another sender, or about
 * another resource, does not count.
 */
export function isAbsent(error: unknown, path: string): boolean {
  return error instanceof ComputeFailure && (error.missing?.endsWith(`/${path}`) ?? false);
}

/** Turns a refused request into the failure on which callers act. */
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

/** DEADLINE_EXCEEDED of gRPC, set by the client itself: no HTTP answer came. */
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

/** The REST clients. Each is created at its first use: the whole package takes seconds to load, and an unused client costs memory. */
export interface ComputeClients {
  readonly instances: () => Promise<InstancesClient>;
  readonly zoneOperations: () => Promise<ZoneOperationsClient>;
  readonly instanceTemplates: () => Promise<InstanceTemplatesClient>;
  readonly regionInstanceTemplates: () => Promise<RegionInstanceTemplatesClient>;
  readonly zones: () => Promise<ZonesClient>;
  readonly regions: () => Promise<RegionsClient>;
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
    regions: lazyClient(() => new RegionsClient(options())),
  };
}

/** One GoogleAuth for all clients, which share its token. Each client gets an options object of its own, because it writes into it. */
function clientOptions(emulator: ComputeEmulator | undefined): () => ClientOptions {
  if (!emulator) {
    const auth = new GoogleAuth({scopes: ['https://www.googleapis.com/auth/cloud-platform']});
    return () => ({auth});
  }
  // Without this auth the clients would first ask a metadata server, which does not exist here.
  const auth = new GoogleAuth({authClient: new PassThroughClient()});
  return () => ({auth, apiEndpoint: emulator.host, port: emulator.port, protocol: 'http'});
}

/**
 * Initialises a client before its first call, and creates it again if that failed. Otherwise the generated methods would throw the error
 * outside of any promise, which would end the process.
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
