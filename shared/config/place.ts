import {withDeadline} from '../clock';
import {type ConfigurationProblem, InvalidConfiguration} from '../errors';
import {PROJECT, REGION, regionOf, ZONE} from '../model/names';
import {isGce, isPersistent, type Pool} from '../model/pool';
import type {Config} from './config-types';
import {present} from './variables';

/** Where this runs, and where its VMs are unless a pool says otherwise. */
export interface Place {
  readonly project: string;
  readonly zone?: string;
  readonly region?: string;
}

/** What Slipway asks of the metadata server. Rejects when there is none, or it does not know. */
export type ReadMetadata = (key: 'project/project-id' | 'instance/zone' | 'instance/region') => Promise<string>;

/** The server answers within milliseconds; elsewhere, nobody does. */
const TIMEOUT_MS = 1_500;

/**
 * Project, zone and region: from the environment, and what it lacks from the metadata server.
 *
 * @throws InvalidConfiguration naming the variables to set, when there is no project, or a pool needs a region or zone that nobody names.
 */
export async function resolvePlace(
  config: Pick<Config, 'project' | 'zone' | 'region' | 'pools'>,
  metadata: ReadMetadata = readMetadata,
): Promise<Place> {
  const needsRegion = config.pools.some((pool) => isGce(pool) && !pool.provider.region);
  const needsZone = config.pools.filter(isPersistent).some(({provider}) => !provider.zone);
  const asksRegion = needsRegion && !config.region && !config.zone;
  // Off Google Cloud the server does not answer: it is asked only for what somebody needs. A function has a region and no zone of
  // Compute Engine; a VM has a zone, which tells its region.
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
  if (!project || problems.length > 0) throw new InvalidConfiguration(problems);
  return present({project, zone, region: home});
}

/** A pool that names no region, or no zone for its VM, is in ours. */
export function placed(pool: Pool, {region, zone}: Place): Pool {
  if (isPersistent(pool)) return pool.provider.zone || !zone ? pool : {...pool, provider: {...pool.provider, zone}};
  if (!isGce(pool) || pool.provider.region || !region) return pool;
  return {...pool, provider: {...pool.provider, region}};
}

function missing(path: string, expected: string): ConfigurationProblem {
  return {path, found: 'nothing, and no answer from the metadata server', expected};
}

/** The last segment of `projects/123/zones/us-central1-a`, if it is what it should be: Cloud Run makes up a zone `us-central1-1`. */
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
