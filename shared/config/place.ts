import {withDeadline} from '../clock';
import {type ConfigurationProblem, InvalidConfiguration} from '../errors';
import {PROJECT, REGION, regionOf, ZONE} from '../model/names';
import {isEphemeral, isGce, isPersistent, type Pool} from '../model/pool';
import type {Config} from './config-types';
import {present} from './variables';

/** The project, and the default zone and region of VMs. */
export interface Place {
  readonly project: string;
  readonly zone?: string;
  readonly region?: string;
}

/** Reads a value of the metadata server. Rejects if there is no metadata server, or it lacks the value. */
export type ReadMetadata = (key: 'project/project-id' | 'instance/zone' | 'instance/region') => Promise<string>;

/** In place of a project that nobody names: no project has this id. */
const UNKNOWN_PROJECT = 'unknown-project';

/** The place as far as it is known, and what is missing of it; undefined: nothing. */
export interface FoundPlace {
  readonly place: Place;
  readonly invalid: InvalidConfiguration | undefined;
}

/** On Google Cloud the server answers within milliseconds; elsewhere there is none. */
const TIMEOUT_MS = 1_500;

/**
 * Project, zone and region: from the environment, else from the metadata server.
 *
 * @throws InvalidConfiguration naming the variables to set, if there is no project, or a pool needs a region or zone that neither source has.
 */
export async function resolvePlace(config: Placed, metadata?: ReadMetadata): Promise<Place> {
  const {place, invalid} = await resolveAsFarAsPossible(config, metadata);
  if (invalid) throw invalid;
  return place;
}

/** What of the configuration says where something is. */
type Placed = Pick<Config, 'project' | 'zone' | 'region' | 'pools'>;

/** As `resolvePlace`, for `api`, which says what is missing in place of ending with it. */
export async function resolveAsFarAsPossible(
  config: Placed,
  metadata: ReadMetadata = readMetadata,
): Promise<FoundPlace> {
  const needsRegion = config.pools.some(isInOwnRegion);
  const needsZone = config.pools.filter(isPersistent).some(({provider}) => !provider.zone);
  const asksRegion = needsRegion && !config.region && !config.zone;
  // Outside of Google Cloud each request waits for the time-out, so only needed values are requested. A function has a region and no zone of
  // Compute Engine; a VM has a zone, which contains its region.
  const [project, zone, region] = await Promise.all([
    config.project ?? ask(metadata, 'project/project-id', PROJECT),
    config.zone ?? (needsZone || asksRegion ? ask(metadata, 'instance/zone', ZONE) : undefined),
    config.region ?? (asksRegion ? ask(metadata, 'instance/region', REGION) : undefined),
  ]);
  const home = region ?? (zone ? regionOf(zone) : undefined);
  const problems = [
    ...(project ? [] : [missing('GOOGLE_CLOUD_PROJECT', 'the id of the project')]),
    ...(home || !needsRegion
      ? []
      : [missing('GOOGLE_CLOUD_REGION', 'a region, as a pool names neither region nor zones')]),
    ...(zone || !needsZone ? [] : [missing('GOOGLE_CLOUD_ZONE', 'a zone, as a gce-vm pool names none')]),
  ];
  const place = present({project: project ?? UNKNOWN_PROJECT, zone, region: home});
  return {place, invalid: problems.length > 0 ? new InvalidConfiguration(problems) : undefined};
}

/** The pool with the default region, or the default zone of its VM, if the pool names none. */
export function withPlace(pool: Pool, {region, zone}: Place): Pool {
  if (isPersistent(pool)) return pool.provider.zone || !zone ? pool : {...pool, provider: {...pool.provider, zone}};
  if (!isGce(pool) || pool.provider.region || !region) return pool;
  return {...pool, provider: {...pool.provider, region}};
}

function isInOwnRegion(pool: Pool): boolean {
  return isGce(pool) ? !pool.provider.region : isEphemeral(pool) && pool.provider.inOwnRegion === true;
}

function missing(path: string, expected: string): ConfigurationProblem {
  return {path, found: 'nothing, and no answer from the metadata server', expected};
}

/** The last segment of `projects/123/zones/us-central1-a`, if it matches the pattern: Cloud Run answers an invented zone `us-central1-1`. */
async function ask(
  metadata: ReadMetadata,
  key: Parameters<ReadMetadata>[0],
  pattern: RegExp,
): Promise<string | undefined> {
  try {
    const answer = await withDeadline(TIMEOUT_MS, metadata(key), () => new Error('time-out'));
    const value = answer.slice(answer.lastIndexOf('/') + 1);
    return pattern.test(value) ? value : undefined;
  } catch {
    return undefined;
  }
}

/** @see https://cloud.google.com/compute/docs/metadata/predefined-metadata-keys */
async function readMetadata(key: Parameters<ReadMetadata>[0]): Promise<string> {
  const {instance, project} = await import('gcp-metadata');
  const [root, property = ''] = key.split('/');
  return String(await (root === 'project' ? project(property) : instance(property)));
}
