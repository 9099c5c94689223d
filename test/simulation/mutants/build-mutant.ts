import {readFileSync} from 'node:fs';
import {dirname, join, resolve} from 'node:path';
import {build, type Plugin} from 'esbuild';
import type {Mutation} from './mutation';

const ROOT = resolve(__dirname, '..', '..', '..');

/**
 * The simulation with a core that has the mutation, as one file; `undefined` builds the core as it is. Throws when the text to be changed
 * is not there exactly once: a mutation that changes nothing would look like one that nobody catches.
 */
export async function buildMutant(mutation: Mutation | undefined, outfile: string): Promise<void> {
  await build({
    entryPoints: [join(__dirname, 'play.ts')],
    outfile,
    bundle: true,
    platform: 'node',
    target: 'node24',
    format: 'cjs',
    packages: 'external',
    logLevel: 'error',
    plugins: [mutating(mutation)],
  });
}

/** A file in the bundle finds what lies beside it where it was. */
function mutating(mutation: Mutation | undefined): Plugin {
  const changed = mutation ? mutated(mutation) : new Map<string, string>();
  return {
    name: 'mutation',
    setup({onLoad}) {
      onLoad({filter: /\.ts$/}, ({path}) => {
        const text = changed.get(path) ?? readFileSync(path, 'utf8');
        return {contents: text.replaceAll('__dirname', JSON.stringify(dirname(path))), loader: 'ts'};
      });
    },
  };
}

/** The text of each file that the mutation changes, by its path. */
export function mutated({name, also, ...change}: Mutation): ReadonlyMap<string, string> {
  const files = new Map<string, string>();
  for (const {file, find, replace} of also ? [change, also] : [change]) {
    const path = join(ROOT, file);
    const parts = (files.get(path) ?? readFileSync(path, 'utf8')).split(find);
    if (parts.length !== 2) {
      throw new Error(
        `mutation "${name}": found its text ${parts.length - 1} times in ${file}, expected once; write it anew for the code as it is now:\n${find}`,
      );
    }
    files.set(path, parts.join(replace));
  }
  return files;
}
