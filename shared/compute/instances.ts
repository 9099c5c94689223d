import {type Call, callCompute, isAbsent} from './call';
import type {ComputeClients} from './clients';
import type {Compute, Instance, InstanceStatus} from './compute';
import {ComputeFailure} from './failure';

export type InstancesPort = Pick<Compute, 'insertInstance' | 'getInstance' | 'deleteInstance' | 'powerInstance'>;

/** @see https://cloud.google.com/compute/docs/reference/rest/v1/instances */
export function instancesOver(clients: ComputeClients, project: () => Promise<string>): InstancesPort {
  return {
    async insertInstance({zone, sourceInstanceTemplate, body, requestId}) {
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
          instanceResource: {...body, metadata: {items: [...(body.metadata.items ?? [])]}},
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

/** Compute Engine says that there is no such VM, or no such zone that it could be in. */
export function isGone(error: unknown, zone: string, name: string): boolean {
  return isAbsent(error, `zones/${zone}/instances/${name}`) || isAbsent(error, `zones/${zone}`);
}

/** The library wraps the operation into an object of its own and says that its type has nothing of it. */
function operationOf({what}: Call, zone: string, wrapped: {latestResponse?: unknown}): {zone: string; name: string} {
  const operation = wrapped.latestResponse as {name?: string | null} | undefined;
  if (operation?.name) return {zone, name: operation.name};
  throw new ComputeFailure('uncertain', 'NO_OPERATION', `${what}: Compute Engine's answer names no operation`);
}

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

/** An instance as the REST API spells it. */
export function readInstance(
  raw: {
    readonly name?: string | null | undefined;
    readonly status?: unknown;
    readonly labels?: {readonly [key: string]: string} | null | undefined;
    readonly creationTimestamp?: string | null | undefined;
    readonly lastStartTimestamp?: string | null | undefined;
    readonly lastStopTimestamp?: string | null | undefined;
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
  };
}

/** `STOPPED` is Compute Engine's newer word for `TERMINATED`; a status not known yet is one that is not over. */
function statusOf(status: unknown): InstanceStatus {
  if (status === 'STOPPED') return 'TERMINATED';
  return STATUSES.includes(String(status)) ? (status as InstanceStatus) : 'PENDING';
}
