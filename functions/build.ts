import {copyFileSync, mkdirSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync} from 'node:fs';
import {dirname, join, resolve} from 'node:path';
import {parseArgs} from 'node:util';
import {build, type Plugin} from 'esbuild';
import {ASSETS} from '../shared/http/api/documentation/assets';

const ROOT = resolve(__dirname, '..');

/**
 * `npm run build [-- --out <folder>]`: one folder a function under `dist`, with `index.js` and `package.json`, deployed as it is. Everything is bundled
 * but the framework, which has to be the very module that serves the function.
 */
async function main(dist: string): Promise<void> {
  const {dependencies, version} = JSON.parse(readFileSync(join(ROOT, 'package.json'), 'utf8')) as {
    dependencies: Record<string, string>;
    version: string;
  };
  const framework = '@google-cloud/functions-framework';
  for (const name of functionNames()) {
    const outdir = join(dist, name);
    rmSync(outdir, {recursive: true, force: true});
    mkdirSync(outdir, {recursive: true});
    await build({
      entryPoints: [join(ROOT, 'functions', name, 'index.ts')],
      outfile: join(outdir, 'index.js'),
      bundle: true,
      platform: 'node',
      target: 'node24',
      format: 'cjs',
      minify: true,
      // Class names appear in error messages and stack traces.
      keepNames: true,
      legalComments: 'none',
      external: [framework],
      plugins: [computedJson],
      logLevel: 'error',
    });
    const manifest = {
      name: `slipway-${name}`,
      version,
      private: true,
      main: 'index.js',
      // Built already: without this the platform would look for a build script to run.
      scripts: {'gcp-build': ''},
      engines: {node: '24'},
      dependencies: {[framework]: dependencies[framework]},
    };
    writeFileSync(join(outdir, 'package.json'), `${JSON.stringify(manifest, null, 2)}\n`);
    if (name === 'api') copyAssets(outdir);
    const kilobytes = Math.round(statSync(join(outdir, 'index.js')).size / 1024);
    process.stdout.write(`${join(outdir, 'index.js')}  ${kilobytes} KB\n`);
  }
}

/** What the documentation pages load, from its npm packages to where the function looks for it. */
function copyAssets(outdir: string): void {
  for (const [path, {file}] of Object.entries(ASSETS)) {
    const target = join(outdir, path);
    mkdirSync(dirname(target), {recursive: true});
    copyFileSync(join(ROOT, 'node_modules', file), target);
  }
}

function functionNames(): string[] {
  return readdirSync(join(ROOT, 'functions'), {withFileTypes: true})
    .filter((entry) => entry.isDirectory())
    .map((entry) => entry.name);
}

/**
 * The Cloud Tasks client reads its JSON files by a computed path, `getJSON(path.join(dirname, '..', 'x.json'))`, which a bundler
 * cannot follow: each such call becomes a plain `require`. Its CommonJS build, because the other asks for `import.meta`.
 */
const computedJson: Plugin = {
  name: 'computed-json',
  setup(pluginBuild) {
    const tasks = join(ROOT, 'node_modules', '@google-cloud', 'tasks', 'build', 'cjs', 'src', 'index.cjs');
    pluginBuild.onResolve({filter: /^@google-cloud\/tasks$/}, () => ({path: tasks}));
    pluginBuild.onLoad({filter: /@google-cloud[\\/]tasks[\\/].*_client\.cjs$/}, ({path}) => ({
      contents: readFileSync(path, 'utf8').replace(
        /\(0, _jsonHelper\.getJSON\)\(_path\["default"\]\.join\(dirname, ([^)]*)\)\)/g,
        (_, parts: string) =>
          `require('./${parts
            .split(',')
            .map((part) => part.trim().replace(/'/g, ''))
            .join('/')}')`,
      ),
      resolveDir: dirname(path),
    }));
  },
};

const {values} = parseArgs({options: {out: {type: 'string', default: join(ROOT, 'dist')}}});
void main(resolve(values.out));
