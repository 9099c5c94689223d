import {Argument} from 'commander';
import {Cleaned, type CleanupThing} from '../answers';
import {type AddCommand, action} from '../command';
import {usage} from '../failure';
import {printJson, type Session} from '../session';
import {formatTable} from '../table';
import {count} from '../words';

interface CleanupOptions {
  readonly yes?: boolean;
  readonly confirm?: string;
}

/** `because` of what one call did not come to. */
const NEXT_CALL = 'next call';

/** More than a call of the API takes. */
const TIMEOUT_MS = 120_000;

const MOST_CALLS = 200;

export const addCleanup: AddCommand = (program, setting) => {
  program
    .command('cleanup')
    .summary('remove what is left over, or everything that runs no job')
    .description(
      'Show what would be removed, and with --yes remove it: registrations without a machine, machines without a runner, or everything that runs no job. Busy runners and persistent VMs stay.',
    )
    .addArgument(new Argument('<what>', 'what to remove').choices(['registrations', 'machines', 'all']))
    .option('-y, --yes', 'remove it; else nothing is removed')
    .option('--confirm <deployment>', 'the name of the deployment; all needs it')
    .action(
      action(setting, async (session, {yes, confirm}: CleanupOptions, what: string) => {
        if (what === 'all' && yes && confirm === undefined) {
          throw usage('cleanup all removes every idle runner: give --confirm with the name of the deployment');
        }
        const calls: unknown[] = [];
        const things: Row[] = [];
        const client = session.client();
        try {
          for (let call = 1; ; call++) {
            const {raw, value} = await client.request(Cleaned, {
              method: 'POST',
              path: '/cleanup',
              query: {what, confirm, 'dry-run': yes ? 'false' : 'true'},
              timeoutMs: TIMEOUT_MS,
            });
            calls.push(raw);
            const left = value.skipped.filter(({because}) => because === NEXT_CALL).length;
            const goesOn = yes === true && left > 0 && value.removed.length > 0 && call < MOST_CALLS;
            things.push(...rowsOf(value, goesOn));
            if (!goesOn) break;
            session.terminal.say(`removed ${value.removed.length}, and goes on`);
          }
        } finally {
          // Also what was removed before a call failed.
          if (calls.length > 0 && session.json) printJson(session, calls);
          else if (calls.length > 0) printThings(session, things, yes === true, what);
        }
        return undefined;
      }),
    );
};

interface Row extends CleanupThing {
  readonly outcome: 'removed' | 'would go' | 'stays';
}

/** What stays is told once, by the last call. */
function rowsOf({would_remove, removed, skipped}: Cleaned, goesOn: boolean): readonly Row[] {
  return [
    ...would_remove.map((thing): Row => ({...thing, outcome: 'would go'})),
    ...removed.map((thing): Row => ({...thing, outcome: 'removed'})),
    ...(goesOn ? [] : skipped.map((thing): Row => ({...thing, outcome: 'stays'}))),
  ];
}

function printThings(session: Session, things: readonly Row[], isReal: boolean, what: string): void {
  const columns = [
    {title: 'KIND', cell: ({kind}: Row) => kind, keeps: true as const},
    {title: 'NAME', cell: ({name}: Row) => name, keeps: true as const},
    {title: 'PLACE', cell: ({place}: Row) => place},
    {title: 'OUTCOME', cell: ({outcome}: Row) => outcome, keeps: true as const},
    {title: 'WHY', cell: ({because}: Row) => because},
  ];
  if (things.length > 0) session.terminal.print(formatTable(columns, things, session.terminal));
  const gone = things.filter(({outcome}) => outcome !== 'stays').length;
  session.terminal.say(
    isReal
      ? `removed ${count(gone, 'thing')}`
      : `dry run: ${count(gone, 'thing')} would be removed; ${what === 'all' ? '--yes --confirm DEPLOYMENT' : '--yes'} removes them`,
  );
}
