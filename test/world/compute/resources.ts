/** Resources as the REST API spells them, as far as the model knows them. */
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

export type Status = 'PROVISIONING' | 'STAGING' | 'RUNNING' | 'STOPPING' | 'TERMINATED';

export interface Instance {
  readonly id: string;
  readonly name: string;
  readonly zone: string;
  readonly machineType: string;
  readonly labels: Readonly<Record<string, string>>;
  readonly metadata: readonly MetadataItem[];
  readonly scheduling: Json;
  readonly createdAtMs: number;
  status: Status;
}

export interface OperationError {
  readonly code: string;
  readonly message: string;
}

export interface Operation {
  readonly name: string;
  readonly zone: string;
  readonly operationType: 'insert' | 'delete';
  readonly target: string;
  readonly clientOperationId: string | undefined;
  readonly insertedAtMs: number;
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
  ) {
    super(message);
  }
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

function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
