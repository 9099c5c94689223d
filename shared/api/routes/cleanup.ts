import * as z from 'zod';
import {cleanUp, NEXT_CALL} from '../../cleanup/cleanup';
import {CLEANUP_TARGETS, THING_KINDS} from '../../cleanup/thing';
import {jsonReply} from '../../http/server';
import {invalidInput} from '../input';
import {isDryRun, operation} from '../operation';
import {DryRunFirst} from '../schemas';

const Thing = z
  .object({
    kind: z.enum(THING_KINDS),
    name: z.string().meta({description: 'Name of the runner.'}),
    place: z.string().nullable().meta({
      description:
        'Of a machine: zone, region, subnet or host. Of a registration, or of a runner whose machine is not made yet: repository or organization.',
    }),
    because: z.string(),
  })
  .meta({id: 'CleanupThing'});

const Cleaned = z
  .object({
    dry_run: z.boolean(),
    what: z.enum(CLEANUP_TARGETS),
    would_remove: z.array(Thing).meta({description: 'In a dry run.'}),
    removed: z.array(Thing).meta({
      description:
        'Deregistered, and the deletion accepted or enqueued: a machine goes a minute after its registration.',
    }),
    skipped: z.array(Thing).meta({
      description: `What stays, and why; at most 500. \`because\` is \`${NEXT_CALL}\` where this call did not come to it: call again.`,
    }),
  })
  .meta({id: 'Cleaned'});

export const cleanup = operation(
  {
    id: 'cleanUp',
    method: 'POST',
    path: '/cleanup',
    tag: 'runners',
    summary: 'Removes what is left over, or everything that runs no job',
    description: [
      'A dry run unless `dry-run=false`. `registrations`: those on record whose machine is not there.',
      '`machines`: ephemeral ones that are older than `bootMinutes` of their pool, and whose runner is neither online nor busy.',
      '`all`: every ephemeral machine and registration of this deployment that runs no job; without a dry run it needs `confirm=<deployment>`.',
      'A runner is deregistered before its machine is deleted, which GitHub refuses while it runs a job. Persistent VMs stay, and machines with the label `slipway-keep`.',
      'A call removes at most 100 things, and takes at most 60 s; the rest is skipped.',
    ].join(' '),
    access: 'secret',
    parameters: z.strictObject({}),
    query: z.strictObject({
      what: z.enum(CLEANUP_TARGETS),
      confirm: z
        .string()
        .max(63)
        .optional()
        .meta({description: 'Name of this deployment.', examples: ['slipway']}),
      ...DryRunFirst,
    }),
    outcomes: {
      200: {
        description: 'What was removed, or would be.',
        schema: Cleaned,
        example: {
          dry_run: true,
          what: 'machines',
          would_remove: [
            {
              kind: 'machine',
              name: 'slipway-arm-44200000072-1',
              place: 'us-central1-a',
              because: 'its runner is offline',
            },
          ],
          removed: [],
          skipped: [],
        },
        headers: ['Idempotent-Replayed'],
      },
    },
    problems: [],
    changes: true,
    dryByDefault: true,
  },
  async (request, {query: {what, confirm, ...query}}) => {
    const context = await request.context();
    const dryRun = isDryRun(request, query);
    if (confirm === undefined ? what === 'all' && !dryRun : confirm !== context.deployment) {
      const found = confirm === undefined ? 'no confirm' : 'another name';
      // Not told here: whoever confirms has to know it.
      throw invalidInput('query', 'confirm', `found ${found}, expected the name of this deployment`);
    }
    const {wouldRemove, removed, skipped} = await cleanUp(context, what, {dryRun});
    return jsonReply({dry_run: dryRun, what, would_remove: wouldRemove, removed, skipped});
  },
);
