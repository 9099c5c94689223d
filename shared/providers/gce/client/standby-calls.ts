import {type Call, type ComputeClients, callCompute} from './call';
import type {Compute} from './compute';
import {ComputeFailure} from './errors';
import {isGone, operationOf} from './read-instance';

/** What only standby machines need. @see https://cloud.google.com/compute/docs/reference/rest/v1/instances */
export function standbyCalls(
  clients: ComputeClients,
  project: () => Promise<string>,
): Pick<Compute, 'setMetadata' | 'setLabels' | 'guestAttribute'> {
  return {
    async setMetadata(zone, name, {metadata: {items = []}, fingerprint}) {
      const call: Call = {what: `set the metadata of ${name} in ${zone}`, secrets: items.map(({value}) => value)};
      return callCompute(call, async (options) => {
        const client = await clients.instances();
        const metadataResource = {fingerprint, items: [...items]};
        const request = {project: await project(), zone, instance: name, metadataResource};
        const [operation] = await client.setMetadata(request, options);
        return operationOf(call, zone, operation);
      }).catch(conflictIfStale);
    },

    async setLabels(zone, name, {labels, fingerprint: labelFingerprint}) {
      const call: Call = {what: `set the labels of ${name} in ${zone}`};
      return callCompute(call, async (options) => {
        const client = await clients.instances();
        const instancesSetLabelsRequestResource = {labels: {...labels}, labelFingerprint};
        const request = {project: await project(), zone, instance: name, instancesSetLabelsRequestResource};
        const [operation] = await client.setLabels(request, options);
        return operationOf(call, zone, operation);
      }).catch(conflictIfStale);
    },

    async guestAttribute(zone, name, path) {
      return callCompute({what: `read the guest attribute ${path} of ${name} in ${zone}`}, async (options) => {
        const client = await clients.instances();
        const request = {project: await project(), zone, instance: name, queryPath: path};
        const [{queryValue}] = await client.getGuestAttributes(request, options);
        return readGuestAttribute({queryValue}, path);
      }).catch(unlessUntold(zone, name));
    },
  };
}

/** Reads an answer of `getGuestAttributes`. */
export function readGuestAttribute(
  {
    queryValue,
  }: {
    readonly queryValue?:
      | {
          readonly items?:
            | readonly {
                readonly namespace?: string | null;
                readonly key?: string | null;
                readonly value?: string | null;
              }[]
            | null;
        }
      | null
      | undefined;
  },
  path: string,
): string | undefined {
  return queryValue?.items?.find(({namespace, key}) => `${namespace}/${key}` === path)?.value ?? undefined;
}

/** How Compute Engine names the policies of an organisation against guest attributes: the constraint of old, and the managed one. */
const POLICY = /constraints\/compute\.(?:managed\.)?disableGuestAttributesAccess/;

/** What the guest has not told, and what is not there, is undefined. */
export function unlessUntold(zone: string, name: string): (error: unknown) => undefined {
  return (error) => {
    const [policy] = (error instanceof ComputeFailure && POLICY.exec(error.message)) || [];
    if (policy !== undefined) throw new ComputeFailure('denied', policy, forbidden(policy));
    const isUntold = error instanceof ComputeFailure && /of type 'Guest Attribute' was not found/.test(error.message);
    if (isUntold || isGone(error, zone, name)) return undefined;
    throw error;
  };
}

/** Answered as 412, by which no person would know what to do. */
function forbidden(policy: string): string {
  return `the organisation policy ${policy} forbids the guest attributes by which standby machines report: except the project from it, or remove standby from the pool`;
}

/** Throws the error again: as a conflict, where what the change was based on has changed meanwhile (412). */
export function conflictIfStale(error: unknown): never {
  if (error instanceof ComputeFailure && error.code === 'conditionNotMet') {
    throw new ComputeFailure('conflict', error.code, error.message);
  }
  throw error;
}
