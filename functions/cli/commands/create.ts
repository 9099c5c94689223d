import {CreatedRunners, Outcome} from '../answers';
import {type AddCommand, action, gathered, repository, segment, wholeNumber} from '../command';
import {usage} from '../failure';
import {printJson} from '../session';
import {formatTable} from '../table';
import {count} from '../words';

interface CreateOptions {
  readonly repo?: string;
  readonly org?: string;
  readonly label?: readonly string[];
  readonly count: number;
  readonly dryRun?: boolean;
  readonly idempotencyKey?: string;
}

export const addCreate: AddCommand = (program, setting) => {
  program
    .command('create')
    .summary('make runners that no job has asked for')
    .description(
      'Make runners that no job has asked for. They take the next jobs of their labels, and go after the idle time of the pool without one.',
    )
    .argument('<pool>', 'a pool that creates machines')
    .option('-R, --repo <owner/name>', 'register them in this repository', repository)
    .option('--org <login>', 'register them in this organization, for a pool with org')
    .option('-l, --label <label>', 'a label beside those of the pool; may be given several times', gathered)
    .option('-n, --count <number>', 'so many', wholeNumber(1, 20), 1)
    .option('--idempotency-key <key>', 'the same key again makes no more of them')
    .option('--dry-run', 'say what would be made, and make nothing')
    .action(
      action(setting, async (session, options: CreateOptions, pool: string) => {
        const {repo, org, label, dryRun} = options;
        if ((repo === undefined) === (org === undefined)) {
          throw usage('give --repo owner/name, or --org for a pool of an organization, and not both');
        }
        const {raw, value} = await session.client().request(CreatedRunners, {
          method: 'POST',
          path: '/runners',
          names: {pool: '<pool>'},
          query: {'dry-run': dryRun ? 'true' : undefined},
          headers: {'idempotency-key': options.idempotencyKey ?? session.host.random.uuid()},
          body: {
            pool,
            count: options.count,
            ...(repo === undefined ? {} : {repo}),
            ...(org === undefined ? {} : {org}),
            ...(label === undefined ? {} : {labels: label}),
          },
        });
        if (session.json) {
          printJson(session, raw);
          return undefined;
        }
        const columns = [
          {title: 'RUNNER', cell: ({id}: {id: string}) => id, keeps: true as const},
          {title: 'STATE', cell: ({state}: {state: string}) => state},
        ];
        session.terminal.print(formatTable(columns, value.runners, session.terminal));
        if (dryRun) session.terminal.say(`dry run: ${count(value.runners.length, 'runner')} would be made`);
        return undefined;
      }),
    );
};

interface DeleteOptions {
  readonly force?: boolean;
  readonly dryRun?: boolean;
}

export const addDelete: AddCommand = (program, setting) => {
  program
    .command('delete')
    .summary('remove a runner')
    .description('Deregister a runner, then delete its VM. A runner that runs a job is refused.')
    .argument('<runner>', 'the runner, as slipway runners shows it')
    .option('--force', 'also when it runs a job, which it ends')
    .option('--dry-run', 'say what would be done, and do nothing')
    .action(
      action(setting, async (session, {force, dryRun}: DeleteOptions, runner: string) => {
        const {raw, value} = await session.client().request(Outcome, {
          method: 'DELETE',
          path: `/runners/${segment('<runner>', runner)}`,
          names: {id: '<runner>'},
          query: {force: force ? 'true' : undefined, 'dry-run': dryRun ? 'true' : undefined},
        });
        if (session.json) printJson(session, raw);
        else session.terminal.print(`${runner}: ${value.status}${dryRun ? ' (dry run)' : ''}`);
        return undefined;
      }),
    );
};
