import {Status} from '../answers';
import type {Answer, ApiClient} from '../client';
import {type AddCommand, action, wholeNumber} from '../command';
import {Failure} from '../failure';
import {printJson, type Session} from '../session';
import {formatStatus} from '../status-view';
import {toJson} from '../terminal';

interface StatusOptions {
  readonly watch?: boolean;
  /** Seconds. */
  readonly every: number;
}

export const addStatus: AddCommand = (program, setting) => {
  program
    .command('status')
    .summary('show pools, waiting jobs, runners, breakers')
    .description('Show the whole deployment: pools, jobs that wait, runners, breakers, the last sweep, dead letters.')
    .option('-w, --watch', 'a live view, until Ctrl-C')
    .option('--every <seconds>', 'how often the live view looks', wholeNumber(1, 3600), 3)
    .action(
      action(setting, async (session, {watch, every}: StatusOptions) => {
        const client = session.client();
        if (watch) return watchStatus(session, client, every);
        const answer = await read(client);
        if (session.json) printJson(session, answer.raw);
        else session.terminal.print(view(session, answer));
        return undefined;
      }),
    );
};

function read(client: ApiClient): Promise<Answer<Status>> {
  return client.request(Status, {path: '/status'});
}

function view({terminal, host}: Session, {value}: Answer<Status>): string {
  return formatStatus(value, terminal, host.clock.now());
}

/**
 * Shows the status anew until the process is ended; as JSON one line each time. What cannot be read for a while is shown as it was, with how
 * old it is. The first time it has to succeed.
 */
async function watchStatus(session: Session, client: ApiClient, everySeconds: number): Promise<never> {
  const {terminal, host} = session;
  let last = {answer: await read(client), atMs: host.clock.now()};
  let failure: string | undefined;
  for (;;) {
    if (session.json) {
      if (failure === undefined) terminal.print(toJson(last.answer.raw));
      else terminal.say(`slipway: ${failure}`);
    } else {
      const time = new Date(last.atMs).toISOString().slice(11, 19);
      const stale = failure && terminal.paint('red', `Stale since ${time} UTC: ${failure}`);
      terminal.redraw(
        `${view(session, last.answer)}\n\n${stale ?? terminal.paint('dim', `${time} UTC, every ${everySeconds} s`)}`,
      );
    }
    await host.clock.sleep(everySeconds * 1000);
    try {
      last = {answer: await read(client), atMs: host.clock.now()};
      failure = undefined;
    } catch (error) {
      if (!(error instanceof Failure) || error.exitCode === 2) throw error;
      failure = error.message;
    }
  }
}
