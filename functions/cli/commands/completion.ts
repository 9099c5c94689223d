import {Argument} from 'commander';
import {type AddCommand, action} from '../command';
import {completionScript, SHELLS, type Shell} from '../completion';
import {printJson} from '../session';

export const addCompletion: AddCommand = (program, setting) => {
  program
    .command('completion')
    .summary('print the completion script of a shell')
    .description(
      'Print the completion script of a shell. bash: source <(slipway completion bash); zsh: slipway completion zsh > a file _slipway in a folder of $fpath.',
    )
    .addArgument(new Argument('<shell>').choices(SHELLS))
    .action(
      action(setting, async (session, _: object, shell: Shell) => {
        const script = completionScript(program, shell);
        if (session.json) printJson(session, {shell, script});
        else session.terminal.print(script);
        return undefined;
      }),
    );
};
