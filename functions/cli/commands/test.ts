import {PoolTest} from '../answers';
import {type AddCommand, action, gathered, repository, segment} from '../command';
import {printJson} from '../session';
import {formatTable} from '../table';
import {plain} from '../terminal';

interface TestOptions {
  readonly repo?: string;
  readonly label?: readonly string[];
  readonly name?: string;
  readonly yes?: boolean;
}

type Place = PoolTest['placements'][number];

export const addTest: AddCommand = (program, setting) => {
  program
    .command('test')
    .summary('show what a pool would do for a job')
    .description(
      'Show what a pool would do for a job: which pool takes it, and where its machine would be created. With --yes one such runner is made.',
    )
    .argument('<pool>', 'a pool')
    .option('-R, --repo <owner/name>', "the job's repository; left out: the only one of the pool", repository)
    .option(
      '-l, --label <label>',
      "a label that the job asks for; may be given several times; left out: the pool's",
      gathered,
    )
    .option('--name <name>', 'the runner that a dry run has shown, so that its placements are those that were shown')
    .option('-y, --yes', 'make the runner; else nothing is made')
    .action(
      action(setting, async (session, {repo, label, name, yes}: TestOptions, pool: string) => {
        const {raw, value} = await session.client().request(PoolTest, {
          method: 'POST',
          path: `/pools/${segment('<pool>', pool)}/test`,
          names: {pool: '<pool>'},
          query: {'dry-run': yes ? 'false' : 'true'},
          ...(yes ? {headers: {'idempotency-key': session.host.random.uuid()}} : {}),
          body: {
            ...(repo === undefined ? {} : {repository: repo}),
            ...(label === undefined ? {} : {labels: label}),
            ...(name === undefined ? {} : {name}),
          },
        });
        const isTaken = ['create', 'wait', 'start'].includes(value.decision);
        if (session.json) {
          printJson(session, raw);
          return isTaken ? undefined : 1;
        }
        const {terminal} = session;
        terminal.print(plain(`${value.decision}: ${value.because}`));
        if (value.request) terminal.print(plain(`runner ${value.name}: labels ${value.request.labels.join(', ')}`));
        if (value.placements.length > 0) {
          terminal.print(`\n${formatTable(COLUMNS, value.placements, terminal)}`);
        }
        for (const {pool: fallback, because, placements} of value.fallbacks) {
          terminal.print(plain(`\nfallback ${fallback}: ${because}`));
          if (placements.length > 0) terminal.print(formatTable(COLUMNS, placements, terminal));
        }
        if (!value.dry_run) terminal.say(`requested: slipway runners --pool ${plain(pool)} shows it`);
        else if (value.request && isTaken) terminal.say(plain(`dry run: --name ${value.name} --yes makes this runner`));
        return isTaken ? undefined : 1;
      }),
    );
};

const COLUMNS = [
  {title: 'PLACE', cell: ({place}: Place) => place, keeps: true as const},
  {title: 'MACHINE TYPE', cell: ({machine_type}: Place) => machine_type},
  {title: 'SPOT', cell: ({spot}: Place) => (spot ? 'yes' : 'no')},
];
