import {Outcome} from '../answers';
import {type AddCommand, action} from '../command';
import {printJson} from '../session';

interface PowerOptions {
  readonly force?: boolean;
  readonly dryRun?: boolean;
}

/** What the answers mean, for people. */
const SENTENCES: Readonly<Record<string, string>> = {
  starting: 'starts',
  already_running: 'runs already',
  stopping: 'is on its way down',
  already_stopped: 'is stopped already',
  busy: 'runs a job, or a job waits for it: it was not stopped; --force stops it and ends the job',
};

export const addStart: AddCommand = (program, setting) => addPower(program, setting, 'start');
export const addStop: AddCommand = (program, setting) => addPower(program, setting, 'stop');

function addPower(
  program: Parameters<AddCommand>[0],
  setting: Parameters<AddCommand>[1],
  verb: 'start' | 'stop',
): void {
  const command = program
    .command(verb)
    .description(`${verb === 'start' ? 'Start' : 'Stop'} the VM of a pool of type gce-vm.`)
    .argument('[pool]', 'left out: the only one of that type')
    .option('--dry-run', 'say what would be done, and do nothing');
  if (verb === 'stop') command.option('--force', 'also when it runs a job, which it ends');
  command.action(
    action(setting, async (session, {force, dryRun}: PowerOptions, pool: string | undefined) => {
      const {raw, value} = await session.client().request(Outcome, {
        method: 'POST',
        path: `/runner/${verb}`,
        names: {pool: '<pool>'},
        query: {pool, force: force ? 'true' : undefined, 'dry-run': dryRun ? 'true' : undefined},
      });
      const isRefused = value.status === 'busy' || (verb === 'start' && value.status === 'stopping');
      if (session.json) printJson(session, raw);
      else {
        const sentence = `the VM ${pool === undefined ? '' : `of pool ${pool} `}${SENTENCES[value.status] ?? value.status}`;
        const more = verb === 'start' && isRefused ? ': try again in a minute' : dryRun ? ' (dry run)' : '';
        session.terminal[isRefused ? 'say' : 'print'](`${isRefused ? 'slipway: ' : ''}${sentence}${more}`);
      }
      return isRefused ? 1 : undefined;
    }),
  );
}
