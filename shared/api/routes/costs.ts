import * as z from 'zod';
import {COSTS_BY, costs} from '../../diagnosis/costs';
import {HOSTED_SOURCE, MACHINE_SOURCE} from '../../diagnosis/price-table';
import {jsonReply} from '../../http/server';
import {operation} from '../operation';
import {whole} from '../schemas';

const MAX_DAYS = 90;

const sums = {
  jobs: z.int(),
  minutes: z.number().meta({
    description: 'From the creation of each machine to the accepted deletion; of a persistent VM, while it is up.',
  }),
  usd: z.number().nullable().meta({description: 'Estimate. Null: no price is known.'}),
  github_hosted_usd: z
    .number()
    .nullable()
    .meta({description: 'What the same minutes would cost on GitHub-hosted runners of the same size.'}),
  priced: z.boolean().meta({description: 'False: `usd` leaves out minutes for which no price is known.'}),
};

const Source = z.object({source: z.url(), as_of: z.iso.date()}).meta({id: 'PriceSource'});

const Costs = z
  .object({
    currency: z.literal('USD'),
    days: z.int(),
    by: z.enum(COSTS_BY),
    rows: z.array(
      z.object({
        key: z.string().meta({description: '`(idle)`: machines that ran no job.', examples: ['acme/app: CI']}),
        pool: z.string().optional(),
        repository: z.string().optional(),
        workflow: z.string().optional(),
        ...sums,
      }),
    ),
    total: z.object(sums),
    complete: z.boolean().meta({
      description: 'False: more repositories had jobs than one answer reads. `rows` lacks some of the oldest days.',
    }),
    prices: z.object({machines: Source, github_hosted: Source}),
  })
  .meta({id: 'Costs'});

export const getCosts = operation(
  {
    id: 'getCosts',
    method: 'GET',
    path: '/costs',
    alsoAt: '/api/v1/costs',
    tag: 'overview',
    summary: 'Minutes of machines and what they cost',
    description: `Estimates for whole UTC days, today among them, in which machines ended. Prices of machines: \`prices\` of RUNNER_CONFIG, else list prices of ${MACHINE_SOURCE.source} (${MACHINE_SOURCE.as_of}); of GitHub-hosted runners: ${HOSTED_SOURCE.source} (${HOSTED_SOURCE.as_of}).`,
    access: 'secret',
    parameters: z.strictObject({}),
    query: z.strictObject({
      days: whole(1, MAX_DAYS)
        .default(30)
        .meta({
          description: 'Today and the days before.',
          override: {type: 'integer', minimum: 1, maximum: MAX_DAYS, default: 30},
        }),
      by: z.enum(COSTS_BY).default('pool'),
    }),
    outcomes: {200: {description: 'The dearest first; days in their order.', schema: Costs}},
    problems: [],
  },
  async ({clock, context, services}, {query}) => {
    const {store, pools} = await context();
    const {prices = {}} = (await services()).config;
    return jsonReply(await costs({store, pools, prices, ...query, now: clock.now()}));
  },
);
