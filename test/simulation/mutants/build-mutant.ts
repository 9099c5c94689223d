import {readFileSync} from 'node:fs';
import {dirname, join, resolve} from 'node:path';
import {build, type Plugin} from 'esbuild';
import type {Change, Mutation} from './mutations';

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
  const changes = mutation ? [mutation, ...(mutation.also ? [mutation.also] : [])] : [];
  const changed = new Map(changes.map((change) => [join(ROOT, change.file), mutated(change, mutation?.name)]));
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

/** The file's text after the mutation. */
export function mutated({file, find, replace}: Change, name = file): string {
  const text = readFileSync(join(ROOT, file), 'utf8');
  const parts = text.split(find);
  if (parts.length !== 2) {
    throw new Error(
      `mutation "${name}": found its text ${parts.length - 1} times in ${file}, expected once; write it anew for the code as it is now:\n${find}`,
    );
  }
  return parts.join(replace);
}
