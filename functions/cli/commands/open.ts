import {browse} from '../browse';
import {type AddCommand, action} from '../command';
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
