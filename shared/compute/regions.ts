import {TtlCache} from '../cache';
import type {Clock} from '../clock';
import {callCompute} from './call';
import type {ComputeClients} from './clients';
import type {Compute} from './compute';

/** A zone that goes down or comes up is noticed after this time. */
const KEPT_MS = 10 * 60_000;

/** Google Cloud has about 130 zones: one page, with room. */
const PAGE = 500;

/** @see https://cloud.google.com/compute/docs/reference/rest/v1/zones/list */
export function regionsOver(
  clients: ComputeClients,
  project: () => Promise<string>,
  clock: Pick<Clock, 'now'>,
): Pick<Compute, 'zonesOfRegion'> {
  const zonesByRegion = new TtlCache<string[]>(clock);
  const read = (region: string): Promise<string[]> =>
    callCompute({what: `list the zones of ${region}`}, async (options) => {
      const client = await clients.zones();
      const request = {project: await project(), maxResults: PAGE};
      const [zones] = await client.list(request, {...options, autoPaginate: false});
      return zones
        .filter((zone) => lastSegment(zone.region) === region && zone.status === 'UP')
        .flatMap(({name}) => (name ? [name] : []))
        .sort();
    });
  return {zonesOfRegion: (region) => zonesByRegion.load(region, () => read(region), KEPT_MS)};
}

function lastSegment(url: string | null | undefined): string {
  return url ? url.slice(url.lastIndexOf('/') + 1) : '';
}
