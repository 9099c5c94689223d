import {drawScenario} from '../draw-scenario';
import {reportOf} from '../report';
import {shrink} from '../shrink';
import {simulate} from '../simulate';
import {withProvider} from '../with-provider';
import {type Arguments, HELP, parseArguments} from './arguments';
import {playSeeds} from './play-seeds';
import type {SeedResult} from './seed-result';
import {Summary} from './summary';

/** Simulated weeks from one line of progress to the next, where the output is no terminal. */
const WEEKS_BETWEEN = 10;

/** Failing seeds that are cut down and shown; the others are named. */
const SHOWN = 3;

/** `npm run simulate`. Returns the exit code. */
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
  if (options.trace && options.seeds === 1) {
    const scenario = withProvider(drawScenario(options.seed, options), options.provider);
    process.stdout.write(reportOf(scenario, await simulate(scenario, {isTraced: true})));
  }
  const summary = new Summary(options.seeds, options.days);
  const failed: SeedResult[] = [];
  let told = 0;
  // A run of hours that is stopped tells what it has seen.
  for (const signal of ['SIGINT', 'SIGTERM'] as const) {
    process.once(signal, () => {
      process.stdout.write(`\nstopped by ${signal}\n${summary.text()}`);
      process.exit(1);
    });
  }
  await playSeeds({
    ...options,
    onResult(result) {
      summary.add(result);
      if (result.violations.length > 0) {
        failed.push(result);
        process.stdout.write(
          `\nseed ${result.seed} FAILED: ${result.violations[0]?.rule}: ${result.violations[0]?.detail}\n`,
        );
      }
      if (process.stdout.isTTY) process.stdout.write(`\r${summary.progress()}`);
      else if (summary.done % 500 === 0 || Math.floor(summary.weeks() / WEEKS_BETWEEN) > told) {
        told = Math.floor(summary.weeks() / WEEKS_BETWEEN);
        process.stdout.write(`${summary.progress()}\n`);
      }
    },
  });
  process.stdout.write(`\n${summary.text()}`);
  for (const {seed} of failed.sort((a, b) => a.seed - b.seed).slice(0, SHOWN)) await explain(seed, options);
  if (failed.length === 0) return 0;
  const again = `npm run simulate -- --seeds 1 --days ${options.days} --provider ${options.provider} --seed`;
  process.stdout.write(`${failed.map(({seed}) => `failed: ${again} ${seed}`).join('\n')}\n`);
  return 1;
}

/** Plays a failing seed again, cut down to what matters, and shows what happened. */
async function explain(seed: number, options: Arguments): Promise<void> {
  const scenario = withProvider(drawScenario(seed, options), options.provider);
  const {violations} = await simulate(scenario);
  const rule = violations[0]?.rule;
  if (!rule) {
    process.stdout.write(`seed ${seed} did not fail when it was played again: the simulation is not deterministic\n`);
    return;
  }
  const {scenario: small, plays} = await shrink(scenario, rule, (candidate) => simulate(candidate));
  process.stdout.write(`\nseed ${seed}, cut down in ${plays} plays:\n`);
  process.stdout.write(reportOf(small, await simulate(small, {isTraced: true})));
}

main().then(
  (code) => process.exit(code),
  (error: unknown) => {
    process.stderr.write(`${error instanceof Error ? error.stack : error}\n`);
    process.exit(1);
  },
);
