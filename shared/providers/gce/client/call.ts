import {InstanceTemplatesClient} from '@google-cloud/compute/build/src/v1/instance_templates_client';
import {InstancesClient} from '@google-cloud/compute/build/src/v1/instances_client';
import {RegionInstanceTemplatesClient} from '@google-cloud/compute/build/src/v1/region_instance_templates_client';
import {RegionsClient} from '@google-cloud/compute/build/src/v1/regions_client';
import {ZoneOperationsClient} from '@google-cloud/compute/build/src/v1/zone_operations_client';
import {ZonesClient} from '@google-cloud/compute/build/src/v1/zones_client';
import {withDeadline} from '../../../clock';
import {
  type GoogleEmulator,
  googleClientOptions,
  isDeadline,
  lacksCredentials,
  lazyClient,
  readRefusal,
} from '../../../google-call';
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
    throw isDeadline(error) ? timedOut() : toComputeFailure(call, readRefusal(error));
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
  const {failureClass, code} = lacksCredentials(refused.message)
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

/** A plain-HTTP emulator of Compute Engine's REST API. */
export type ComputeEmulator = GoogleEmulator;

/** The REST clients. Each is created at its first use: the whole package takes seconds to load, and an unused client costs memory. */
export interface ComputeClients {
  readonly instances: () => Promise<InstancesClient>;
  readonly zoneOperations: () => Promise<ZoneOperationsClient>;
  readonly instanceTemplates: () => Promise<InstanceTemplatesClient>;
  readonly regionInstanceTemplates: () => Promise<RegionInstanceTemplatesClient>;
  readonly zones: () => Promise<ZonesClient>;
  readonly regions: () => Promise<RegionsClient>;
}

export function createClients(emulator: ComputeEmulator | undefined): ComputeClients {
  const options = googleClientOptions(emulator);
  return {
    instances: lazyClient(() => new InstancesClient(options())),
    zoneOperations: lazyClient(() => new ZoneOperationsClient(options())),
    instanceTemplates: lazyClient(() => new InstanceTemplatesClient(options())),
    regionInstanceTemplates: lazyClient(() => new RegionInstanceTemplatesClient(options())),
    zones: lazyClient(() => new ZonesClient(options())),
    regions: lazyClient(() => new RegionsClient(options())),
  };
}
