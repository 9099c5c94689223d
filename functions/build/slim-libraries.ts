import {join, resolve, sep} from 'node:path';
import type {Plugin} from 'esbuild';

const MODULES = resolve(__dirname, '..', '..', 'node_modules');

/** pino's transports run in threads of their own and open files. Slipway's logger writes to a stream that it passes to pino. */
const WITHOUT_TRANSPORTS = `
  module.exports = function () {
    throw new Error('pino is bundled without transports; pass it a stream');
  };`;

/** Modules that replace others in the bundles, because nothing calls these. A start compiles every byte of a bundle, called or not. */
const STAND_INS: Readonly<Record<string, string>> = {
  'pino/lib/transport': WITHOUT_TRANSPORTS,
  'pino/lib/multistream': WITHOUT_TRANSPORTS,
  'sonic-boom': WITHOUT_TRANSPORTS,
  // pino asks only whether it may register an exit handler for a file that it opened.
  worker_threads: 'exports.isMainThread = true;',
  '@pinojs/redact': `module.exports = () => { throw new Error('pino is bundled without redaction'); };`,
  // Every schema of zod gets these methods.
  'zod/v4/core/to-json-schema': `
    export const createToJSONSchemaMethod = () => undefined;
    export const createStandardJSONSchemaMethod = () => undefined;`,
  'zod/v4/core/json-schema-processors': 'export {};',
};

/**
 * Reduces the libraries that every function loads at its start to the parts that Slipway uses. `makesJsonSchema`: whether the bundle turns
 * schemas of zod into JSON Schema, as the description of the API does.
 */
export function slimLibraries({makesJsonSchema}: {readonly makesJsonSchema: boolean}): Plugin {
  return {
    name: 'slim-libraries',
    setup(build) {
      const standIn = (name: string) => ({path: name, namespace: 'slim'});
      const inPackage = (name: string, importer: string) => importer.startsWith(join(MODULES, name) + sep);
      // As ES modules, which esbuild joins into one scope and strips of what is unused. Node's build of yaml is CommonJS.
      build.onResolve({filter: /^yaml$/}, () => ({path: join(MODULES, 'yaml', 'browser', 'dist', 'index.js')}));
      build.onResolve({filter: /^(\.\/lib|\.)\/(transport|multistream)$/}, ({path, importer}) =>
        inPackage('pino', importer) ? standIn(`pino/lib/${path.replace(/^.*\//, '')}`) : undefined,
      );
      build.onResolve({filter: /^(sonic-boom|worker_threads|@pinojs\/redact)$/}, ({path, importer}) =>
        inPackage('pino', importer) ? standIn(path) : undefined,
      );
      build.onResolve({filter: /\/(to-json-schema|json-schema-processors)\.js$/}, ({path, importer}) =>
        importer === join(MODULES, 'zod', 'v4', 'classic', 'schemas.js') && !makesJsonSchema
          ? standIn(`zod/v4/core/${path.replace(/^.*\/|\.js$/g, '')}`)
          : undefined,
      );
      build.onLoad({filter: /.*/, namespace: 'slim'}, ({path}) => ({contents: STAND_INS[path] ?? ''}));
    },
  };
}
