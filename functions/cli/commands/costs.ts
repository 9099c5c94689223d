import {Option} from 'commander';
import {type CostSum, Costs} from '../answers';
import {type AddCommand, action, wholeNumber} from '../command';
import {printJson} from '../session';
import {type Column, formatTable} from '../table';
import {duration} from '../words';

const BY = ['pool', 'repository', 'workflow', 'day'] as const;

interface CostsOptions {
  readonly days: number;
  readonly by: (typeof BY)[number];
}

type Row = CostSum & {readonly key: string};

export const addCosts: AddCommand = (program, setting) => {
  program
    .command('costs')
    .summary('show what machines cost')
    .description(
      'Show the minutes of machines and what they cost by estimate, beside what GitHub-hosted runners of the same size would cost.',
    )
    .option('--days <number>', 'today and the days before, in UTC', wholeNumber(1, 90), 30)
    .addOption(new Option('--by <key>', 'what a row is').choices(BY).default('pool'))
    .action(
      action(setting, async (session, {days, by}: CostsOptions) => {
        const query = {days: String(days), by};
        const {value, raw} = await session.client().request(Costs, {path: '/costs', query});
        const {terminal} = session;
        if (session.json) {
          printJson(session, raw);
          return undefined;
        }
        if (value.rows.length === 0)
          terminal.say(`no machine ended in the last ${days === 1 ? 'day' : `${days} days`}`);
        else terminal.print(formatTable(columns(by), [...value.rows, {...value.total, key: 'total'}], terminal));
        for (const note of notes(value)) terminal.say(note);
        return undefined;
      }),
    );
};

function columns(by: CostsOptions['by']): readonly Column<Row>[] {
  return [
    {title: by.toUpperCase(), cell: ({key}) => key, keeps: true},
    {title: 'JOBS', cell: ({jobs}) => jobs},
    {title: 'TIME', cell: ({minutes}) => duration(minutes * 60)},
    {title: 'USD', cell: ({usd, priced}) => dollars(usd, priced)},
    {title: 'GITHUB-HOSTED USD', cell: ({github_hosted_usd: usd}) => dollars(usd, true)},
  ];
}

/** `~`: minutes without a known price are left out. */
function dollars(usd: number | null, priced: boolean): string | undefined {
  return usd === null ? undefined : `${priced ? '' : '~'}${usd.toFixed(2)}`;
}

function notes({total, complete, prices}: Costs): string[] {
  return [
    ...(total.priced ? [] : ['some machine types have no known price: give theirs in prices of RUNNER_CONFIG']),
    ...(complete
      ? []
      : ['there are too many repositories for one answer: the oldest days lack some, the total does not']),
    ...(prices ? [`list prices of ${prices.machines.as_of}; an estimate, see docs/costs.md`] : []),
  ];
}
