import {scrubMessage} from '../../../secret';
import type {ConsoleOutput} from '../../console-line';
import {type Call, type ComputeClients, callCompute, isAbsent, TimedOut} from './call';
import type {Compute, ComputeErrorItem, Instance, InstanceStatus, OperationResult} from './compute';
import {ComputeFailure} from './errors';

/** Time-out for all pages of a list together. The sweep waits 30 s for a provider's list (shared/sweep/machines.ts). */
const LIST_TIMEOUT_MS = 25_000;

/** A person waits for the answer, and the line is not worth more (shared/diagnosis/look-ups.ts). */
const SERIAL_TIMEOUT_MS = 5_000;

const STATUSES: readonly string[] = [
  'PENDING',
  'PROVISIONING',
  'STAGING',
  'RUNNING',
  'STOPPING',
  'SUSPENDING',
  'SUSPENDED',
  'REPAIRING',
  'TERMINATED',
  'DEPROVISIONING',
] satisfies InstanceStatus[];

export type InstancesPort = Pick<
  Compute,
  'insertInstance' | 'getInstance' | 'serialOutput' | 'deleteInstance' | 'powerInstance'
>;

/** @see https://cloud.google.com/compute/docs/reference/rest/v1/instances */
export function instancesApi(clients: ComputeClients, project: () => Promise<string>): InstancesPort {
  return {
    async insertInstance({zone, sourceInstanceTemplate, body, requestId}) {
      const {disks, ...rest} = body;
      const call: Call = {
        what: `insert instance ${body.name} in ${zone}`,
        secrets: (body.metadata.items ?? []).map(({value}) => value),
      };
      return callCompute(call, async (options) => {
        const client = await clients.instances();
        const request = {
          project: await project(),
          zone,
          sourceInstanceTemplate,
          requestId,
          instanceResource: {
            ...rest,
            metadata: {items: [...(body.metadata.items ?? [])]},
            ...(disks ? {disks: [...disks]} : {}),
          },
        };
        const [operation] = await client.insert(request, options);
        return operationOf(call, zone, operation);
      });
    },

    async getInstance(zone, name) {
      const call = {what: `get instance ${name} in ${zone}`};
      return callCompute(call, async (options) => {
        const client = await clients.instances();
        const [instance] = await client.get({project: await project(), zone, instance: name}, options);
        return readInstance(instance, zone, name);
      }).catch((error: unknown) => {
        if (isGone(error, zone, name)) return undefined;
        throw error;
      });
    },

    /** @see https://cloud.google.com/compute/docs/reference/rest/v1/instances/getSerialPortOutput */
    async serialOutput(zone, name) {
      const call = {what: `read the serial port of instance ${name} in ${zone}`, timeoutMs: SERIAL_TIMEOUT_MS};
      return callCompute(call, async (options) => {
        const client = await clients.instances();
        const [output] = await client.getSerialPortOutput({project: await project(), zone, instance: name}, options);
        return readSerialOutput(output);
      }).catch((error: unknown) => {
        if (isGone(error, zone, name)) return undefined;
        throw error;
      });
    },

    async deleteInstance(zone, name, requestId) {
      const call = {what: `delete instance ${name} in ${zone}`};
      return callCompute(call, async (options) => {
        const client = await clients.instances();
        await client.delete({project: await project(), zone, instance: name, requestId}, options);
        return 'accepted' as const;
      }).catch((error: unknown) => {
        if (isGone(error, zone, name)) return 'absent' as const;
        throw error;
      });
    },

    async powerInstance(action, zone, name, requestId) {
      const call = {what: `${action} instance ${name} in ${zone}`};
      return callCompute(call, async (options) => {
        const client = await clients.instances();
        const request = {project: await project(), zone, instance: name, requestId};
        const [operation] = await client[action](request, options);
        return operationOf(call, zone, operation);
      });
    },
  };
}

/** Whether Compute Engine says that the VM, or its zone, does not exist. */
export function isGone(error: unknown, zone: string, name: string): boolean {
  return isAbsent(error, `zones/${zone}/instances/${name}`) || isAbsent(error, `zones/${zone}`);
}

/** Reads the operation from the wrapper of the library, whose type does not declare it. */
function operationOf({what}: Call, zone: string, wrapped: {latestResponse?: unknown}): {zone: string; name: string} {
  const operation = wrapped.latestResponse as {name?: string | null} | undefined;
  if (operation?.name) return {zone, name: operation.name};
  throw new ComputeFailure('uncertain', 'NO_OPERATION', `${what}: Compute Engine's answer names no operation`);
}

/** Reads the output of the REST API, whose 64-bit numbers are strings. `start`: the first byte of the contents among all that were written. */
export function readSerialOutput({
  contents,
  start,
}: {
  readonly contents?: string | null | undefined;
  readonly start?: unknown;
}): ConsoleOutput {
  return {contents: contents ?? '', isCut: Number(start ?? 0) > 0};
}

