import * as z from 'zod';
import {version} from '../../../../package.json';
import {jsonReply} from '../../server';
import {operation} from '../operation';
import {PoolView, poolView} from '../views/pool-view';

const Info = z
  .object({
    service: z.literal('slipway'),
    version: z.string(),
    deployment: z.string(),
    inactive_minutes: z
      .number()
      .meta({description: 'For how long a persistent VM idles, unless its pool says otherwise.'}),
    runner_configs: z.array(PoolView),
  })
  .meta({id: 'Info'});

export const info = operation(
  {
    id: 'getInfo',
    method: 'GET',
    path: '/',
    tag: 'overview',
    summary: 'What runs here, with which pools',
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
