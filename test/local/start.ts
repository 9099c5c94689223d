import {readEnvironment} from '../../shared/config/environment';
import {type Arguments, HELP, parseArguments} from './arguments';
import {runReal} from './real';
import {runSimulated} from './simulated';

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

main().then(
  (code) => process.exit(code),
  (error: unknown) => {
    process.stderr.write(`${error instanceof Error ? error.message : error}\n`);
    process.exit(1);
  },
);
