import {createHash} from 'node:crypto';
import {mkdirSync, readFileSync, writeFileSync} from 'node:fs';
import {basename, join, resolve} from 'node:path';
import {parseArgs} from 'node:util';
import {brotliCompressSync, gzipSync} from 'node:zlib';
import {build} from 'esbuild';
import {MANIFEST, type Manifest, PAGES_FOLDER, SUFFIXES} from '../../shared/api/pages/files';

const APP = resolve(__dirname, '..', '..', 'shared', 'api', 'pages', 'app');

/** Browsers of the last years: `dialog`, `AbortSignal.timeout` and `color-scheme` are in all of them. */
const TARGET = ['chrome110', 'firefox115', 'safari16.4'];

const SCRIPT = 'text/javascript; charset=utf-8';

/** A file before it has its name. */
interface Named {
  readonly name: string;
  readonly extension: string;
  readonly type: string;
  readonly content: Buffer;
}

/**
 * Builds what the pages of `api` load into a folder: each file under a name with a hash of its content, beside it compressed, and the manifest
 * that lists them.
 */
export async function buildPages(folder: string): Promise<void> {
  const {outputFiles} = await build({
    entryPoints: {live: join(APP, 'main.tsx'), submit: join(APP, 'submit.ts'), style: join(APP, 'style.css')},
    outdir: folder,
    bundle: true,
    write: false,
    format: 'esm',
    platform: 'browser',
    target: TARGET,
    minify: true,
    legalComments: 'none',
    jsx: 'automatic',
    jsxImportSource: 'preact',
    tsconfig: join(APP, 'tsconfig.json'),
    logLevel: 'error',
  });
  const made = new Map(outputFiles.map(({path, contents}) => [basename(path), Buffer.from(contents)]));
  const content = (name: string): Buffer => {
    const found = made.get(name);
    if (!found) throw new Error(`the bundler made no ${name}, but ${[...made.keys()].join(', ')}`);
    return found;
  };
  // The style of the plot is part of the script's imports.
  const style = Buffer.concat([content('style.css'), made.get('live.css') ?? Buffer.alloc(0)]);
  const files: Manifest['files'] = {};
  mkdirSync(folder, {recursive: true});
  const write = ({name, extension, type, content: bytes}: Named): string => {
    const hash = createHash('sha256').update(bytes).digest('hex').slice(0, 16);
    const file = `${name}-${hash}.${extension}`;
    writeFileSync(join(folder, file), bytes);
    writeFileSync(join(folder, file + SUFFIXES.br), brotliCompressSync(bytes));
    writeFileSync(join(folder, file + SUFFIXES.gzip), gzipSync(bytes, {level: 9}));
    const path = `${PAGES_FOLDER}/${file}`;
    Object.assign(files, {[path]: type});
    return path;
  };
  const manifest: Manifest = {
    script: write({name: 'live', extension: 'js', type: SCRIPT, content: content('live.js')}),
    submit: write({name: 'submit', extension: 'js', type: SCRIPT, content: content('submit.js')}),
    style: write({name: 'style', extension: 'css', type: 'text/css; charset=utf-8', content: style}),
    icon: write({name: 'icon', extension: 'svg', type: 'image/svg+xml', content: readFileSync(join(APP, 'icon.svg'))}),
    files,
  };
  writeFileSync(join(folder, MANIFEST), `${JSON.stringify(manifest, null, 2)}\n`);
}

if (require.main === module) {
  const {values} = parseArgs({options: {out: {type: 'string'}}});
  if (values.out === undefined) throw new Error('expected --out <folder>');
  void buildPages(resolve(values.out));
}
