import {execFileSync} from 'node:child_process';
import {mkdtempSync, readdirSync, readFileSync, rmSync, statSync} from 'node:fs';
import {tmpdir} from 'node:os';
import {basename, join, resolve} from 'node:path';
import type {Metafile} from 'esbuild';
import {startOutputs} from '../../functions/bundle';

const ROOT = resolve(__dirname, '..', '..');
const KB = 1024;

let dist: string;

beforeAll(() => {
  dist = mkdtempSync(join(tmpdir(), 'slipway-dist-'));
  const build = ['-r', 'ts-node/register', join('functions', 'build.ts'), '--out', dist];
  execFileSync(process.execPath, build, {cwd: ROOT, stdio: 'pipe'});
}, 60_000);

afterAll(() => rmSync(dist, {recursive: true, force: true}));

function metafile(name: string): Metafile {
  return JSON.parse(readFileSync(join(dist, '.maps', name, 'metafile.json'), 'utf8')) as Metafile;
}

/** Packages of which anything is left in these outputs. */
function packagesIn({outputs}: Metafile, paths: readonly string[]): string[] {
  const inputs = paths.flatMap((path) => Object.entries(outputs[path]?.inputs ?? {}));
  const names = inputs
    .filter(([, {bytesInOutput}]) => bytesInOutput > 0)
    .map(([input]) => /^.*node_modules\/((?:@[^/]+\/)?[^/]+)/.exec(input)?.[1] ?? '(own)');
  return [...new Set(names)];
}

/** What is deployed, but for the assets of the documentation pages. */
function deployedBytes(name: string): number {
  const files = ['index.js', ...readdirSync(join(dist, name, 'chunks')).map((file) => join('chunks', file))];
  return files.reduce((sum, file) => sum + statSync(join(dist, name, file)).size, 0);
}

// Sizes are about a tenth to a quarter above what they are: a package that sneaks in is larger than that. About 800 KB of each are tracing's,
// which is loaded when it is on.
test.each([
  {
    name: 'webhook',
    totalKb: 2_000,
    startKb: 430,
    never: ['@google-cloud/compute', '@google-cloud/firestore', '@google-cloud/firestore-api', '@octokit/rest', 'jose'],
    later: ['@google-cloud/tasks', '@google-cloud/secret-manager', 'google-gax', 'protobufjs', 'google-auth-library'],
  },
  {
    name: 'api',
    totalKb: 3_300,
    startKb: 620,
    never: [],
    later: ['@google-cloud/compute', '@google-cloud/firestore', '@octokit/core', 'google-gax', 'zod-openapi', 'jose'],
  },
  {name: 'provision', totalKb: 3_100, startKb: 2_200, never: ['zod-openapi'], later: ['@google-cloud/tasks']},
  {name: 'stop', totalKb: 3_100, startKb: 2_200, never: ['zod-openapi'], later: ['@google-cloud/tasks']},
  {name: 'sweep', totalKb: 3_100, startKb: 2_200, never: ['zod-openapi'], later: ['@google-cloud/tasks']},
])('dist/$name holds what it uses, and at the start what it needs then', ({name, totalKb, startKb, never, later}) => {
  const meta = metafile(name);
  const all = packagesIn(meta, Object.keys(meta.outputs));
  const atStart = packagesIn(meta, startOutputs(meta));

  // gRPC comes with the exporter of tracing, which nothing loads but TRACING=true.
  const tracing = atStart.filter((found) =>
    /^@grpc\/|^@google-cloud\/opentelemetry|^@opentelemetry\/(?!api$)/.test(found),
  );
  expect(tracing).toEqual([]);
  expect(all.filter((found) => never.includes(found))).toEqual([]);
  expect(later.filter((found) => !all.includes(found))).toEqual([]);
  expect(atStart.filter((found) => later.includes(found))).toEqual([]);
  expect(deployedBytes(name)).toBeLessThan(totalKb * KB);
  const startFiles = startOutputs(meta).map((path) =>
    basename(path) === 'index.js' ? path : `chunks/${basename(path)}`,
  );
  const startBytes = startFiles.map(
    (path) => statSync(join(dist, name, path.startsWith('chunks') ? path : 'index.js')).size,
  );
  expect(startBytes.reduce((sum, bytes) => sum + bytes, 0)).toBeLessThan(startKb * KB);
});

test('a module is in one chunk of a function only, so that a class is the same class everywhere in it', () => {
  const twice = ['webhook', 'api', 'provision', 'stop'].flatMap((name) => {
    const seen = new Set<string>();
    return Object.values(metafile(name).outputs)
      .flatMap(({inputs}) => Object.entries(inputs))
      .filter(([input, {bytesInOutput}]) => bytesInOutput > 0 && (seen.has(input) || !seen.add(input)))
      .map(([input]) => `${name}: ${input}`);
  });
  expect(twice).toEqual([]);
});

test('source maps are kept apart from what is deployed', () => {
  expect(readdirSync(join(dist, 'webhook'), {recursive: true}).filter((file) => String(file).endsWith('.map'))).toEqual(
    [],
  );
  expect(readdirSync(join(dist, '.maps', 'webhook'))).toContain('index.js.map');
});
