import {chmodSync, copyFileSync, mkdirSync, readFileSync, rmSync, writeFileSync} from 'node:fs';
import {dirname, join, resolve} from 'node:path';
import {parseArgs} from 'node:util';
import {ASSETS} from '../../shared/api/pages/docs';
import {PAGES_FOLDER} from '../../shared/api/pages/files';
import {bundle} from './bundle';
import {cutLockFile, lockedVersion} from './lock-file';
import {buildPages} from './pages';

/** The folders of `functions` that are deployed. */
const DEPLOYED = ['webhook', 'provision', 'stop', 'sweep', 'api'] as const;
const ROOT = resolve(__dirname, '..', '..');

/**
 * `npm run build [-- --out <folder>] [--only-cli]`: the command `slipway`, and one folder a function under `dist`, with `index.js`, `chunks/`,
 * `package.json` and `package-lock.json`, ready to deploy. Everything is bundled except the framework, because the function must use the same
 * framework module as the server.
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
      makesJsonSchema: name === 'api',
    });
    // The list of the bundle's modules, for esbuild.github.io/analyze and for a test.
    writeFileSync(join(dist, '.maps', name, 'metafile.json'), JSON.stringify(metafile));
    const manifest = {
      name: `slipway-${name}`,
      version,
      private: true,
      main: 'index.js',
      // Without this, the platform would look for a build script and run it.
      scripts: {'gcp-build': ''},
      engines: {node: '24'},
      dependencies,
    };
    writeFileSync(join(outdir, 'package.json'), `${JSON.stringify(manifest, null, 2)}\n`);
    writeFileSync(join(outdir, 'package-lock.json'), lockFileOf(manifest));
    if (name === 'api') {
      copyAssets(outdir);
      await buildPages(join(outdir, PAGES_FOLDER));
    }
    report(outdir, startBytes, totalBytes);
  }
}

/** Bundles the command `slipway` into `dist/cli/index.js`, which needs nothing beside it except Node.js. */
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
    `${outdir}  ${kilobytes(startBytes)} KB at the start, ${kilobytes(totalBytes)} KB with the chunks that are loaded later\n`,
  );
}

/** Copies the files of the documentation pages from their npm packages into the function's folder. */
function copyAssets(outdir: string): void {
  for (const [path, {file}] of Object.entries(ASSETS)) {
    const target = join(outdir, path);
    mkdirSync(dirname(target), {recursive: true});
    copyFileSync(join(ROOT, 'node_modules', file), target);
  }
}

const HELP = `npm run build [-- --out FOLDER] [--only-cli]

Bundles the command slipway and the five functions into FOLDER (default: dist), one folder each, ready to deploy. --only-cli: the command alone.
`;

/** Returns the exit code: 2 for arguments that it does not know. */
async function main(args: readonly string[]): Promise<number> {
  let values: {out: string; 'only-cli': boolean; help: boolean};
  try {
    ({values} = parseArgs({
      args: [...args],
      options: {
        out: {type: 'string', default: join(ROOT, 'dist')},
        'only-cli': {type: 'boolean', default: false},
        help: {type: 'boolean', short: 'h', default: false},
      },
    }));
  } catch (error) {
    process.stderr.write(`${error instanceof Error ? error.message : error}\n\n${HELP}`);
    return 2;
  }
  if (values.help) {
    process.stdout.write(HELP);
    return 0;
  }
  const dist = resolve(values.out);
  await buildCommand(dist);
  if (!values['only-cli']) await buildFunctions(dist);
  return 0;
}

void main(process.argv.slice(2)).then((code) => {
  process.exitCode = code;
});
