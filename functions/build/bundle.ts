import {mkdirSync, writeFileSync} from 'node:fs';
import {basename, dirname, join, relative, resolve} from 'node:path';
import {build, type Metafile, type Plugin, transform} from 'esbuild';
import {slimClients} from './google-clients';
import {slimLibraries} from './slim-libraries';
import {embeddedStartupScript} from './startup-script';
import {versionStamp} from './version';

const ROOT = resolve(__dirname, '..', '..');

export interface Bundle {
  readonly entry: string;
  /** Gets `index.js` and `chunks/*.js`. */
  readonly outdir: string;
  /** Gets the source maps, which are not deployed. */
  readonly maps: string;
  readonly external: readonly string[];
  /** Whether it turns schemas of zod into JSON Schema. */
  readonly makesJsonSchema?: boolean;
}

export interface Bundled {
  /** The modules of each output file; paths relative to the project. */
  readonly metafile: Metafile;
  /** Size of `index.js` and the chunks that it loads at once. */
  readonly startBytes: number;
  readonly totalBytes: number;
}

/**
 * Bundles one function as `index.js`, and as chunks what the function loads later, by `import()` or by a `require` inside a function.
 * esbuild splits ES modules only, but functions-framework and Google's CommonJS packages are hard to run as ES modules. So esbuild splits ES
 * modules, and each output file is then converted to CommonJS. A module is in one chunk only, so that each class exists once.
 */
export async function bundle({entry, outdir, maps, external, makesJsonSchema = false}: Bundle): Promise<Bundled> {
  const {outputFiles, metafile} = await build({
    entryPoints: {index: entry},
    absWorkingDir: ROOT,
    outdir,
    bundle: true,
    splitting: true,
    write: false,
    metafile: true,
    platform: 'node',
    target: 'node24',
    format: 'esm',
    chunkNames: 'chunks/[name]-[hash]',
    minifySyntax: true,
    // Class names appear in error messages and stack traces.
    keepNames: true,
    legalComments: 'none',
    sourcemap: 'inline',
    external: [...external],
    plugins: [
      slimClients,
      slimLibraries({makesJsonSchema}),
      embeddedStartupScript(ROOT),
      versionStamp(ROOT),
      laterByRequire,
    ],
    logLevel: 'error',
  });
  const sizes = new Map<string, number>();
  for (const {path, text} of outputFiles) {
    const {code, map} = await transform(text.replace(LATER, '        require($1)'), {
      format: 'cjs',
      platform: 'node',
      target: 'node24',
      minify: true,
      // Node's own import() would give no named exports of a CommonJS chunk.
      supported: {'dynamic-import': false},
      ...(isCommonJs(metafile, relative(ROOT, path)) ? {footer: 'module.exports=module.exports.default;'} : {}),
      legalComments: 'none',
      sourcemap: 'external',
      sourcefile: basename(path),
    });
    const file = relative(outdir, path);
    write(join(outdir, file), code);
    write(join(maps, `${file}.map`), map);
    sizes.set(relative(ROOT, path), Buffer.byteLength(code));
  }
  return {metafile, ...measure(metafile, sizes)};
}

/** Whether a chunk holds a CommonJS module that is imported later: esbuild makes the module's `module.exports` the chunk's default export. */
function isCommonJs({inputs, outputs}: Metafile, path: string): boolean {
  const entry = outputs[path]?.entryPoint;
  return entry !== undefined && inputs[entry]?.format === 'cjs';
}

/** esbuild makes no chunk of a required module. So a `require` is rewritten as an import, and after the split as a `require` again. */
const laterByRequire: Plugin = {
  name: 'later-by-require',
  setup(pluginBuild) {
    const own = new RegExp(`^${ROOT.replace(/[\\^$.*+?()[\]{}|]/g, '\\$&')}/(functions|shared)/.*\\.ts$`);
    pluginBuild.onLoad({filter: own}, async ({path}) => {
      const {readFile} = await import('node:fs/promises');
      const source = await readFile(path, 'utf8');
      return {contents: source.replace(/\brequire\(('\.[^']*')\)/g, '__later(import($1))'), loader: 'ts'};
    });
  },
};

/** `__later(import("./chunks/x.js"))`. Its replacement has the same length, so that the columns of the source map stay right. */
const LATER = /__later\(import\(("[^"]*")\)\)/g;

function write(path: string, contents: string): void {
  mkdirSync(dirname(path), {recursive: true});
  writeFileSync(path, contents);
}

/** The size of the outputs that are loaded with the entry, and of all outputs. */
function measure(metafile: Metafile, sizes: ReadonlyMap<string, number>): Omit<Bundled, 'metafile'> {
  const atOnce = new Set(startOutputs(metafile));
  let startBytes = 0;
  let totalBytes = 0;
  for (const [path, bytes] of sizes) {
    totalBytes += bytes;
    if (atOnce.has(path)) startBytes += bytes;
  }
  return {startBytes, totalBytes};
}

/** The outputs that are loaded at the start: the entry and its static imports, at any depth. */
export function startOutputs({outputs}: Metafile): string[] {
  const entry = Object.keys(outputs).find((path) => outputs[path]?.entryPoint && basename(path) === 'index.js');
  const found = new Set<string>();
  const visit = (path: string): void => {
    if (found.has(path)) return;
    found.add(path);
    for (const {path: next, kind, external} of outputs[path]?.imports ?? []) {
      if (kind === 'import-statement' && !external) visit(next);
    }
  };
  if (entry) visit(entry);
  return [...found];
}
