import {scrubMessage} from '../../../secret';
import {type Call, type ComputeClients, callCompute, TimedOut} from './call';
import type {Compute, ComputeErrorItem, Instance, OperationResult} from './compute';
import {ComputeFailure} from './errors';
import {
  isGone,
  operationOf,
  type RawInstance,
  readInstance,
  readInstanceDetails,
  readSerialOutput,
  unlessGone,
} from './read-instance';
import {standbyCalls} from './standby-calls';

/** Time-out for all pages of a list together. The sweep waits 30 s for a provider's list (shared/sweep/machines.ts). */
const LIST_TIMEOUT_MS = 25_000;

/** A person waits for the answer, and the line is not worth more (shared/diagnosis/look-ups.ts). */
const SERIAL_TIMEOUT_MS = 5_000;

export type InstancesPort = Pick<
  Compute,
  | 'insertInstance'
  | 'getInstance'
  | 'getInstanceDetails'
  | 'serialOutput'
  | 'deleteInstance'
  | 'powerInstance'
  | 'setMetadata'
  | 'setLabels'
  | 'guestAttribute'
>;

/** @see https://cloud.google.com/compute/docs/reference/rest/v1/instances */
export function instancesApi(clients: ComputeClients, project: () => Promise<string>): InstancesPort {
  const get = <T>(zone: string, name: string, read: (raw: RawInstance, zone: string, name: string) => T) =>
    callCompute({what: `get instance ${name} in ${zone}`}, async (options) => {
      const client = await clients.instances();
      const [instance] = await client.get({project: await project(), zone, instance: name}, options);
      return read(instance, zone, name);
    }).catch(unlessGone(zone, name));
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

    getInstance: (zone, name) => get(zone, name, readInstance),

    getInstanceDetails: (zone, name) => get(zone, name, readInstanceDetails),

    ...standbyCalls(clients, project),

    /** @see https://cloud.google.com/compute/docs/reference/rest/v1/instances/getSerialPortOutput */
    async serialOutput(zone, name) {
      const call = {what: `read the serial port of instance ${name} in ${zone}`, timeoutMs: SERIAL_TIMEOUT_MS};
      return callCompute(call, async (options) => {
        const client = await clients.instances();
        const [output] = await client.getSerialPortOutput({project: await project(), zone, instance: name}, options);
        return readSerialOutput(output);
      }).catch(unlessGone(zone, name));
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
