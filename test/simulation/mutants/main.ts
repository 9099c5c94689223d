import {execFile} from 'node:child_process';
import {mkdirSync, rmSync} from 'node:fs';
import {join, resolve} from 'node:path';
import {parseArgs, promisify} from 'node:util';
import {buildMutant} from './build-mutant';
import type {Mutation} from './mutation';
import {MUTATIONS} from './mutations';
import type {Caught} from './play';

const HELP = `Shows that the simulation can fail: each mutation of the core has to be caught by one of the first seeds, or by a case that is kept
in regressions.ts because a seed comes upon it seldom.

  npm run simulate:mutants                       all of them
  npm run simulate:mutants -- --only lease       those whose name holds the word
  npm run simulate:mutants -- --seeds 200        how many seeds each may take (default 200)
  npm run simulate:mutants -- --days 0.25        how long jobs go on coming in each
  npm run simulate:mutants -- --workers 2        processes
  npm run simulate:mutants -- --unchanged skip   the core as it is plays one seed alone: all of them take longest

Exits with 1 when a mutation is not caught.
`;

/** Bundles are put where the packages that they need are found. */
const FOLDER = resolve(__dirname, '..', '..', '..', 'node_modules', '.cache', 'slipway-mutants');

async function main(): Promise<number> {
  const {values} = parseArgs({
    options: {
      only: {type: 'string', default: ''},
      seeds: {type: 'string', default: '200'},
      days: {type: 'string', default: '0.25'},
      workers: {type: 'string', default: '2'},
      unchanged: {type: 'string', default: 'play'},
      help: {type: 'boolean', short: 'h', default: false},
    },
  });
  if (values.help) {
    process.stdout.write(HELP);
    return 0;
  }
  mkdirSync(FOLDER, {recursive: true});
  const waiting = MUTATIONS.filter(({name}) => name.includes(values.only));
  const total = waiting.length;
  // Without it, a core that fails by itself (with another Node.js, say) would look like one whose mutations are all caught.
  const seeds = values.unchanged === 'skip' ? '1' : values.seeds;
  const broken = await play(undefined, {...values, seeds, kept: values.unchanged !== 'skip'});
  if (broken) {
    process.stderr.write(`the core as it is fails: ${broken.by}, --days ${values.days}: ${broken.violation.rule}\n`);
    return 1;
  }
  process.stdout.write(`${'the core as it is'.padEnd(44)} passes ${seeds} seed${seeds === '1' ? '' : 's'}\n`);
  const survivors: string[] = [];
  const work = async (): Promise<void> => {
    for (let next = waiting.shift(); next; next = waiting.shift()) {
      const caught = await play(next, values);
      if (!caught) survivors.push(next.name);
      const how = caught
        ? `caught by ${caught.by}: ${caught.violation.rule}: ${caught.violation.detail.slice(0, 90)}`
        : `NOT CAUGHT by ${values.seeds} seeds and the kept cases`;
      process.stdout.write(`${next.name.padEnd(44)} ${how}\n`);
    }
  };
  await Promise.all(Array.from({length: Number(values.workers)}, work));
  process.stdout.write(`${total - survivors.length} of ${total} mutations caught\n`);
  return survivors.length === 0 && total > 0 ? 0 : 1;
}

async function play(
  mutation: Mutation | undefined,
  {seeds, days, kept = true}: {seeds: string; days: string; kept?: boolean},
): Promise<Caught | null> {
  const file = join(FOLDER, `${mutation?.name.replace(/[^a-z0-9]+/gi, '-') ?? 'none'}.cjs`);
  const {provider = 'gce'} = mutation ?? {};
  await buildMutant(mutation, file);
  try {
    const {stdout} = await promisify(execFile)(process.execPath, [file, seeds, days, provider, kept ? 'kept' : ''], {
      maxBuffer: 64 * 1024 * 1024,
    });
    return JSON.parse(stdout) as Caught | null;
  } finally {
    rmSync(file, {force: true});
  }
}

main().then(
  (code) => process.exit(code),
  (error: unknown) => {
    process.stderr.write(`${error instanceof Error ? error.message : error}\n`);
    process.exit(1);
  },
);
