import {readFileSync} from 'node:fs';
import {dirname, join} from 'node:path';
import {build, type Plugin} from 'esbuild';
import {absolute, readCore} from './core';
import {mutate} from './mutate';
import type {Mutation} from './mutation';

/**
 * The simulation with a core that has the mutation, as one file; `undefined` builds the core as it is. Throws when the mutation
 * is refused.
 *
 * @see mutate.ts
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
  const texts = mutation ? [...mutate(readCore(), mutation)] : [];
  const changed = new Map(texts.map(([path, text]) => [absolute(path), text]));
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
