/** Resources as the model keeps them; render.ts spells them as the REST API does. */
export type Json = {readonly [key: string]: unknown};

export interface TemplateProperties extends Json {
  readonly machineType: string;
  readonly metadata?: {readonly items?: readonly MetadataItem[]};
  readonly labels?: Readonly<Record<string, string>>;
  readonly scheduling?: Json;
}

export interface MetadataItem {
  readonly key: string;
  readonly value: string;
}

export interface Template {
  readonly name: string;
  /** A global template has none. */
  readonly region?: string;
  readonly properties: TemplateProperties;
}

/** @see https://cloud.google.com/compute/docs/instances/instance-lifecycle */
export type Status =
  | 'PROVISIONING'
  | 'STAGING'
  | 'RUNNING'
  | 'STOPPING'
  | 'TERMINATED'
  | 'SUSPENDING'
  | 'SUSPENDED'
  | 'REPAIRING';

export interface Instance {
  readonly id: string;
  readonly name: string;
  readonly zone: string;
  readonly machineType: string;
  metadata: readonly MetadataItem[];
  readonly scheduling: Json;
  readonly createdAtMs: number;
  /** What else the template and the body gave it: disks, networkInterfaces, tags and so on, as REST has them. */
  readonly properties: Json;
  labels: Readonly<Record<string, string>>;
  status: Status;
  startedAtMs?: number | undefined;
  stoppedAtMs?: number | undefined;
  /** When its run time is over; none while it is not running. */
  endsAtMs?: number | undefined;
  /** When it was suspended last. */
  suspendedAtMs?: number | undefined;
  /** What it wrote to its serial port, over all of its boots. */
  printed?: string | undefined;
  /** What the guest has told of itself, by `<namespace>/<key>`. It outlives a stop. */
  guestAttributes?: ReadonlyMap<string, string>;
}

export interface OperationError {
  readonly code: string;
  readonly message: string;
  readonly errorDetails?: readonly Json[];
}

export interface Operation {
  readonly id: string;
  readonly name: string;
  readonly zone: string;
  /** `insert`, `delete`, `start`, … and of the platform itself `compute.instances.preempted` and the like. */
  readonly operationType: string;
  readonly target: string;
  readonly targetId: string;
  readonly user: string;
  readonly clientOperationId: string | undefined;
  readonly insertedAtMs: number;
  /** PENDING until then. */
  readonly startsAtMs: number;
  readonly doneAtMs: number;
  status: 'RUNNING' | 'DONE';
  errors: readonly OperationError[];
}

/** Refused at the door: an HTTP error as the API answers it. */
export class ApiError extends Error {
  constructor(
    readonly status: number,
    readonly reason: string,
    message: string,
    readonly domain = status === 403 ? 'usageLimits' : 'global',
  ) {
    super(message);
    this.name = 'ApiError';
  }
}

export function invalid(message: string): ApiError {
  return new ApiError(400, 'invalid', message);
}

/** `path` from the project on, e.g. `zones/z/instances/i`. */
export function notFound(path: string): ApiError {
  return new ApiError(404, 'notFound', `The resource 'projects/p/${path}' was not found`);
}

/** An operation that its instance's status does not allow. */
export function notReady({zone, name}: Instance): ApiError {
  const path = `projects/p/zones/${zone}/instances/${name}`;
  return new ApiError(400, 'resourceNotReady', `The resource '${path}' is not ready`, 'global');
}

/** A request for what Compute Engine never does with such a machine, or not while it is in this status. */
export function unsupported(message: string): ApiError {
  return new ApiError(400, 'unsupportedOperation', message);
}

export function isSpot({scheduling}: Pick<Instance, 'scheduling'>): boolean {
  // A legacy preemptible VM has the model STANDARD and is preempted all the same.
  return scheduling['provisioningModel'] === 'SPOT' || scheduling['preemptible'] === true;
}

/** @see https://www.rfc-editor.org/rfc/rfc7396 — objects are merged, everything else, arrays too, is replaced. */
export function mergePatch(target: unknown, patch: unknown): unknown {
  if (!isObject(patch)) return patch;
  const merged: Record<string, unknown> = isObject(target) ? {...target} : {};
  for (const [key, value] of Object.entries(patch)) {
    if (value === null) delete merged[key];
    else merged[key] = mergePatch(merged[key], value);
  }
  return merged;
}

export function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
