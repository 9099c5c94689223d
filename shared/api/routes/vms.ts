import * as z from 'zod';
import {Problem} from '../../http/errors';
import {jsonReply} from '../../http/server';
import type {Pool} from '../../model/pool';
import {startVm} from '../../vms/start';
import {stopVm} from '../../vms/stop';
import {allVms} from '../../vms/vms';
import {invalidInput} from '../input';
import {type Description, dryRunMark, isDryRun, operation} from '../operation';
import {isVmPool, unknownPool} from '../resources';
import {DryRun, DryRunMark, Force, PoolName} from '../schemas';

const Operation = z
  .string()
  .nullable()
  .meta({
    description:
      'Name of the operation at Compute Engine; null in a dry run, and where a job or somebody else has begun it.',
    examples: ['operation-1761998400000-6420'],
  });
const WhichVm = {
  tag: 'persistent VMs',
  access: 'secret',
  parameters: z.strictObject({}),
  problems: ['pool-required', 'unknown-pool', 'wrong-provider', 'no-capacity'],
  changes: true,
} as const satisfies Partial<Description<z.ZodType, z.ZodType, z.ZodType>>;
const WHICH =
  '`pool` is given in the query or in the body. Default: the only persistent VM, whose pools may be several.';
const StartBody = z.strictObject({pool: PoolName.optional()});

export const start = operation(
  {
    ...WhichVm,
    id: 'startRunner',
    method: 'POST',
    path: '/runner/start',
    summary: 'Starts the VM of a pool',
    description: WHICH,
    query: z.strictObject({pool: PoolName.optional(), ...DryRun}),
    body: {schema: StartBody, example: {pool: 'gpu'}, required: false},
    outcomes: {
      200: {
        description: '`stopping`: the VM is stopping; retry in a minute.',
        schema: z
          .discriminatedUnion('status', [
            z.object({status: z.literal('starting'), operation: Operation, ...DryRunMark}),
            z.object({status: z.literal('already_running'), ...DryRunMark}),
            z.object({status: z.literal('stopping'), ...DryRunMark}),
          ])
          .meta({id: 'Started'}),
        example: {status: 'starting', operation: 'operation-1761998400000-6420'},
        headers: ['Idempotent-Replayed'],
      },
    },
  },
  async (request, {query, body}) => {
    const context = await request.context();
    const pool = vmPool(context.pools, query.pool, body.pool);
    const dryRun = isDryRun(request, query);
    return jsonReply({...(await startVm(context, pool, {dryRun})), ...dryRunMark(dryRun)});
  },
);

export const stop = operation(
  {
    ...WhichVm,
    id: 'stopRunner',
    method: 'POST',
    path: '/runner/stop',
    summary: 'Stops the VM of a pool',
    description: WHICH,
    query: z.strictObject({pool: PoolName.optional(), force: Force, ...DryRun}),
    body: {
      schema: StartBody.extend({force: z.boolean().optional().meta({description: 'Same as `force` in the query.'})}),
      example: {pool: 'gpu', force: false},
      required: false,
    },
    outcomes: {
      200: {
        description: '`busy`: the VM runs a job and was not stopped; `force` stops it anyway, and the job fails.',
        schema: z
          .discriminatedUnion('status', [
            z.object({status: z.literal('stopping'), operation: Operation, ...DryRunMark}),
            z.object({status: z.literal('already_stopped'), ...DryRunMark}),
            z.object({status: z.literal('busy'), ...DryRunMark}),
          ])
          .meta({id: 'Stopped'}),
        example: {status: 'stopping', operation: 'operation-1761998400000-6420'},
        headers: ['Idempotent-Replayed'],
      },
    },
  },
  async (request, {query, body}) => {
    const context = await request.context();
    const pool = vmPool(context.pools, query.pool, body.pool);
    const force = query.force || body.force === true;
    const dryRun = isDryRun(request, query);
    return jsonReply({...(await stopVm(context, pool, {force, dryRun})), ...dryRunMark(dryRun)});
  },
);

/** The pool that the request names, or the first one of the only persistent VM. Throws a problem that lists the possible pools. */
function vmPool(pools: readonly Pool[], inQuery: string | undefined, inBody: string | undefined): Pool {
  if (inQuery !== undefined && inBody !== undefined && inQuery !== inBody) {
    throw invalidInput('query', 'pool', `found ${inQuery}, and pool ${inBody} in the body; expected one`);
  }
  const persistent = pools.filter(isVmPool);
  const names = persistent.map(({name}) => name).join(', ');
  const asked = inQuery ?? inBody;
  if (asked !== undefined) {
    const pool = pools.find(({name}) => name === asked);
    if (!pool) throw unknownPool(asked, persistent);
    if (isVmPool(pool)) return pool;
    const expected = names ? `one of: ${names}` : 'one of type gce-vm, and none is configured';
    throw new Problem('wrong-provider', `found pool ${asked} of type ${pool.provider.type}, expected ${expected}`);
  }
  const [first] = persistent;
  if (!first) throw new Problem('wrong-provider', 'found no pool of type gce-vm; there is no VM to start or stop');
  if (allVms({pools}).length > 1) {
    throw new Problem('pool-required', `found no pool in the request, expected one of: ${names}`, {
      errors: [{in: 'query', path: 'pool', message: `expected one of: ${names}`}],
    });
  }
  return first;
}
