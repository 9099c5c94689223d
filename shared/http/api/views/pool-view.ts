import * as z from 'zod';
import type {Pool} from '../../../model/pool';

const Schedule = z.object({cron: z.string(), timezone: z.string(), count: z.int()});

export const PoolView = z
  .object({
    name: z.string(),
    repos: z.array(z.string()).optional().meta({description: 'Patterns of repositories, or `org` instead.'}),
    org: z.string().optional(),
    requires: z.array(z.string()),
    offers: z.array(z.string()).nullable().meta({description: 'Null: anything.'}),
    runner_group: z.string(),
    max_runners: z.int(),
    min_idle: z.union([z.int(), z.array(Schedule)]),
    boot_minutes: z.number(),
    idle_minutes: z.number(),
    job_minutes: z.number(),
    allow_public_repos: z.boolean(),
    priority: z.number(),
    provider: z.discriminatedUnion('type', [
      z.object({
        type: z.literal('gce'),
        template: z.string(),
        region: z.string().optional(),
        zones: z.array(z.string()).optional(),
        machine_types: z.array(z.string()).optional(),
        spot: z.enum(['never', 'prefer', 'only']),
      }),
      z.object({
        type: z.literal('gce-vm'),
        instance: z.string(),
        zone: z.string().optional(),
        runner_name: z.string().optional(),
        drain: z.boolean().optional(),
      }),
    ]),
  })
  .meta({id: 'Pool'});

/** A pool with every default filled in. A configuration of pools holds no secret. */
export function poolView(pool: Pool): z.output<typeof PoolView> {
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
    provider: providerView(pool.provider),
  };
}

function providerView(provider: Pool['provider']): z.output<typeof PoolView>['provider'] {
  if (provider.type === 'gce-vm') {
    const {type, instance, zone, runnerName, drain} = provider;
    return {
      type,
      instance,
      ...(zone ? {zone} : {}),
      ...(runnerName ? {runner_name: runnerName} : {}),
      ...(drain === undefined ? {} : {drain}),
    };
  }
  const {type, template, region, zones, machineTypes, spot} = provider;
  return {
    type,
    template,
    ...(region ? {region} : {}),
    ...(zones ? {zones: [...zones]} : {}),
    ...(machineTypes ? {machine_types: [...machineTypes]} : {}),
    spot,
  };
}