/** Reads an instance of the REST API. */
export function readInstance(
  raw: {
    readonly name?: string | null | undefined;
    readonly status?: unknown;
    readonly labels?: {readonly [key: string]: string} | null | undefined;
    readonly creationTimestamp?: string | null | undefined;
    readonly lastStartTimestamp?: string | null | undefined;
    readonly lastStopTimestamp?: string | null | undefined;
    /** A URL. */
    readonly machineType?: string | null | undefined;
    readonly scheduling?: {readonly provisioningModel?: unknown} | null | undefined;
  },
  zone: string,
  name = raw.name ?? '',
): Instance {
  return {
    name: raw.name ?? name,
    zone,
    status: statusOf(raw.status),
    labels: raw.labels ?? {},
    creationTimestamp: raw.creationTimestamp ?? '',
    lastStartTimestamp: raw.lastStartTimestamp ?? '',
    lastStopTimestamp: raw.lastStopTimestamp ?? '',
    ...(raw.machineType ? {machineType: raw.machineType.slice(raw.machineType.lastIndexOf('/') + 1)} : {}),
    isSpot: raw.scheduling?.provisioningModel === 'SPOT',
  };
}

/** `STOPPED` is the newer word for `TERMINATED`. An unknown status is treated as not ended. */
function statusOf(status: unknown): InstanceStatus {
  if (status === 'STOPPED') return 'TERMINATED';
  return STATUSES.includes(String(status)) ? (status as InstanceStatus) : 'PENDING';
}

/** @see https://cloud.google.com/compute/docs/reference/rest/v1/instances/aggregatedList */
export function listsApi(
  clients: ComputeClients,
  project: () => Promise<string>,
): Pick<Compute, 'listInstances' | 'wasPreempted'> {
  return {
    async listInstances(labels) {
      const call = {what: 'list the instances of all zones', timeoutMs: LIST_TIMEOUT_MS};
      return callCompute(call, async (options) => {
        const client = await clients.instances();
        const request = {
          project: await project(),
          filter: labelFilter(labels),
          // Makes an unreachable zone an error instead of a warning.
          returnPartialSuccess: false,
          maxResults: 500,
        };
        const found: Instance[] = [];
        // Without this the library logs a warning about its own default.
        const paging = {...options, autoPaginate: false};
        for await (const [scope, {instances, warning}] of client.aggregatedListAsync(request, paging)) {
          if (warning?.code === 'UNREACHABLE') throw unreachable(scope);
          const zone = scope.replace(/^zones\//, '');
          for (const instance of instances ?? []) found.push(readInstance(instance, zone));
        }
        return found;
      });
    },

    async wasPreempted(zone, name) {
      const call = {what: `look for a preemption of ${name} in ${zone}`};
      return callCompute(call, async (options) => {
        const client = await clients.zoneOperations();
        const request = {project: await project(), zone, filter: preemptionFilter(name), maxResults: 100};
        const [operations] = await client.list(request, {...options, autoPaginate: false});
        return operations.some((operation) => isOf(name, operation));
      });
    },
  };
}

/** @see https://cloud.google.com/compute/docs/reference/rest/v1/instances/list#body.QUERY_PARAMETERS.filter */
export function labelFilter(labels: Readonly<Record<string, string>>): string {
  return Object.entries(labels)
    .map(([key, value]) => `(labels.${key} = "${value}")`)
    .join(' ');
}

/** @see https://cloud.google.com/compute/docs/instances/preemptible#determine_if_your_instances_were_preempted */
export function preemptionFilter(name: string): string {
  return `(operationType = "compute.instances.preempted") AND (targetLink : "/instances/${name}")`;
}

/** Whether the operation is about this VM: the filter also finds longer names. */
export function isOf(name: string, {targetLink}: {readonly targetLink?: string | null | undefined}): boolean {
  return targetLink?.endsWith(`/instances/${name}`) ?? false;
}

export function unreachable(scope: string): ComputeFailure {
  return new ComputeFailure(
    'uncertain',
    'UNREACHABLE',
    `list the instances of all zones: ${scope} cannot be reached, so the list is not complete`,
  );
}

/**
 * Waits at the server, which answers after two minutes at the latest, even if the operation still runs. The time-out here is shorter.
 *
 * @see https://cloud.google.com/compute/docs/reference/rest/v1/zoneOperations/wait
 */
export function operationsApi(
  clients: ComputeClients,
  project: () => Promise<string>,
): Pick<Compute, 'waitForOperation'> {
  return {
    async waitForOperation({zone, name}, timeoutSeconds) {
      const call = {what: `wait for operation ${name} in ${zone}`, timeoutMs: timeoutSeconds * 1000};
      try {
        return await callCompute(call, async (options) => {
          const client = await clients.zoneOperations();
          const [operation] = await client.wait({project: await project(), zone, operation: name}, options);
          return resultOf(operation);
        });
      } catch (error) {
        if (error instanceof TimedOut) return {kind: 'running'};
        throw error;
      }
    },
  };
}

interface RawOperation {
  readonly status?: unknown;
  readonly error?: {
    readonly errors?: readonly {readonly code?: string | null; readonly message?: string | null}[] | null;
  } | null;
  readonly httpErrorStatusCode?: number | null;
  readonly httpErrorMessage?: string | null;
}

function resultOf(operation: RawOperation): OperationResult {
  const errors: ComputeErrorItem[] = (operation.error?.errors ?? []).map(({code, message}) => ({
    code: code ?? 'UNKNOWN',
    message: scrubMessage(message ?? 'no message'),
  }));
  if (errors.length > 0) return {kind: 'failed', errors};
  if (operation.httpErrorStatusCode) {
    const message = scrubMessage(operation.httpErrorMessage ?? 'no message');
    return {kind: 'failed', errors: [{code: `HTTP_${operation.httpErrorStatusCode}`, message}]};
  }
  return operation.status === 'DONE' ? {kind: 'done'} : {kind: 'running'};
}
