import * as z from 'zod';
import {LABEL, OWNER, REPOSITORY, REPOSITORY_PATTERN, RFC_1035, SHORT_NAME} from '../model/names';
import type {ProviderConfig, ProviderSettings} from '../model/pool';
import {
  type Expected,
  type Here,
  type ProviderBlock,
  type RawSettings,
  type SettingsProblems,
  text,
} from '../model/settings';
import {isCron, isTimeZone} from '../model/warm';
import {cloudRun} from '../providers/cloud-run/config';
import {codemagic} from '../providers/codemagic/config';
import {docker} from '../providers/docker/config';
import {ec2} from '../providers/ec2/config';
import {gce, gceVm, instance, zone} from '../providers/gce/config';
import {checkOptions, optionsSchema} from './option-rules';

/** Every type of provider that a pool may have: one line each. */
const PROVIDER_BLOCKS = [gce, gceVm, cloudRun, docker, ec2, codemagic] as const satisfies readonly ProviderBlock[];

type SchemasOf<Blocks extends readonly ProviderBlock[]> = {readonly [Index in keyof Blocks]: Blocks[Index]['schema']};

const PROVIDER_SCHEMAS = PROVIDER_BLOCKS.map(({schema}) => schema) as unknown as SchemasOf<typeof PROVIDER_BLOCKS>;
const PROVIDER_TYPES = PROVIDER_SCHEMAS.map((schema) => schema.shape.type.value).join(' or ');

/**
 * The schemas of `RUNNER_CONFIG`. A custom error says what was expected; yaml.ts adds the rest of the message. pool-rules.ts checks
 * rules that concern several fields.
 */

export const DISCOVERIES = ['installation', 'organization', 'configured'] as const;

export const DEFAULTS = {
  runnerGroup: 'Default',
  maxRunners: 20,
  minIdle: 0,
  bootMinutes: 5,
  idleMinutes: 10,
  jobMinutes: 360,
  allowPublicRepos: false,
  rerunOnPreemption: false,
  priority: 0,
} as const;

/** What was expected in place of a repository. For a copied address, such as `https://github.com/acme/app.git`: the name in it. */
function repositoryOr(expected: string): Expected {
  return ({input}) => {
    if (Array.isArray(input)) return 'owner/name; a list of them goes into repos';
    const path = typeof input === 'string' ? input.replace(/^(https?:\/\/[^/]{1,200}\/|git@[^:]{1,200}:)/, '') : '';
    const plain = path.replace(/(\.git)?\/?$/i, '');
    return plain !== input && REPOSITORY_PATTERN.test(plain) ? `${plain}: the owner and the name alone` : expected;
  };
}

/** A repository or a pattern of repositories. At GitHub no name of a repository ends in `.git`. */
function repositories(pattern: RegExp, expected: string) {
  const error = repositoryOr(expected);
  return text(pattern, error)
    .refine((name) => !/\.git$/i.test(name), {error})
    .meta({not: {pattern: '\\.git$'}});
}

/** A machine type of any provider, with `/spot` behind it for its spot price. */
const PRICED_TYPE = /^[a-z0-9][a-z0-9._-]{0,62}(\/spot)?$/;
const PRICED_KEY = 'a machine type, such as e2-standard-4, or one with /spot behind it';

function wholeNumber(min: number, error: string) {
  return z.int({error}).min(min, {error});
}

function minutes(description: string) {
  const error = 'minutes, above 0; fractions are allowed';
  return z.number({error}).gt(0, {error}).meta({description});
}

const LABELS = 'a label: text of at most 256 characters on one line, a number in quotes';
const label = text(LABEL, LABELS, 256)
  .refine((value) => !value.includes(`\${{`), {
    error: `a label in so many words, with * for what differs from run to run: Slipway does not see what \${{ }} becomes`,
  })
  .meta({not: {pattern: '\\$\\{\\{'}});
const labels = z
  .array(label, {error: 'a list of labels'})
  .max(100, {error: 'at most 100 labels, which is GitHub’s limit'});
const repository = repositories(REPOSITORY, 'owner/name; patterns with * or ! go into repos');

