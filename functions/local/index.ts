import {parseArgs} from 'node:util';
import {readEnvironment} from '../../shared/config/variables';
import {type RealOptions, runReal} from './real';
import {runSimulated, type SimulatedOptions, TAKEN} from './simulated';

const HELP = `Slipway on this machine.

  npm start                    plays a few jobs, then stays up for more (on a terminal Enter queues one; Ctrl-C ends)
  npm start -- --once          plays them and exits, with 1 if one did not end well
  npm start -- --jobs 20       plays that many (default 6)
  npm start -- --logs          shows the functions' own log lines, too
  npm start -- --real          uses the real GitHub and Google Cloud: VMs that it makes cost money
  npm start -- --port 8080     where the webhook listens (with --real only; default 8080)
  npm start -- --help          this text

Nothing has to be configured: GitHub and Compute Engine are simulated, and Google's and GitHub's own client libraries talk to them. Of the
environment only ${TAKEN.join(', ')} are used.
With --real the configuration is what docs/configuration.md describes; the store and the queue are in this process, unless FIRESTORE_DATABASE is set.
`;

export interface Arguments extends RealOptions, SimulatedOptions {
  /** The real GitHub and Google Cloud. */
  readonly real: boolean;
  readonly help: boolean;
}

/** Throws an `Error` whose message is for the person at the terminal. */
export function parseArguments(argv: readonly string[]): Arguments {
  const {values} = parseArgs({
    args: [...argv],
    options: {
      once: {type: 'boolean', default: false},
      jobs: {type: 'string', default: '6'},
      logs: {type: 'boolean', default: false},
      real: {type: 'boolean', default: false},
      port: {type: 'string', default: '8080'},
      help: {type: 'boolean', short: 'h', default: false},
    },
  });
  return {
    once: values.once,
    logs: values.logs,
    real: values.real,
    help: values.help,
    jobs: wholeNumber('--jobs', values.jobs, 1, 500),
    port: wholeNumber('--port', values.port, 1, 65_535),
  };
}

function wholeNumber(option: string, text: string, least: number, most: number): number {
  const number = Number(text);
  if (/^\d+$/.test(text) && number >= least && number <= most) return number;
  throw new Error(`${option}: found ${text}, expected a whole number from ${least} to ${most}`);
}

/** `npm start`. */
async function main(): Promise<number> {
  let options: Arguments;
  try {
    options = parseArguments(process.argv.slice(2));
  } catch (error) {
    process.stderr.write(`${error instanceof Error ? error.message : error}\n\n${HELP}`);
    return 2;
  }
  if (options.help) {
    process.stdout.write(HELP);
    return 0;
  }
  const ended = new Promise<void>((resolve) => {
    for (const signal of ['SIGINT', 'SIGTERM'] as const) process.once(signal, () => resolve());
  });
  const env = readEnvironment();
  return options.real ? runReal(options, env, ended) : runSimulated(options, env, ended);
}

if (require.main === module) {
  main().then(
    (code) => process.exit(code),
    (error: unknown) => {
      process.stderr.write(`${error instanceof Error ? error.message : error}\n`);
      process.exit(1);
    },
  );
}
