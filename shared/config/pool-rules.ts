import {regionOfZone, ZONE} from '../model/names';
import {DEFAULTS} from './pool-schema';
import type {Problems} from './problems';

type Raw = Readonly<Record<string, unknown>>;

/**
 * What concerns several fields of one pool. Takes what was read, of whatever shape, so that these errors are reported together
 * with those of single fields; a field of the wrong shape is the schema's to report and passes here.
 */
export function checkPool(pool: unknown, defaults: unknown, path: string, problems: Problems): void {
  if (!isRecord(pool)) return;
  checkScope(pool, path, problems);
  checkLabels(pool, path, problems);
  checkIdle(pool, isRecord(defaults) ? defaults : {}, path, problems);
  if (isRecord(pool['provider'])) checkZones(pool['provider'], `${path}.provider`, problems);
}

/** Two pools of one name would share slots and VM names. */
export function checkNames(pools: readonly unknown[], root: string, problems: Problems): void {
  const first = new Map<string, number>();
  pools.forEach((pool, index) => {
    const name = isRecord(pool) ? pool['name'] : undefined;
    if (typeof name !== 'string') return;
    const other = first.get(name);
    if (other === undefined) first.set(name, index);
    else {
      const found = `${problems.describe(name)}, the name of pools[${other}] too`;
      problems.report(`${root}.pools[${index}].name`, found, `different names for pools[${other}] and pools[${index}]`);
    }
  });
}

function checkScope(pool: Raw, path: string, problems: Problems): void {
  const given = ['repo', 'repos', 'org'].filter((key) => pool[key] !== undefined);
  if (given.length !== 1) {
    problems.report(path, given.join(' and ') || 'none of repo, repos and org', 'exactly one of repo, repos and org');
  }
  const patterns = texts(pool['repos']);
  if (patterns?.every((pattern) => pattern.startsWith('!'))) {
    const found = patterns.length === 0 ? 'an empty list' : 'only excluded repositories';
    problems.report(`${path}.repos`, found, 'at least one owner/name without a leading !');
  }
}

function checkLabels(pool: Raw, path: string, problems: Problems): void {
  const {requires, offers} = pool;
  if (isAbsentOrEmpty(requires) && isAbsentOrEmpty(offers)) {
    problems.report(path, 'neither requires nor offers with a label', 'labels in requires, in offers or in both');
    return;
  }
  const offered = texts(offers)?.map((label) => label.toLowerCase());
  texts(requires)?.forEach((label, index) => {
    if (!offered || offered.includes(label.toLowerCase())) return;
    const expected = 'a label that offers has too: a job that asks for it would ask for more than is offered';
    problems.report(`${path}.requires[${index}]`, problems.describe(label), expected);
  });
}

function checkIdle(pool: Raw, defaults: Raw, path: string, problems: Problems): void {
  const max = pool['maxRunners'] ?? defaults['maxRunners'] ?? DEFAULTS.maxRunners;
  const idle = pool['minIdle'] ?? defaults['minIdle'];
  if (typeof max !== 'number') return;
  const counts = Array.isArray(idle) ? idle.map((entry) => (isRecord(entry) ? entry['count'] : undefined)) : [idle];
  counts.forEach((count, index) => {
    if (typeof count !== 'number' || count <= max) return;
    const at = Array.isArray(idle) ? `minIdle[${index}].count` : 'minIdle';
    problems.report(`${path}.${at}`, String(count), `no more than maxRunners, which is ${max}`);
  });
}

function checkZones(provider: Raw, path: string, problems: Problems): void {
  const zones = texts(provider['zones']);
  const given = typeof provider['region'] === 'string' ? provider['region'] : undefined;
  const region = given ?? zones?.filter((zone) => ZONE.test(zone)).map(regionOfZone)[0];
  zones?.forEach((zone, index) => {
    if (!ZONE.test(zone) || regionOfZone(zone) === region) return;
    const expected = given ? `a zone of the region ${region}` : `a zone of ${region}, as the first one is`;
    problems.report(`${path}.zones[${index}]`, problems.describe(zone), expected);
  });
}

function isAbsentOrEmpty(list: unknown): boolean {
  return list === undefined || (Array.isArray(list) && list.length === 0);
}

function texts(value: unknown): string[] | undefined {
  return Array.isArray(value) && value.every((item) => typeof item === 'string') ? value : undefined;
}

function isRecord(value: unknown): value is Raw {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
