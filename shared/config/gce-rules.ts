import {regionOf, TEMPLATE_URL, ZONE} from '../model/names';
import {maxLifetimeMs} from '../model/runner';
import {longestIdleMinutes} from '../model/warm';
import type {Problems} from './variables';

type Raw = Readonly<Record<string, unknown>>;

/** The longest `maxRunDuration` of a VM. @see https://cloud.google.com/compute/docs/instances/limit-vm-runtime */
const LONGEST_LIFE_MS = 120 * 24 * 3600 * 1000;

/** Known machine families by their processors. Unknown families are not checked. @see https://cloud.google.com/compute/docs/cpu-platforms */
const FAMILIES: Readonly<Record<'arm64' | 'x64', readonly string[]>> = {
  arm64: ['a4x', 'c4a', 'n4a', 't2a'],
  x64: 'a2 a3 a4 c2 c2d c3 c3d c4 c4d e2 f1 g1 g2 g4 h3 h4d m1 m2 m3 m4 n1 n2 n2d n4 n4d t2d x4 z3'.split(' '),
};
const ARCHITECTURES: Readonly<Record<string, 'arm64' | 'x64'>> = {
  arm64: 'arm64',
  aarch64: 'arm64',
  x64: 'x64',
  x86_64: 'x64',
  amd64: 'x64',
};

/**
 * Reports settings of a pool of type gce that Compute Engine cannot fulfil. `settings`: the pool with its defaults, not validated; the schema
 * reports fields of a wrong type, which are ignored here.
 */
export function checkGce(settings: Raw, provider: Raw, path: string, problems: Problems): void {
  if (provider['type'] !== 'gce') return;
  checkPlace(provider, `${path}.provider`, problems);
  checkLifetime(settings, path, problems);
  checkProcessors(settings, provider, path, problems);
}

/** The region in the URL of a regional template. Undefined for a bare name, which may name a global template. */
export function templateRegion(template: unknown): string | undefined {
  return typeof template === 'string' ? TEMPLATE_URL.exec(template)?.groups?.['region'] : undefined;
}

function checkPlace({template, region, zones}: Raw, path: string, problems: Problems): void {
  const home = templateRegion(template);
  if (home === undefined) return;
  if (typeof region === 'string' && region !== home) {
    const expected = `a template of the region ${region}, which is the pool’s, or a global one`;
    problems.report(`${path}.template`, `a template of the region ${home}`, expected);
    return;
  }
  if (!Array.isArray(zones)) return;
  zones.forEach((zone, index) => {
    if (typeof zone !== 'string' || !ZONE.test(zone) || regionOf(zone) === home) return;
    const expected = `a zone of ${home}, the region of the template; a global template goes with zones of any region`;
    problems.report(`${path}.zones[${index}]`, problems.describe(zone), expected);
  });
}

/** The lifetime becomes the VM's `maxRunDuration`, which Compute Engine limits to 120 days. */
function checkLifetime(settings: Raw, path: string, problems: Problems): void {
  const {bootMinutes, idleMinutes, jobMinutes, minIdle} = settings;
  if (typeof bootMinutes !== 'number' || typeof idleMinutes !== 'number' || typeof jobMinutes !== 'number') return;
  const isWarm = Array.isArray(minIdle) ? minIdle.length > 0 : typeof minIdle === 'number' && minIdle > 0;
  const idle = longestIdleMinutes({idleMinutes, minIdle: isWarm ? 1 : 0});
  if (maxLifetimeMs({bootMinutes, idleMinutes: idle, jobMinutes}) <= LONGEST_LIFE_MS) return;
  const others = maxLifetimeMs({bootMinutes, idleMinutes: idle, jobMinutes: 0});
  const most = Math.max(0, Math.floor((LONGEST_LIFE_MS - others) / 60_000));
  const expected = `at most ${most}: a VM lives no longer than 120 days, of which it may boot and wait ${Math.ceil(others / 60_000)} minutes`;
  problems.report(`${path}.jobMinutes`, String(jobMinutes), expected);
}

/** A label must not name a processor that a machine type does not have: the job would run on the wrong one. */
function checkProcessors({requires, offers}: Raw, {machineTypes}: Raw, path: string, problems: Problems): void {
  if (!Array.isArray(machineTypes)) return;
  for (const [list, labels] of Object.entries({requires, offers})) {
    if (!Array.isArray(labels)) continue;
    labels.forEach((label, index) => {
      const wanted = typeof label === 'string' ? processorOf(label) : undefined;
      const other = machineTypes.find((type) => {
        const family = typeof type === 'string' ? familyOf(type) : undefined;
        return wanted !== undefined && family !== undefined && family !== wanted;
      });
      if (wanted === undefined || other === undefined) return;
      const expected = `a label that fits the machine type ${problems.describe(other)}, or machine types of ${wanted}`;
      problems.report(`${path}.${list}[${index}]`, problems.describe(label), expected);
    });
  }
}

function processorOf(label: string): 'arm64' | 'x64' | undefined {
  const word = label.toLowerCase();
  return Object.hasOwn(ARCHITECTURES, word) ? ARCHITECTURES[word] : undefined;
}

function familyOf(machineType: string): 'arm64' | 'x64' | undefined {
  const family = machineType.split('-')[0] ?? '';
  return (['arm64', 'x64'] as const).find((processor) => FAMILIES[processor].includes(family));
}
