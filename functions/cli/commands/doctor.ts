import {Doctor, type Finding} from '../answers';
import {type AddCommand, action, type Found} from '../command';
import {printJson} from '../session';
import {formatTable} from '../table';
import {plain, type Style, type Terminal} from '../terminal';

const STYLES: Readonly<Record<string, Style>> = {ok: 'green', warning: 'yellow', error: 'red', skipped: 'dim'};

/** The doctor itself takes 30 s at most. */
const TIMEOUT_MS = 45_000;

export const addDoctor: AddCommand = (program, setting) => {
  program
    .command('doctor')
    .summary('look for what is wrong with the deployment')
    .description(
      'Ask GitHub, Google Cloud and the store what the functions need of them, and change nothing. Exit code 1: a check found an error.',
    )
    .action(
      action(setting, async (session): Promise<Found | undefined> => {
        const {raw, value} = await session.client().request(Doctor, {path: '/doctor', timeoutMs: TIMEOUT_MS});
        if (session.json) printJson(session, raw);
        else session.terminal.print(formatFindings(value.findings, session.terminal));
        return value.status === 'error' ? 1 : undefined;
      }),
    );
};

/** A row for each check; below it, whole, the sentences of what is wrong. */
function formatFindings(findings: readonly Finding[], terminal: Terminal): string {
  const columns = [
    {
      title: 'STATUS',
      cell: ({status}: Finding) => ({text: status, style: STYLES[status] ?? 'yellow'}),
      keeps: true as const,
    },
    {title: 'CHECK', cell: ({check}: Finding) => check, keeps: true as const},
    {title: 'BECAUSE', cell: ({because}: Finding) => because},
  ];
  const wrong = findings.filter(({status}) => status === 'error' || status === 'warning');
  const steps = wrong.map(({check, status, because, do: remedy}) => {
    const name = terminal.paint('bold', terminal.paint(STYLES[status] ?? 'yellow', plain(check)));
    return `${name}: ${plain(because)}\n${terminal.paint('bold', 'Do:')} ${plain(remedy)}`;
  });
  return [formatTable(columns, findings, terminal), ...steps].join('\n\n');
}
