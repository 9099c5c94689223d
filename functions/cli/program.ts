import {Command, CommanderError} from 'commander';
import {version} from '../../package.json';
import {scrubSecrets} from '../../shared/secret';
import {type AddCommand, type Setting, wholeNumber} from './command';
import {addCheck} from './commands/check';
import {addCleanup} from './commands/cleanup';
import {addCompletion} from './commands/completion';
import {addCosts} from './commands/costs';
import {addCreate, addDelete} from './commands/create';
import {addDeadLetters, addRetry} from './commands/dead-letters';
import {addDoctor} from './commands/doctor';
import {addHosts, addHostToken} from './commands/hosts';
import {addJobs} from './commands/jobs';
import {addMigrate} from './commands/migrate';
import {addOpen} from './commands/open';
import {addStart, addStop} from './commands/power';
import {addRunners} from './commands/runners';
import {addStatus} from './commands/status';
import {addTest} from './commands/test';
import {addWhy} from './commands/why';
import {Failure} from './failure';
import type {Host} from './session';
import {plain} from './terminal';

/** In the order of the help. */
const COMMANDS: readonly AddCommand[] = [
  addWhy,
  addStatus,
  addJobs,
  addRunners,
  addCreate,
  addDelete,
  addStart,
  addStop,
  addHosts,
  addHostToken,
  addDeadLetters,
  addRetry,
  addCosts,
  addDoctor,
  addTest,
  addCleanup,
  addOpen,
  addCheck,
  addMigrate,
  addCompletion,
];

/** Runs one command line. Returns the exit code: 0, 1 (something is wrong), 2 (the command line is). */
export async function run(argv: readonly string[], host: Host): Promise<0 | 1 | 2> {
  let exitCode: 0 | 1 = 0;
  const program = createProgram({
    host,
    exit: (code) => {
      exitCode = code;
    },
  });
  try {
    await program.parseAsync([...argv], {from: 'user'});
    return exitCode;
  } catch (error) {
    return report(error, host);
  }
}

function createProgram(setting: Setting): Command {
  const {stdout, stderr} = setting.host;
  const program = new Command('slipway')
    .description('See, control and explain a deployment of Slipway.')
    .version(version, '-V, --version', 'print the version')
    .option('--url <url>', "the api's URL; else SLIPWAY_API_URL")
    .option('--secret-file <path>', "a file that holds the api's secret; else SLIPWAY_API_SECRET")
    .option('--json', 'print what api answers, for scripts')
    .option('--no-color', 'no colours; so does the variable NO_COLOR')
    .option('--timeout <seconds>', 'how long one request may take', wholeNumber(1, 600), 30)
    .configureHelp({showGlobalOptions: true})
    .configureOutput({
      writeOut: (text) => void stdout.write(text),
      writeErr: (text) => void stderr.write(text),
      outputError: () => undefined,
    })
    .helpOption('-h, --help', 'print help')
    .addHelpText('after', '\nExit codes: 0, 1 (something is wrong), 2 (the command line is). docs/cli.md says more.')
    .exitOverride();
  for (const add of COMMANDS) add(program, setting);
  return program;
}

/** Says on one line what is wrong. Returns the exit code. */
function report(error: unknown, {stderr}: Host): 0 | 1 | 2 {
  if (error instanceof CommanderError) {
    if (error.exitCode === 0) return 0;
    if (error.code !== 'commander.help') stderr.write(`slipway: ${commandLineError(error)}\n`);
    return 2;
  }
  if (error instanceof Failure) {
    stderr.write(`slipway: ${plain(error.message)}\n`);
    return error.exitCode;
  }
  const message = error instanceof Error ? error.message : String(error);
  stderr.write(`slipway: a fault of this command, please report it: ${plain(scrubSecrets(message))}\n`);
  return 1;
}

/** An option that is not known may carry a secret behind `=`: its name alone is shown. */
function commandLineError({code, message}: CommanderError): string {
  const text = plain(message.replace(/^error: /, ''));
  if (code === 'commander.unknownOption') {
    const [, name = ''] = /unknown option '(-{1,2}[\w-]{0,40})/.exec(text) ?? [];
    const [hint = ''] = / \(Did you mean (one of )?[-\w, ]+\?\)$/.exec(text) ?? [];
    return `unknown option ${name}${hint}; slipway --help and slipway help COMMAND list what there is`;
  }
  return `${text.replace(/\.$/, '')}; slipway --help lists the commands`;
}
