import {Refused} from '../../errors';
import {regionOf} from '../../model/names';
import type {Compute} from './client/compute';

/** Where VMs are created unless the pool says otherwise. */
export interface DefaultPlace {
  readonly region?: string;
  readonly zone?: string;
}

export interface PoolPlace {
  readonly name: string;
  readonly provider: {readonly region?: string; readonly zones?: readonly string[]};
}

/** The region of a pool; undefined if neither the pool nor the default names one. */
export function poolRegion({provider}: PoolPlace, place: DefaultPlace): string | undefined {
  const zone = provider.zones?.[0];
  if (provider.region) return provider.region;
  if (zone) return regionOf(zone);
  return place.region ?? (place.zone ? regionOf(place.zone) : undefined);
}

/**
 * The zones of a pool: as configured; else every zone of its region or of the default region; else the default zone.
 *
 * @throws Refused when nothing names a zone or a region. ComputeFailure when Compute Engine does not list the region's zones.
 */
export async function poolZones(
  compute: Pick<Compute, 'zonesOfRegion'>,
  pool: PoolPlace,
  place: DefaultPlace,
): Promise<readonly string[]> {
  if (pool.provider.zones && pool.provider.zones.length > 0) return pool.provider.zones;
  const region = pool.provider.region ?? place.region;
  if (!region && place.zone) return [place.zone];
  const zones = region ? await compute.zonesOfRegion(region) : [];
  if (zones.length > 0) return zones;
  throw new Refused(
    region
      ? `pool ${pool.name}: region ${region} has no zone that is up; correct the pool's region, or name its zones`
      : `pool ${pool.name} names neither region nor zones; name them, or set GOOGLE_CLOUD_REGION`,
  );
}
