import * as z from 'zod';
import {worst} from '../../diagnosis/doctor/check';
import {jsonReply} from '../../http/server';
import {operation} from '../operation';
import {findings} from '../resources';

export const Finding = z.object({
  check: z.string().meta({description: 'Stable id; docs/operate.md lists the checks.', examples: ['app.webhook']}),
  status: z.enum(['ok', 'warning', 'error', 'skipped']).meta({
    description: '`skipped`: there was nothing to check, or what was asked did not answer; `because` says which.',
  }),
  because: z.string(),
  do: z.string().meta({description: 'The next step.'}),
});

const Doctor = z
  .object({
    status: z.enum(['ok', 'warning', 'error']).meta({description: 'The worst of the findings.'}),
    findings: z.array(Finding).meta({description: 'Every check, always in the same order.'}),
  })
  .meta({id: 'Doctor'});

const EXAMPLE: z.output<typeof Doctor> = {
  status: 'warning',
  findings: [
    {check: 'configuration', status: 'ok', because: 'the configuration is valid, with 2 pools', do: 'Nothing to do.'},
    {
      check: 'pool.arm.quota',
      status: 'warning',
      because: 'less than 20 % is left: t2a-standard-4: T2A_CPUS in us-central1: 8 of 64 left',
      do: 'Ask for a higher quota at https://console.cloud.google.com/iam-admin/quotas, or lower maxRunners of the pool.',
    },
  ],
};

export const doctor = operation(
  {
    id: 'examine',
    method: 'GET',
    path: '/doctor',
    alsoAt: '/api/v1/doctor',
    tag: 'health',
    summary: 'What is wrong with the deployment?',
    description:
      'Asks GitHub, Google Cloud and the store what the functions need of them, afresh, and changes nothing. One question takes 5 seconds at most, all together take 30. Also served while the configuration is invalid: `configuration` then names every error.',
    access: 'secret',
    whenMisconfigured: true,
    parameters: z.strictObject({}),
    query: z.strictObject({}),
    outcomes: {200: {description: 'The findings, also when something is wrong.', schema: Doctor, example: EXAMPLE}},
    problems: [],
  },
  async (request) => {
    const found = await findings(request);
    const shown = found.map(({check, status, because, do: remedy}) => ({check, status, because, do: remedy}));
    return jsonReply({status: worst(found), findings: shown});
  },
);
