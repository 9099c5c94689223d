import {DeadLetter, Outcome} from '../answers';
import {type AddCommand, action, segment} from '../command';
import {addLimit, type ListOptions, printListing} from '../listing';
import {printJson} from '../session';
import type {Column} from '../table';
import {age} from '../words';

interface Filters {
  readonly job?: string;
  readonly since?: string;
  readonly until?: string;
}

export const addDeadLetters: AddCommand = (program, setting) => {
  addLimit(program.command('deadletters'))
    .summary('list what was given up, and why')
    .description('List the tasks that were given up, and why. `slipway retry ID` tries one again.')
    .option('--job <id>', 'of this job alone: its id, or <id>-<attempt>')
    .option('--since <time>', 'given up at this time or later, as in 2026-11-01T12:00:00Z')
    .option('--until <time>', 'given up before this time')
    .action(
      action(setting, async (session, options: Filters & ListOptions) => {
        const now = session.host.clock.now();
        const listing = {
          key: 'deadletters',
          noun: 'dead letters',
          path: '/deadletters',
          item: DeadLetter,
          query: {job: options.job, since: options.since, until: options.until},
          columns: columns(now),
        };
        await printListing(session, listing, options);
        return undefined;
      }),
    );
};

function columns(nowMs: number): readonly Column<DeadLetter>[] {
  return [
    {title: 'ID', cell: ({id}) => id, keeps: true},
    {title: 'AGE', cell: ({at}) => age(at, nowMs), keeps: true},
    {title: 'JOB', cell: ({job}) => job},
    {title: 'TRIES', cell: ({attempts, count}) => (count > 1 ? `${attempts} (given up ${count} times)` : attempts)},
    {title: 'ERROR', cell: ({error}) => ({text: error, style: 'red'})},
  ];
}

export const addRetry: AddCommand = (program, setting) => {
  program
    .command('retry')
    .summary('try what was given up again')
    .description('Try the tasks of dead letters again: a job that was given up is wanted again.')
    .argument('<id...>', 'dead letters, by the ids that slipway deadletters shows')
    .option('--dry-run', 'say what would be done, and do nothing')
    .action(
      action(setting, async (session, {dryRun}: {readonly dryRun?: boolean}, ids: readonly string[]) => {
        const client = session.client();
        const answers: unknown[] = [];
        try {
          for (const id of ids) {
            const {raw, value} = await client.request(Outcome, {
              method: 'POST',
              path: `/deadletters/${segment('<id>', id)}/retry`,
              names: {id: '<id>'},
              query: {'dry-run': dryRun ? 'true' : undefined},
            });
            answers.push(raw);
            if (!session.json) session.terminal.print(`${id}: ${dryRun ? 'would be enqueued' : value.status}`);
          }
        } finally {
          // Also what was done before one failed.
          if (session.json && answers.length > 0) printJson(session, answers);
        }
        return undefined;
      }),
    );
};
