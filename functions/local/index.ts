import {parseArgs} from 'node:util';
import {readEnvironment} from '../../shared/config/variables';
import {type RealOptions, runReal} from './real';
import {PASSED_VARIABLES, runSimulated, type SimulatedOptions} from './simulated';

const HELP = `Slipway on this machine.

  npm start                    runs a few jobs, then waits for more (on a terminal Enter queues one; Ctrl-C ends)
  npm start -- --once          runs the jobs and exits, with 1 if a job failed or left a VM
  npm start -- --jobs 20       runs 20 jobs (default 8)
  npm start -- --open          opens the live page in the browser
  npm start -- --logs          also shows the log lines of the functions
  npm start -- --real          uses the real GitHub and Google Cloud: VMs that Slipway creates cost money
  npm start -- --port 8080     the port of the webhook (with --real only; default 8080)
  npm start -- --help          shows this text

No configuration is needed: GitHub and every provider are emulated, and the functions call the emulators through the same clients as
the real ones. Of the environment variables only ${PASSED_VARIABLES.join(', ')} are used.
With --real the configuration is the one in docs/configuration.md. The queue is in this process, and so is the store unless
FIRESTORE_DATABASE is set.
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
      jobs: {type: 'string', default: '8'},
      logs: {type: 'boolean', default: false},
      open: {type: 'boolean', default: false},
      real: {type: 'boolean', default: false},
      port: {type: 'string', default: '8080'},
      help: {type: 'boolean', short: 'h', default: false},
    },
  });
  return {
    once: values.once,
    logs: values.logs,
    open: values.open,
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
