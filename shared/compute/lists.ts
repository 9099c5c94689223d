import {callCompute} from './call';
import type {ComputeClients} from './clients';
import type {Compute, Instance} from './compute';
import {ComputeFailure} from './failure';
import {readInstance} from './instances';

/** @see https://cloud.google.com/compute/docs/reference/rest/v1/instances/aggregatedList */
export function listsOver(
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
          // A zone that does not answer is an error then, and not a warning.
          returnPartialSuccess: false,
          maxResults: 500,
        };
        const found: Instance[] = [];
        // The library warns of its own default.
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

/** For all pages together. */
const LIST_TIMEOUT_MS = 60_000;

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

/** The filter finds a part of a link, which another name may begin with. */
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
