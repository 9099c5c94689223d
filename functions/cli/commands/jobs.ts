import {Option} from 'commander';
import {Job} from '../answers';
import {type AddCommand, action, gathered, repository, wholeNumber} from '../command';
import {addLimit, type ListOptions, printListing} from '../listing';
import type {Column} from '../table';
import type {Style} from '../terminal';
import {age} from '../words';

const STATUSES = ['queued', 'waiting', 'in_progress', 'completed'];
const STYLES: Readonly<Record<string, Style>> = {
  queued: 'yellow',
  waiting: 'dim',
  in_progress: 'green',
  completed: 'dim',
};

interface JobsOptions extends ListOptions {
  readonly pool?: string;
  readonly repo?: string;
  readonly status?: string;
  readonly run?: number;
  readonly label?: readonly string[];
}

export const addJobs: AddCommand = (program, setting) => {
  addLimit(program.command('jobs'))
    .summary('list the jobs on record')
    .description('List the jobs that this deployment has to do with. A finished job is remembered for seven days.')
    .addOption(new Option('-s, --status <status>', "GitHub's status of the job").choices(STATUSES))
    .option('-p, --pool <pool>', 'jobs of this pool')
    .option('-R, --repo <owner/name>', 'jobs of this repository', repository)
    .option('-l, --label <label>', 'jobs that ask for this label; may be given several times', gathered)
    .option('--run <id>', "jobs of this run, by GitHub's id", wholeNumber(1, Number.MAX_SAFE_INTEGER))
    .action(
      action(setting, async (session, options: JobsOptions) => {
        const {status, pool, repo, run, label} = options;
        const now = session.host.clock.now();
        const listing = {
          key: 'jobs',
          noun: 'jobs',
          path: '/jobs',
          item: Job,
          query: {
            status,
            pool,
            repository: repo,
            labels: label?.join(','),
            run: run === undefined ? undefined : String(run),
          },
          columns: columns(now),
        };
        await printListing(session, listing, options);
        return undefined;
      }),
    );
};

function columns(nowMs: number): readonly Column<Job>[] {
  return [
    {title: 'JOB', cell: ({id}) => id, keeps: true},
    {title: 'STATUS', cell: ({status, demand}) => statusOf(status, demand), keeps: true},
    {title: 'POOL', cell: ({pool}) => pool},
    {title: 'REPOSITORY', cell: ({repository: name}) => name},
    {title: 'LABELS', cell: ({labels}) => labels.join(', ')},
    {title: 'RUNNER', cell: ({runner}) => runner},
    {title: 'QUEUED', cell: ({queued_at}) => age(queued_at, nowMs)},
  ];
}

/** A queued job that was given up waits for somebody to do something. */
function statusOf(status: string, demand: string | null | undefined): {text: string; style: Style} {
  if (status === 'queued' && demand === 'dead') return {text: 'given up', style: 'red'};
  return {text: status, style: STYLES[status] ?? 'bold'};
}
