import * as z from 'zod';
import {checkLongestLife, type LongestLife} from '../../model/longest-life';
import {REGION, RFC_1035, RUNNER_NAME, regionOf, TEMPLATE_URL, ZONE} from '../../model/names';
import type {GceProviderConfig, GceVmProviderConfig} from '../../model/pool';
import {
  checkProcessors,
  type Here,
  machinesOf,
  type Processor,
  type ProviderBlock,
  type RawSettings,
  type SettingsProblems,
  text,
} from '../../model/settings';

export const zone = text(ZONE, 'a zone such as us-central1-a');
export const instance = text(RFC_1035, 'the name of a VM', 63);

/** The schema of the settings of a pool of type gce. */
const gceSchema = z.strictObject({
  type: z.literal('gce').meta({description: 'Creates one VM for each job, from an instance template.'}),
  template: text(/./, 'the name or URL of an instance template')
    .regex(new RegExp(`${TEMPLATE_URL.source}|${RFC_1035.source}`), {
      error:
        'an instance template: its name, or projects/P/global/instanceTemplates/T, or projects/P/regions/R/instanceTemplates/T, with or without https://www.googleapis.com/compute/v1/',
    })
    .meta({description: 'Instance template: name or URL, regional or global.'}),
  region: text(REGION, 'a region such as us-central1').optional(),
  zones: z.array(zone, {error: 'a list of zones'}).min(1, {error: 'at least one zone'}).optional(),
  machineTypes: z
    .array(text(RFC_1035, 'a machine type such as c4a-standard-4', 63), {error: 'a list of machine types'})
    .min(1, {error: 'at least one machine type'})
    .meta({description: 'In order of preference; default: the machine type of the template.'})
    .optional(),
  spot: z
    .enum(['never', 'prefer', 'only'], {error: 'never, prefer or only'})
    .meta({description: 'Spot VMs: never used, preferred, or the only VMs used.', default: 'never'})
    .optional(),
});

/** The schema of the settings of a pool of type gce-vm. */
const gceVmSchema = z.strictObject({
  type: z.literal('gce-vm').meta({description: 'Starts and stops one existing VM.'}),
  instance: instance.meta({description: 'Name of the VM.'}),
  zone: zone.meta({description: 'Default: GOOGLE_CLOUD_ZONE.'}).optional(),
  runnerName: text(RUNNER_NAME, 'the name of a runner, at most 64 characters', 64)
    .meta({description: 'Name of the VM’s runner at GitHub; default: the name of the VM.'})
    .optional(),
  drain: z
    .boolean({error: 'true or false'})
    .meta({
      description:
        'Before the VM stops, a custom label that the pool requires is removed from its runner, so that GitHub assigns no job to the runner meanwhile. The label is added again when the VM starts.',
      default: true,
    })
    .optional(),
});

/** The region is the template's or the zones', else the one of `here`. */
function gceSettings(raw: z.infer<typeof gceSchema>, here: Here): GceProviderConfig {
  const {type, template, zones, machineTypes, spot = 'never'} = raw;
  const [first] = zones ?? [];
  const ours = here.region ?? (here.zone && regionOf(here.zone));
  const region = raw.region ?? templateRegion(template) ?? (first ? regionOf(first) : ours);
  return {
    type,
    template,
    ...(region === undefined ? {} : {region}),
    ...(zones ? {zones: unique(zones)} : {}),
    ...(machineTypes ? {machineTypes: unique(machineTypes)} : {}),
    spot,
  };
}

function gceVmSettings(raw: z.infer<typeof gceVmSchema>, here: Here): GceVmProviderConfig {
  const {type, runnerName, drain} = raw;
  const at = raw.zone ?? here.zone;
  return {
    type,
    instance: raw.instance,
    ...(at === undefined ? {} : {zone: at}),
    ...(runnerName === undefined ? {} : {runnerName}),
    ...(drain === undefined ? {} : {drain}),
  };
}

/** Pools of type gce. */
export const gce: ProviderBlock<typeof gceSchema> = {
  schema: gceSchema,
  options: ['machine', 'disk', 'spot'],
  settings: gceSettings,
  check: checkGce,
};

/** Pools of type gce-vm. */
export const gceVm: ProviderBlock<typeof gceVmSchema> = {schema: gceVmSchema, settings: gceVmSettings};

function unique(list: readonly string[]): string[] {
  return [...new Set(list)];
}

/** The longest `maxRunDuration` of a VM. @see https://cloud.google.com/compute/docs/instances/limit-vm-runtime */
const LONGEST_LIFE: LongestLife = {
  ms: 120 * 24 * 3600 * 1000,
  sentence: 'a VM lives no longer than 120 days, of which it may boot and wait',
};

/** Known machine families by their processors. Unknown families are not checked. @see https://cloud.google.com/compute/docs/cpu-platforms */
const FAMILIES: Readonly<Record<Processor, readonly string[]>> = {
  arm64: ['a4x', 'c4a', 'n4a', 't2a'],
  x64: 'a2 a3 a4 c2 c2d c3 c3d c4 c4d e2 f1 g1 g2 g4 h3 h4d m1 m2 m3 m4 n1 n2 n2d n4 n4d t2d x4 z3'.split(' '),
};
/**
 * Reports settings of a pool of type gce that Compute Engine cannot fulfil. `settings`: the pool with its defaults, not validated; the schema
 * reports fields of a wrong type, which are ignored here.
 */
function checkGce(settings: RawSettings, provider: RawSettings, path: string, problems: SettingsProblems): void {
  checkPlace(provider, `${path}.provider`, problems);
  checkLongestLife(settings, path, problems, LONGEST_LIFE);
  checkProcessors(settings, provider['machineTypes'], familyOf, path, problems);
  checkProcessors(settings, machinesOf(settings), familyOf, path, problems);
}

/** The region in the URL of a regional template. Undefined for a bare name, which may name a global template. */
function templateRegion(template: unknown): string | undefined {
  return typeof template === 'string' ? TEMPLATE_URL.exec(template)?.groups?.['region'] : undefined;
}

function checkPlace({template, region, zones}: RawSettings, path: string, problems: SettingsProblems): void {
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

function familyOf(machineType: string): Processor | undefined {
  const family = machineType.split('-')[0] ?? '';
  return (['arm64', 'x64'] as const).find((processor) => FAMILIES[processor].includes(family));
}
