import {isAbsent, toComputeFailure} from '../../../shared/providers/gce/client/call';
import {readQuota} from '../../../shared/providers/gce/client/client';
import type {Compute, Instance, OperationResult, ZoneOperation} from '../../../shared/providers/gce/client/compute';
import type {RefusedRequest} from '../../../shared/providers/gce/client/errors';
import {isOf, labelFilter, preemptionFilter, unreachable} from '../../../shared/providers/gce/client/instances';
import {
  isGone,
  readInstance,
  readInstanceDetails,
  readSerialOutput,
} from '../../../shared/providers/gce/client/read-instance';
import {conflictIfStale, readGuestAttribute, unlessUntold} from '../../../shared/providers/gce/client/standby-calls';
import {type RawTemplate, templateOf} from '../../../shared/providers/gce/client/templates';
import type {Answer, ComputeApi} from './api';

/** After so long a client gives up on an answer that does not come. */
const PATIENCE_MS = 20_000;

interface AggregatedList {
  readonly items: Readonly<
    Record<string, {readonly instances?: readonly Instance[]; readonly warning?: {readonly code: string}}>
  >;
  readonly nextPageToken?: string;
}

interface Ask {
  readonly query?: Readonly<Record<string, string>>;
  readonly body?: object;
}

/**
 * The port `Compute` straight on the model, for the deterministic simulation: no sockets and no client libraries, but the same
 * requests, faults and refusals as over HTTP, classified as the real client classifies them.
 */
