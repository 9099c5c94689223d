import {chmodSync, copyFileSync, mkdirSync, readFileSync, rmSync, writeFileSync} from 'node:fs';
import {dirname, join, resolve} from 'node:path';
import {parseArgs} from 'node:util';
import {ASSETS} from '../../shared/api/pages/docs';
import {bundle} from './bundle';
import {cutLockFile, lockedVersion} from './lock-file';

/** The folders of `functions` that are deployed. */
const DEPLOYED = ['webhook', 'provision', 'stop', 'sweep', 'api'] as const;
const ROOT = resolve(__dirname, '..', '..');

/**
 * `npm run build [-- --out <folder>] [--only-cli]`: the command `slipway`, and one folder a function under `dist`, with `index.js`, `chunks/`, `package.json` and `package-lock.json`,
 * deployed as it is. Everything is bundled but the framework, which has to be the very module that serves the function.
 */
async function buildFunctions(dist: string): Promise<void> {
  const {version} = JSON.parse(readFileSync(join(ROOT, 'package.json'), 'utf8')) as {version: string};
  const framework = '@google-cloud/functions-framework';
  const dependencies = {[framework]: lockedVersion(ROOT, framework)};
  const lockFileOf = cutLockFile(ROOT, dependencies);
  for (const name of DEPLOYED) {
    const outdir = join(dist, name);
    rmSync(outdir, {recursive: true, force: true});
    mkdirSync(outdir, {recursive: true});
    const {metafile, startBytes, totalBytes} = await bundle({
      entry: join(ROOT, 'functions', name, 'index.ts'),
      outdir,
      maps: join(dist, '.maps', name),
      external: [framework],
    });
    // For whoever wants to know what is in it: esbuild.github.io/analyze reads it, and so does a test.
    writeFileSync(join(dist, '.maps', name, 'metafile.json'), JSON.stringify(metafile));
    const manifest = {
      name: `slipway-${name}`,
      version,
      private: true,
      main: 'index.js',
      // Built already: without this the platform would look for a build script to run.
      scripts: {'gcp-build': ''},
      engines: {node: '24'},
      dependencies,
    };
    writeFileSync(join(outdir, 'package.json'), `${JSON.stringify(manifest, null, 2)}\n`);
    writeFileSync(join(outdir, 'package-lock.json'), lockFileOf(manifest));
    if (name === 'api') copyAssets(outdir);
    report(outdir, startBytes, totalBytes);
  }
}

/** The command `slipway` as `dist/cli/index.js`: it needs nothing beside it but Node.js. */
async function buildCommand(dist: string): Promise<void> {
  const outdir = join(dist, 'cli');
  rmSync(outdir, {recursive: true, force: true});
  const {startBytes, totalBytes} = await bundle({
    entry: join(ROOT, 'functions', 'cli', 'index.ts'),
    outdir,
    maps: join(dist, '.maps', 'cli'),
    external: [],
  });
  chmodSync(join(outdir, 'index.js'), 0o755);
  report(outdir, startBytes, totalBytes);
}

function report(outdir: string, startBytes: number, totalBytes: number): void {
  const kilobytes = (bytes: number) => Math.round(bytes / 1024);
  process.stdout.write(
    `${outdir}  ${kilobytes(startBytes)} KB at the start, ${kilobytes(totalBytes)} KB with what is loaded later\n`,
  );
}

/** What the documentation pages load, from its npm packages to where the function looks for it. */
function copyAssets(outdir: string): void {
  for (const [path, {file}] of Object.entries(ASSETS)) {
    const target = join(outdir, path);
    mkdirSync(dirname(target), {recursive: true});
    copyFileSync(join(ROOT, 'node_modules', file), target);
  }
}

async function main(dist: string, onlyCommand: boolean): Promise<void> {
  await buildCommand(dist);
  if (!onlyCommand) await buildFunctions(dist);
}

const {values} = parseArgs({
  options: {out: {type: 'string', default: join(ROOT, 'dist')}, 'only-cli': {type: 'boolean', default: false}},
});
void main(resolve(values.out), values['only-cli']);