const schedule = z.strictObject({
  cron: z
    .string({error: 'a cron expression'})
    .refine(isCron, {error: 'a cron expression of five fields, such as "* 8-17 * * mon-fri"'})
    .meta({description: 'Five fields; matches each minute in which the runners are kept warm.'}),
  timezone: z
    .string({error: 'an IANA time zone'})
    .refine(isTimeZone, {error: 'an IANA time zone such as Europe/Berlin'})
    .meta({description: 'IANA time zone.', default: 'UTC'})
    .optional(),
  count: wholeNumber(0, 'a whole number of runners, 0 or more'),
});

const IDLE = 'a whole number of runners, 0 or more, or a list of {cron, timezone, count}';

/** Settings of a pool that `defaults` may set for all pools. Their own defaults are in `DEFAULTS`, because those apply after `defaults`. */
const settings = {
  runnerGroup: text(/\S/, 'the name of a runner group', 100)
    .meta({description: 'Runner group of the organisation.', default: DEFAULTS.runnerGroup})
    .optional(),
  maxRunners: wholeNumber(0, 'a whole number, 0 or more')
    .meta({
      description: 'Hard limit of runners at one time. 0: creates no new runners; running jobs end normally.',
      default: DEFAULTS.maxRunners,
    })
    .optional(),
  minIdle: z
    .union([wholeNumber(0, IDLE), z.array(schedule, {error: IDLE})], {error: IDLE})
    .meta({description: 'Warm runners, or a schedule of them.', default: DEFAULTS.minIdle})
    .optional(),
  bootMinutes: minutes('How long a runner may take to come online.').meta({default: DEFAULTS.bootMinutes}).optional(),
  idleMinutes: minutes(
    'How long a runner without a job is kept; default 10, for gce-vm VM_INACTIVE_MINUTES.',
  ).optional(),
  jobMinutes: minutes('How long a job may run.').meta({default: DEFAULTS.jobMinutes}).optional(),
  allowPublicRepos: z
    .boolean({error: 'true or false'})
    .meta({description: 'Serve public repositories, where a pull request can run anybody’s code.', default: false})
    .optional(),
  rerunOnPreemption: z
    .boolean({error: 'true or false'})
    .meta({
      description: 'Rerun a job that failed because its spot VM was preempted.',
      default: DEFAULTS.rerunOnPreemption,
    })
    .optional(),
  priority: z
    .number({error: 'a number'})
    .meta({description: 'The highest wins when several pools match a job.', default: DEFAULTS.priority})
    .optional(),
};

const CAPACITY = 'a whole number of containers, 1 or more';

export const hostSchema = z.strictObject({
  name: text(RFC_1035, 'a name of RFC 1035: a-z, 0-9 and -, a letter first', 63).meta({
    description: 'Name of the host, which its agent has too.',
  }),
  capacity: wholeNumber(1, CAPACITY).meta({description: 'Containers at a time.'}),
  vm: z
    .strictObject({instance, zone}, {error: 'an object of instance and zone'})
    .meta({description: 'The VM of Compute Engine that is the host.'})
    .optional(),
  idleMinutes: minutes('How long after its last container the VM of the host is stopped.')
    .meta({default: DEFAULTS.idleMinutes})
    .optional(),
});

export const poolSchema = z
  .strictObject({
    name: text(SHORT_NAME, 'a name of RFC 1035 with at most 20 characters: a-z, 0-9 and -, a letter first', 20)
      .meta({description: 'Default: made from the labels.'})
      .optional(),
    repo: repository.meta({description: 'One repository.'}).optional(),
    repos: z
      .array(
        repositories(REPOSITORY_PATTERN, 'owner/name, where * stands for any characters and a leading ! excludes'),
        {
          error: 'a list of owner/name',
        },
      )
      .meta({
        description: 'Repositories: owner/name, with * for any characters within a segment; a leading ! excludes.',
      })
      .optional(),
    org: text(OWNER, 'the name of an organisation')
      .meta({description: 'Organisation in which the runners are registered.'})
      .optional(),
    requires: labels.meta({description: 'Labels that a job must ask for; * stands for any characters.'}).optional(),
    offers: labels.meta({description: 'Labels that a job may ask for, * for any characters; default: any.'}).optional(),
    acceptsUnlabeled: z
      .boolean({error: 'true or false'})
      .meta({
        description: 'With org: also serve jobs that ask for no label, as with runs-on: {group: …}.',
        default: false,
      })
      .optional(),
    ...settings,
    fallback: text(SHORT_NAME, 'the name of another pool', 20)
      .meta({description: 'Pool that serves a job for which this one has no capacity or quota.'})
      .optional(),
    options: optionsSchema.optional(),
    provider: z.discriminatedUnion('type', PROVIDER_SCHEMAS, {
      error: ({code}) => (code === 'invalid_union' ? PROVIDER_TYPES : `an object with type ${PROVIDER_TYPES}`),
    }),
  })
  .meta({
    oneOf: [{required: ['repo']}, {required: ['repos']}, {required: ['org']}],
    anyOf: ['requires', 'offers'].map((list) => ({required: [list], properties: {[list]: {minItems: 1}}})),
  });

