import {TtlCache} from '../../../cache';
import {type Clock, systemClock} from '../../../clock';
import {MINUTE_MS} from '../../../durations';
import {type ComputeClients, type ComputeEmulator, callCompute, createClients, isAbsent} from './call';
import type {Compute, RegionalQuota} from './compute';
import {instancesApi, listsApi, operationsApi} from './instances';
import {templatesApi} from './templates';

/** How long the zones of a region are cached, in milliseconds. */
const CACHE_TTL_MS = 10 * MINUTE_MS;

/** Zones in one page: Google Cloud has about 130. */
const MAX_ZONES = 500;

export interface ComputeOptions {
  /** Project id, or a function that finds it out. */
  readonly project: string | (() => string | Promise<string>);
  /** Replaces the endpoint of Google; needs no credentials. */
  readonly emulator?: ComputeEmulator;
  /** Clock of the caches of templates and zones. */
  readonly clock?: Pick<Clock, 'now'>;
}

/**
 * Compute Engine over the REST clients of Google. Every call has a time-out and is made once, without the retries of the libraries.
 * Failures are thrown as `ComputeFailure`, classified and without secrets.
 */
export function createCompute({project, emulator, clock = systemClock}: ComputeOptions): Compute {
  const clients = createClients(emulator);
  const projectId = async () => (typeof project === 'string' ? project : project());
  return {
    ...instancesApi(clients, projectId),
    ...listsApi(clients, projectId),
    ...operationsApi(clients, projectId),
    ...templatesApi(clients, projectId, clock),
    ...regionsApi(clients, projectId, clock),
  };
}

/** @see https://cloud.google.com/compute/docs/reference/rest/v1/zones/list and https://cloud.google.com/compute/docs/reference/rest/v1/regions/get */
function regionsApi(
  clients: ComputeClients,
  project: () => Promise<string>,
  clock: Pick<Clock, 'now'>,
): Pick<Compute, 'zonesOfRegion' | 'quotasOfRegion'> {
  const zonesByRegion = new TtlCache<string[]>(clock);
  const read = (region: string): Promise<string[]> =>
    callCompute({what: `list the zones of ${region}`}, async (options) => {
      const client = await clients.zones();
      const request = {project: await project(), maxResults: MAX_ZONES};
      const [zones] = await client.list(request, {...options, autoPaginate: false});
      return zones
        .filter((zone) => lastSegment(zone.region) === region && zone.status === 'UP')
        .flatMap(({name}) => (name ? [name] : []))
        .sort();
    });
  return {
    zonesOfRegion: (region) => zonesByRegion.load(region, () => read(region), CACHE_TTL_MS),
    async quotasOfRegion(region) {
      try {
        return await callCompute({what: `get region ${region}`}, async (options) => {
          const client = await clients.regions();
          const [{quotas}] = await client.get({project: await project(), region}, options);
          return (quotas ?? []).map(readQuota);
        });
      } catch (error) {
        if (isAbsent(error, `regions/${region}`)) return undefined;
        throw error;
      }
    },
  };
}

/** Reads a quota of `regions.get`. @see https://cloud.google.com/compute/docs/reference/rest/v1/regions/get */
export function readQuota(raw: {
  readonly metric?: unknown;
  readonly limit?: number | null;
  readonly usage?: number | null;
}): RegionalQuota {
  return {metric: String(raw.metric ?? ''), limit: raw.limit ?? 0, usage: raw.usage ?? 0};
}

function lastSegment(url: string | null | undefined): string {
  return url ? url.slice(url.lastIndexOf('/') + 1) : '';
}
