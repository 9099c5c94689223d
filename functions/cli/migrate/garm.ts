import * as z from 'zod';
import {usage} from '../failure';
import {GARM_FIELDS} from './garm-fields';
import {reading} from './reading';
import {
  expectForm,
  isMachineType,
  machinesOf,
  poolName,
  scopeOf,
  type TranslatedPool,
  type Translator,
} from './translation';

const Tags = z.array(z.union([z.string(), z.looseObject({name: z.string()})]));
const GarmPool = z
  .looseObject({
    /** Of a scale set alone. */
    name: z.string().optional(),
    tags: Tags.nullish(),
    labels: Tags.nullish(),
    repo_name: z.string().optional(),
    org_name: z.string().optional(),
    enterprise_name: z.string().optional(),
    provider_name: z.string().optional(),
    image: z.string().optional(),
    flavor: z.string().optional(),
    os_type: z.string().optional(),
    os_arch: z.string().optional(),
    max_runners: z.number().optional(),
    min_idle_runners: z.number().optional(),
    runner_bootstrap_timeout: z.number().optional(),
    'github-runner-group': z.string().optional(),
    priority: z.number().optional(),
    enabled: z.boolean().optional(),
  })
  .refine(({name, tags}) => name || tags, {path: ['tags'], error: 'neither tags nor the name of a scale set'});
type GarmPool = z.infer<typeof GarmPool>;

const FORM =
  'the pools as garm-cli pool list --all --format json prints them, or the scale sets of garm-cli scaleset list --all';

/**
 * GARM's pools and scale sets. A job asks for the name of a scale set; the tags of a pool are all labels of the runner, and a job may ask for any of them: `offers`. The highest priority wins in both systems.
 * @see https://github.com/cloudbase/garm/blob/main/doc/pools-and-scaling.md
 */
export const fromGarm: Translator = (given, context) => {
  const listed = expectForm(z.array(GarmPool), Array.isArray(given) ? given : [given], FORM);
  const enterprises = listed.filter(isOfEnterprise);
  const taken = new Set<string>();
  const pools = listed
    .filter((pool) => !isOfEnterprise(pool) || context.org !== undefined || context.repo !== undefined)
    .map((listedPool) => {
      const {fields, unread} = reading(listedPool);
      const {flavor = ''} = fields;
      const {provider, remarks} = machinesOf(context, {
        isArm: fields.os_arch === 'arm64',
        isWindows: fields.os_type === 'windows',
        machineType: isMachineType(flavor) ? flavor : undefined,
      });
      const pool = {...poolOf(fields, labelsOf(fields), context, taken), provider};
      return {pool, remarks: [...remarksOf(fields), ...remarks, ...unread(GARM_FIELDS)]};
    });
  if (pools.length === 0 && enterprises.length > 0) {
    throw usage('all of these pools belong to an enterprise: give --org NAME, once for each organisation');
  }
  return {
    pools,
    remarks: [
      'GARM spreads jobs over pools that match (roundrobin) unless the entity says pack; here the highest priority is filled first, and fallback names the next.',
      ...(enterprises.length > pools.length || (enterprises.length > 0 && !context.org && !context.repo)
        ? [
            `${enterprises.length} pools of an enterprise are left out: give --org NAME, once for each organisation, because an App cannot register runners of an enterprise.`,
          ]
        : []),
    ],
  };
};

function labelsOf({name, tags, labels}: GarmPool): string[] {
  const names = [...(tags ?? []), ...(labels ?? [])].map((tag) => (typeof tag === 'string' ? tag : tag.name));
  return name ? [name, ...names] : names;
}

function isOfEnterprise({enterprise_name: name}: GarmPool): boolean {
  return name !== undefined && name !== '';
}

function poolOf(
  pool: GarmPool,
  labels: readonly string[],
  context: Parameters<Translator>[1],
  taken: Set<string>,
): Omit<TranslatedPool, 'provider'> {
  const group = pool['github-runner-group'];
  return {
    name: poolName(labels.filter((label) => label !== 'self-hosted').join('-'), taken),
    ...scopeOf(context, {
      ...(pool.repo_name ? {repo: pool.repo_name} : {}),
      ...(pool.org_name ? {org: pool.org_name} : {}),
    }),
    offers: labels,
    ...(group ? {runnerGroup: group} : {}),
    // A pool that is not enabled creates nothing.
    ...(pool.enabled === false
      ? {maxRunners: 0}
      : pool.max_runners === undefined
        ? {}
        : {maxRunners: pool.max_runners}),
    ...(pool.min_idle_runners ? {minIdle: pool.min_idle_runners} : {}),
    ...(pool.runner_bootstrap_timeout ? {bootMinutes: pool.runner_bootstrap_timeout} : {}),
    ...(pool.priority ? {priority: pool.priority} : {}),
  };
}

function remarksOf(pool: GarmPool): string[] {
  const {provider_name: provider, image, flavor} = pool;
  const machine = [provider, image, flavor].filter(Boolean).join(', ');
  return [
    ...(machine ? [`There: ${machine}`] : []),
    ...(pool.enabled === false ? ['It was not enabled: maxRunners 0 means the same.'] : []),
  ];
}
