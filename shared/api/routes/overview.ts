import * as z from 'zod';
import {version} from '../../../package.json';
import {jsonReply} from '../../http/server';
import {isPersistent, type Pool} from '../../model/pool';
import {operation} from '../operation';
import {onlyRepositoryOf} from '../resources';

const Schedule = z.object({cron: z.string(), timezone: z.string(), count: z.int()});

const PoolView = z
  .object({
    name: z.string(),
    repos: z
      .array(z.string())
      .optional()
      .meta({description: 'Patterns of repositories; a pool of an organization has `org` instead.'}),
    org: z.string().optional(),
    requires: z.array(z.string()),
    offers: z.array(z.string()).nullable().meta({description: 'Null if the pool offers any label.'}),
    runner_group: z.string(),
    max_runners: z.int(),
    min_idle: z.union([z.int(), z.array(Schedule)]),
    boot_minutes: z.number(),
    idle_minutes: z.number(),
    job_minutes: z.number(),
    allow_public_repos: z.boolean(),
    priority: z.number(),
    provider: z
      .looseObject({
        type: z.string().meta({description: 'gce, gce-vm or another type of provider.'}),
        template: z.string().optional(),
        region: z.string().optional(),
        zones: z.array(z.string()).optional(),
        machine_types: z.array(z.string()).optional(),
        spot: z.enum(['never', 'prefer', 'only']).optional(),
        instance: z.string().optional(),
        zone: z.string().optional(),
        runner_name: z.string().optional(),
        drain: z.boolean().optional(),
      })
      .meta({
        description:
          'The settings of the pool’s provider under the names of RUNNER_CONFIG in snake case, with every default filled in; of `env` the names alone.',
      }),
    repo: z.string().nullable().optional().meta({
      description: 'Of a pool of type gce-vm, as are the next three: its only repository; null: it has several.',
    }),
    labels: z.array(z.string()).optional().meta({description: '`requires`, or `offers` where that is empty.'}),
    vm_instance_name: z.string().optional(),
    vm_instance_zone: z.string().nullable().optional(),
  })
  .meta({id: 'Pool'});

/** A pool with every default filled in. A configuration of pools holds no secret. */
function poolView(pool: Pool): z.output<typeof PoolView> {
  const {scope} = pool;
  return {
    name: pool.name,
    ...(scope.kind === 'organization' ? {org: scope.org} : {repos: [...scope.patterns]}),
    requires: [...pool.requires],
    offers: pool.offers && [...pool.offers],
    runner_group: pool.runnerGroup,
    max_runners: pool.maxRunners,
    min_idle: typeof pool.minIdle === 'number' ? pool.minIdle : pool.minIdle.map((schedule) => ({...schedule})),
    boot_minutes: pool.bootMinutes,
    idle_minutes: pool.idleMinutes,
    job_minutes: pool.jobMinutes,
    allow_public_repos: pool.allowPublicRepos,
    priority: pool.priority,
    provider: providerView(pool),
    ...flatView(pool),
  };
}

/** What an entry of the older flat form has, for scripts that read `runner_configs` under its names. */
function flatView(
  pool: Pool,
): Pick<z.output<typeof PoolView>, 'repo' | 'labels' | 'vm_instance_name' | 'vm_instance_zone'> {
  if (!isPersistent(pool)) return {};
  const {instance, zone} = pool.provider;
  return {
    repo: onlyRepositoryOf(pool),
    labels: [...(pool.requires.length > 0 ? pool.requires : (pool.offers ?? []))],
    vm_instance_name: instance,
    vm_instance_zone: zone ?? null,
  };
}

/** The provider's settings as they are configured. The values of `env` may be meant for the runner alone. */
function providerView({provider}: Pool): z.output<typeof PoolView>['provider'] {
  const shown = Object.entries(provider).map(([key, value]: [string, unknown]) => [
    snakeCase(key),
    key === 'env' && typeof value === 'object' && value !== null ? Object.keys(value) : value,
  ]);
  return {type: provider.type, ...Object.fromEntries(shown)};
}

function snakeCase(name: string): string {
  return name.replace(/[A-Z]/g, (letter) => `_${letter.toLowerCase()}`);
}

const Info = z
  .object({
    service: z.literal('slipway'),
    version: z.string(),
    deployment: z.string(),
    inactive_minutes: z.number().meta({description: 'Default idle time of persistent VMs, in minutes.'}),
    runner_configs: z.array(PoolView),
  })
  .meta({id: 'Info'});

export const info = operation(
  {
    id: 'getInfo',
    method: 'GET',
    path: '/',
    tag: 'overview',
    summary: 'Gets the deployment and its pools',
    access: 'secret',
    parameters: z.strictObject({}),
    query: z.strictObject({}),
    outcomes: {
      200: {
        description: 'The pools with every default filled in.',
        schema: Info,
        example: {
          service: 'slipway',
          version,
          deployment: 'slipway',
          inactive_minutes: 15,
          runner_configs: [
            {
              name: 'gpu',
              repos: ['acme/app'],
              requires: ['self-hosted', 'gpu'],
              offers: null,
              runner_group: 'Default',
              max_runners: 20,
              min_idle: 0,
              boot_minutes: 5,
              idle_minutes: 15,
              job_minutes: 120,
              allow_public_repos: false,
              priority: 0,
              provider: {type: 'gce-vm', instance: 'github-runner-gpu', zone: 'asia-northeast1-a'},
              repo: 'acme/app',
              labels: ['self-hosted', 'gpu'],
              vm_instance_name: 'github-runner-gpu',
              vm_instance_zone: 'asia-northeast1-a',
            },
          ],
        },
      },
    },
    problems: [],
  },
  async ({services}) => {
    const {config} = await services();
    return jsonReply({
      service: 'slipway',
      version,
      deployment: config.deployment,
      inactive_minutes: config.vmInactiveMinutes,
      runner_configs: config.pools.map(poolView),
    } satisfies z.output<typeof Info>);
  },
);