export function directCompute(api: ComputeApi, project = 'p'): Compute {
  const {scheduler, catalog} = api.world;

  async function ask<T>(method: string, path: string, {query = {}, body = {}}: Ask = {}): Promise<T> {
    const url = `/projects/${project}/${path}`;
    const answer = await api.answer({method, path: url, query: new URLSearchParams(query), body: {...body}});
    if (answer.kind === 'answered') return answer.body as T;
    if (answer.kind === 'hanging') await scheduler.sleep(PATIENCE_MS);
    throw toComputeFailure({what: `${method} ${url}`}, refusedBy(answer));
  }

  /** 0 for an operation that is not there: asking for it says so. */
  function doneAt({zone, name}: ZoneOperation): number {
    try {
      return api.world.operation(zone, name).doneAtMs;
    } catch {
      return 0;
    }
  }

  return {
    async insertInstance({zone, sourceInstanceTemplate, body, requestId}) {
      const query = {sourceInstanceTemplate, requestId};
      const {name} = await ask<{name: string}>('POST', `zones/${zone}/instances`, {query, body});
      return {zone, name};
    },

    async getInstance(zone, name) {
      const found = await ask<Parameters<typeof readInstance>[0]>('GET', `zones/${zone}/instances/${name}`).catch(
        unless((error) => isGone(error, zone, name)),
      );
      return found && readInstance(found, zone, name);
    },

    async getInstanceDetails(zone, name) {
      const found = await ask<Parameters<typeof readInstance>[0]>('GET', `zones/${zone}/instances/${name}`).catch(
        unless((error) => isGone(error, zone, name)),
      );
      return found && readInstanceDetails(found, zone, name);
    },

    async serialOutput(zone, name) {
      const found = await ask<{contents: string; start: string}>(
        'GET',
        `zones/${zone}/instances/${name}/serialPort`,
      ).catch(unless((error) => isGone(error, zone, name)));
      return found && readSerialOutput(found);
    },

    async listInstances(labels) {
      const query = {filter: labelFilter(labels)};
      const found: Instance[] = [];
      for (let pageToken: string | undefined = ''; pageToken !== undefined; ) {
        const answer: AggregatedList = await ask('GET', 'aggregated/instances', {
          query: pageToken ? {...query, pageToken} : query,
        });
        for (const [scope, {instances = [], warning}] of Object.entries(answer.items)) {
          if (warning?.code === 'UNREACHABLE') throw unreachable(scope);
          const zone = scope.replace(/^zones\//, '');
          found.push(...instances.map((instance) => readInstance(instance, zone)));
        }
        pageToken = answer.nextPageToken;
      }
      return found;
    },

    async wasPreempted(zone, name) {
      const query = {filter: preemptionFilter(name)};
      const {items} = await ask<{items: readonly {targetLink?: string}[]}>('GET', `zones/${zone}/operations`, {query});
      return items.some((operation) => isOf(name, operation));
    },

    async deleteInstance(zone, name, requestId) {
      const accepted = await ask('DELETE', `zones/${zone}/instances/${name}`, {query: {requestId}}).catch(
        unless((error) => isGone(error, zone, name)),
      );
      return accepted === undefined ? 'absent' : 'accepted';
    },

    async powerInstance(action, zone, name, requestId) {
      const path = `zones/${zone}/instances/${name}/${action}`;
      const operation = await ask<{name: string}>('POST', path, {query: {requestId}});
      return {zone, name: operation.name};
    },

    async setMetadata(zone, name, {metadata: {items = []}, fingerprint}) {
      const path = `zones/${zone}/instances/${name}/setMetadata`;
      const body = {fingerprint, items};
      const operation = await ask<{name: string}>('POST', path, {body}).catch(conflictIfStale);
      return {zone, name: operation.name};
    },

    async setLabels(zone, name, {labels, fingerprint: labelFingerprint}) {
      const path = `zones/${zone}/instances/${name}/setLabels`;
      const body = {labels, labelFingerprint};
      const operation = await ask<{name: string}>('POST', path, {body}).catch(conflictIfStale);
      return {zone, name: operation.name};
    },

    async guestAttribute(zone, name, queryPath) {
      const path = `zones/${zone}/instances/${name}/getGuestAttributes`;
      const found = await ask<Parameters<typeof readGuestAttribute>[0]>('GET', path, {query: {queryPath}}).catch(
        unlessUntold(zone, name),
      );
      return found && readGuestAttribute(found, queryPath);
    },

    async waitForOperation({zone, name}: ZoneOperation, timeoutSeconds: number): Promise<OperationResult> {
      const path = `zones/${zone}/operations/${name}`;
      const doneAtMs = doneAt({zone, name});
      const patience = scheduler.now() + timeoutSeconds * 1000;
      // A wait that would outlast the caller's patience ends without an answer; what it would have said is not known then.
      if (doneAtMs > patience) {
        await scheduler.reach(patience);
        return {kind: 'running'};
      }
      const {status, error} = await ask<{status: string; error?: {errors: {code: string; message: string}[]}}>(
        'POST',
        `${path}/wait`,
      );
      if (status !== 'DONE') return {kind: 'running'};
      return error ? {kind: 'failed', errors: error.errors} : {kind: 'done'};
    },

    async getTemplate({name, region}) {
      const path = `${region ? `regions/${region}` : 'global'}/instanceTemplates/${name}`;
      const found = await ask<RawTemplate>('GET', path).catch(unless((error) => isAbsent(error, path)));
      return found && templateOf(found, path);
    },

    async quotasOfRegion(region) {
      const path = `regions/${region}`;
      const found = await ask<{quotas: Parameters<typeof readQuota>[0][]}>('GET', path).catch(
        unless((error) => isAbsent(error, path)),
      );
      return found?.quotas.map(readQuota);
    },

    async zonesOfRegion(region) {
      const {items} = await ask<{items: {name: string; status: string}[]}>('GET', 'zones');
      return items
        .filter(({name, status}) => status === 'UP' && catalog.regionOf(name) === region)
        .map(({name}) => name)
        .sort();
    },
  };
}

/** What is not there is undefined. */
function unless(isMissing: (error: unknown) => boolean): (error: unknown) => undefined {
  return (error) => {
    if (!isMissing(error)) throw error;
    return undefined;
  };
}

/** What the client libraries make of the answer. */
function refusedBy(answer: Exclude<Answer, {kind: 'answered'}>): RefusedRequest {
  switch (answer.kind) {
    case 'refused':
      return answer.error;
    case 'foreign':
      return {status: answer.status, message: answer.message};
    default:
      return {message: 'no answer'};
  }
}
