import {statSync} from 'node:fs';
import {explainMatch} from '../../../shared/model/explain-match';
import type {Pool} from '../../../shared/model/pool';
import {checkFile, checkText} from '../check';
import {type AddCommand, action, type Found, gathered, repository} from '../command';
import {usage} from '../failure';
import {printJson, type Session} from '../session';
import {formatTable} from '../table';
import {plain} from '../terminal';
import {count} from '../words';

interface CheckOptions {
  readonly job?: readonly string[];
  readonly repo?: string;
  readonly public?: boolean;
}

export const addCheck: AddCommand = (program, setting) => {
  program
    .command('check')
    .summary('check a file of pools, without a network')
    .description(
      'Check a file of pools (RUNNER_CONFIG): every error at once. With --job: which pool would take the job, and why not the others. Needs no network and no secret.',
    )
    .argument('<file>', 'YAML or JSON; - reads stdin')
    .option(
      '--job <labels>',
      'a job that asks for these labels: one text split at white space, or the option once for each label',
      gathered,
    )
    .option(
      '-R, --repo <owner/name>',
      "the job's repository; left out: the only one that the pools spell out",
      repository,
    )
    .option('--public', "the job's repository is public")
    .action(action(setting, async (session, options: CheckOptions, file: string) => check(session, options, file)));
};

async function check(session: Session, options: CheckOptions, file: string): Promise<Found | undefined> {
  if (options.job === undefined && (options.repo !== undefined || options.public)) {
    throw usage('--repo and --public are of a job: give its labels with --job');
  }
  const checked = file === '-' ? checkText(await session.host.stdin()) : checkFile(readable(file));
  if (checked.kind === 'invalid') {
    const {problems} = checked;
    if (session.json) printJson(session, {valid: false, problems});
    for (const {path, found, expected} of session.json ? [] : problems) {
      session.terminal.print(plain(`${file}: ${path ? `${path}: ` : ''}found ${found}, expected ${expected}`));
    }
    session.terminal.say(`slipway: ${file} has ${count(problems.length, 'error')}`);
    return 1;
  }
  return options.job === undefined
    ? printPools(session, file, checked.pools)
    : printMatch(session, options.job, options, checked.pools);
}

/** The path, which no error of the configuration would explain better. */
function readable(file: string): string {
  try {
    if (!statSync(file).isDirectory()) return file;
  } catch (error) {
    const code = (error as NodeJS.ErrnoException).code ?? 'an error';
    throw usage(`${plain(file)} cannot be read (${code}): give the path of a file of pools`);
  }
  throw usage(`${plain(file)} is a folder: give the path of a file of pools`);
}

function printPools(session: Session, file: string, pools: readonly Pool[]): undefined {
  if (session.json) {
    printJson(session, {valid: true, pools: pools.map(({name}) => name)});
    return;
  }
  const columns = [
    {title: 'POOL', cell: ({name}: Pool) => name, keeps: true as const},
    {title: 'SERVES', cell: ({scope}: Pool) => (scope.kind === 'organization' ? scope.org : scope.patterns.join(', '))},
    {title: 'REQUIRES', cell: ({requires}: Pool) => requires.join(', ')},
    {title: 'OFFERS', cell: ({offers}: Pool) => offers?.join(', ') ?? 'anything'},
    {title: 'LIMIT', cell: ({maxRunners}: Pool) => maxRunners},
    {title: 'PROVIDER', cell: ({provider}: Pool) => provider.type},
  ];
  if (pools.length > 0) session.terminal.print(formatTable(columns, pools, session.terminal));
  session.terminal.say(`${file}: ${count(pools.length, 'pool')}, no errors`);
}

function printMatch(
  session: Session,
  given: readonly string[],
  {repo, public: isPublic}: CheckOptions,
  pools: readonly Pool[],
): Found | undefined {
  const [only = '', ...more] = given;
  const labels = (more.length > 0 ? given : only.split(/\s+/)).map((label) => label.trim()).filter(Boolean);
  const job = {repository: repo ?? onlyRepository(pools), labels, isPublic: isPublic === true};
  const {taker, answers} = explainMatch(job, pools);
  if (session.json) {
    printJson(session, {valid: true, job, pool: taker?.name ?? null, pools: answers});
  } else {
    const columns = [
      {title: 'POOL', cell: ({pool}: (typeof answers)[number]) => pool, keeps: true as const},
      {
        title: 'TAKES IT',
        cell: ({takes}: (typeof answers)[number]) =>
          takes ? ({text: 'yes', style: 'green'} as const) : ({text: 'no', style: 'dim'} as const),
      },
      {title: 'WHY', cell: ({because}: (typeof answers)[number]) => because},
    ];
    if (answers.length > 0) session.terminal.print(formatTable(columns, answers, session.terminal));
  }
  if (taker) return undefined;
  session.terminal.say(
    `slipway: no pool takes a job of ${job.repository} with labels [${labels.map(plain).join(', ')}]`,
  );
  return 1;
}

function onlyRepository(pools: readonly Pool[]): string {
  const spelt = pools.flatMap(({scope}) =>
    scope.kind === 'repositories' ? scope.patterns.filter((pattern) => !/[*!]/.test(pattern)) : [],
  );
  const [only, ...others] = new Set(spelt);
  if (only !== undefined && others.length === 0) return only;
  throw usage("--job: the pools do not spell out one repository; give the job's with --repo owner/name");
}
