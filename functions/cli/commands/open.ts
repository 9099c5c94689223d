import {spawn} from 'node:child_process';
import type {Environment} from '../../../shared/config/variables';
import {type AddCommand, action} from '../command';
import {Failure} from '../failure';
import {printJson} from '../session';

export const addOpen: AddCommand = (program, setting) => {
  program
    .command('open')
    .summary("open the api's page in the browser")
    .description("Open the api's page in the browser: its live page where it has one, else its documentation.")
    .option('--print', 'print the address, and open nothing')
    .action(
      action(setting, async (session, {print}: {readonly print?: boolean}) => {
        const client = session.client();
        const url = `${client.url}${(await client.isPage('/')) ? '/' : '/docs'}`;
        if (session.json) printJson(session, {url});
        else session.terminal.print(url);
        if (!print && !session.json) await browse(url, session.host.env);
        return undefined;
      }),
    );
};

/** The command that opens a URL, by platform. `BROWSER` names another one. */
const OPENERS: Readonly<Partial<Record<NodeJS.Platform, string>>> = {darwin: 'open', win32: 'explorer.exe'};

/** Resolves when the browser was started: what becomes of it is its own. */
function browse(url: string, env: Environment): Promise<void> {
  const opener = env['BROWSER'] || OPENERS[process.platform] || 'xdg-open';
  return new Promise((resolve, reject) => {
    const child = spawn(opener, [url], {env: {...env}, stdio: 'ignore', detached: true});
    child.once('error', () => reject(new Failure(`${opener} cannot be started: open the address above yourself`)));
    child.once('spawn', () => {
      child.unref();
      resolve();
    });
  });
}
