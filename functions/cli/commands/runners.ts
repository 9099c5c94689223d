import {Runner} from '../answers';
import {type AddCommand, action, repository} from '../command';
import {addLimit, type ListOptions, printListing} from '../listing';
import type {Column} from '../table';
import type {Style} from '../terminal';
import {age} from '../words';

const STYLES: Readonly<Record<string, Style>> = {
  busy: 'green',
  idle: 'dim',
  stopped: 'dim',
  gone: 'dim',
  failed: 'red',
};

interface RunnersOptions extends ListOptions {
  readonly pool?: string;
  readonly repo?: string;
  readonly state?: string;
}

export const addRunners: AddCommand = (program, setting) => {
  addLimit(program.command('runners'))
    .summary('list the runners, persistent VMs among them')
    .description('List the runners, persistent VMs among them: all but those that are gone or failed.')
    .option('-p, --pool <pool>', 'runners of this pool')
    .option('-s, --state <states>', 'in one of these states, separated by commas: idle,busy')
    .option('-R, --repo <owner/name>', 'registered there, or in its organization', repository)
    .action(
      action(setting, async (session, options: RunnersOptions) => {
        const {pool, state, repo} = options;
        const now = session.host.clock.now();
        const listing = {
          key: 'runners',
          noun: 'runners',
          path: '/runners',
          item: Runner,
          query: {pool, state, repository: repo},
          columns: columns(now),
        };
        await printListing(session, listing, options);
        return undefined;
      }),
    );
};

function columns(nowMs: number): readonly Column<Runner>[] {
  return [
    {title: 'RUNNER', cell: ({id}) => id, keeps: true},
    {title: 'STATE', cell: ({state}) => ({text: state, style: STYLES[state] ?? 'yellow'}), keeps: true},
    {title: 'FOR', cell: ({state_at}) => age(state_at, nowMs)},
    {title: 'POOL', cell: ({pool}) => pool},
    {title: 'JOB', cell: ({job_id}) => job_id},
    {title: 'REGISTERED IN', cell: ({repository: name, org}) => name ?? org},
    {title: 'PLACE', cell: ({zone}) => zone},
    {title: 'MACHINE', cell: ({machine_type, spot}) => machine_type && `${machine_type}${spot ? ' (spot)' : ''}`},
  ];
}