/**
 * What concerns several fields of a pool with its provider. `settings`: the pool with its defaults. Both of whatever shape: a field of the
 * wrong shape is the schema's to report and passes here.
 */
export function checkProvider(
  settings: RawSettings,
  provider: RawSettings,
  path: string,
  problems: SettingsProblems,
  here: Here,
): void {
  const block = blockOf(provider['type']);
  block?.check?.(settings, provider, path, problems, here);
  if (block) checkOptions(settings, block.options ?? [], path, problems);
}

/** A pool's provider with every default filled in. `here`: where the functions run. */
export function providerSettings(raw: RawPool['provider'], here: Here): ProviderSettings | ProviderConfig {
  const block = blockOf(raw.type);
  if (!block) throw new RangeError(`found no provider ${raw.type} in PROVIDER_BLOCKS`);
  return block.settings(raw, here);
}

function blockOf(type: unknown): ProviderBlock | undefined {
  return PROVIDER_BLOCKS.find(({schema}) => schema.shape.type.value === type);
}

export const defaultsSchema = z.strictObject(settings);

export const runnerConfigSchema = z.strictObject({
  $schema: z.string().meta({description: 'For editors; ignored.'}).optional(),
  discovery: z
    .enum(DISCOVERIES, {error: 'installation, organization or configured'})
    .meta({
      description:
        'Where the sweep looks for jobs whose webhook was missed. installation: all repositories that the App or token can see; organization: the organisations of the pools; configured: the repositories that the pools name. Default: installation with an App, configured with a token.',
    })
    .optional(),
  defaults: defaultsSchema.meta({description: 'Settings of every pool that does not set its own.'}).optional(),
  maxRunners: wholeNumber(0, 'a whole number, 0 or more')
    .meta({
      description:
        'Hard limit of runners over all pools, except pools of type gce-vm. Default: none. 0: creates no new runners.',
    })
    .optional(),
  hosts: z
    .array(hostSchema, {error: 'a list of hosts'})
    .meta({description: 'Docker hosts, for pools of type docker.'})
    .optional(),
  prices: z
    .record(
      text(PRICED_TYPE, PRICED_KEY, 70),
      z.number({error: 'US dollars an hour, 0 or more'}).min(0, {error: 'US dollars an hour, 0 or more'}),
      {
        error: ({code}) =>
          code === 'invalid_key' ? `as its key ${PRICED_KEY}` : 'an object of machine types with their price an hour',
      },
    )
    .meta({
      description:
        'US dollars an hour for GET /costs, by machine type or <type>/spot, GPUs and disks included. Default: a dated table of list prices.',
    })
    .optional(),
  pools: z.array(poolSchema, {error: 'a list of pools'}).min(1, {error: 'at least one pool'}),
});

/** The older flat form, for persistent VMs only. */
export const flatSchema = z
  .array(
    z.strictObject({
      repo: repository,
      labels: labels.min(1, {error: 'at least one label'}),
      vm_instance_name: instance,
      vm_instance_zone: zone.optional(),
    }),
  )
  .min(1, {error: 'at least one pool'});

export type RawHost = z.infer<typeof hostSchema>;
export type RawPool = z.infer<typeof poolSchema>;
export type RawDefaults = z.infer<typeof defaultsSchema>;
export type RawFlatPool = z.infer<typeof flatSchema>[number];
