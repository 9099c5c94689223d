import {execFileSync} from 'node:child_process';
import {readdirSync, readFileSync, statSync} from 'node:fs';
import {basename, join, resolve} from 'node:path';
import type {Metafile} from 'esbuild';
import {startOutputs} from '../../../functions/build/bundle';
import {cutLockFile, lockedVersion} from '../../../functions/build/lock-file';
import type {Built} from '../../builders/built-once';
import {buildBundles} from '../../builders/served-bundle';

const ROOT = resolve(__dirname, '..', '..', '..');
const KB = 1024;

interface Manifest {
  readonly dependencies: Readonly<Record<string, string>>;
  readonly packages: Readonly<Record<string, {version?: string; integrity?: string}>>;
}

let built: Built;
let dist: string;

beforeAll(() => {
  built = buildBundles();
  dist = built.folder;
}, 60_000);

afterAll(() => built.remove());

function metafile(name: string): Metafile {
  return JSON.parse(readFileSync(join(dist, '.maps', name, 'metafile.json'), 'utf8')) as Metafile;
}

/** Packages with code in these outputs. */
function packagesIn({outputs}: Metafile, paths: readonly string[]): string[] {
  const inputs = paths.flatMap((path) => Object.entries(outputs[path]?.inputs ?? {}));
  const names = inputs
    .filter(([, {bytesInOutput}]) => bytesInOutput > 0)
    .map(([input]) => /^.*node_modules\/((?:@[^/]+\/)?[^/]+)/.exec(input)?.[1] ?? '(own)');
  return [...new Set(names)];
}

/** The deployed files, except the assets of the documentation pages. */
function deployedBytes(name: string): number {
  const files = ['index.js', ...readdirSync(join(dist, name, 'chunks')).map((file) => join('chunks', file))];
  return files.reduce((sum, file) => sum + statSync(join(dist, name, file)).size, 0);
}

/** Loaded by a pool of type ec2 alone. */
const AWS = ['aws4fetch', 'fast-xml-parser'];

// The limits are about a tenth to a quarter above the present sizes: an additional package would exceed them. About 800 KB of each bundle
// belong to tracing, which is loaded only if it is switched on.
test.each([
  {
    name: 'webhook',
    totalKb: 2_000,
    startKb: 370,
    never: [
      ...['@google-cloud/compute', '@google-cloud/firestore', '@google-cloud/firestore-api', '@octokit/rest', 'jose'],
      ...['thread-stream', 'sonic-boom', '@pinojs/redact'],
    ],
    later: ['@google-cloud/tasks', '@google-cloud/secret-manager', 'google-gax', 'protobufjs', 'google-auth-library'],
  },
  {
    name: 'api',
    totalKb: 3_700,
    startKb: 700,
    never: [],
    later: [
      ...['@google-cloud/compute', '@google-cloud/firestore', '@octokit/core', 'google-gax', 'zod-openapi', 'jose'],
      ...AWS,
    ],
  },
  {name: 'provision', totalKb: 3_500, startKb: 2_200, never: ['zod-openapi'], later: ['@google-cloud/tasks', ...AWS]},
  {name: 'stop', totalKb: 3_500, startKb: 2_200, never: ['zod-openapi'], later: ['@google-cloud/tasks', ...AWS]},
  {name: 'sweep', totalKb: 3_500, startKb: 2_200, never: ['zod-openapi'], later: ['@google-cloud/tasks', ...AWS]},
])('dist/$name holds what it uses, and at the start what it needs then', ({name, totalKb, startKb, never, later}) => {
  const meta = metafile(name);
  const all = packagesIn(meta, Object.keys(meta.outputs));
  const atStart = packagesIn(meta, startOutputs(meta));

  // AWS's own clients are for tests.
  expect(all.filter((found) => /^@(aws-sdk|smithy)\//.test(found))).toEqual([]);
  // Tracing is loaded with TRACING=true only, and sends JSON over HTTP: no gRPC anywhere.
  const tracing = atStart.filter((found) => /^@grpc\/|^@opentelemetry\/(?!api$)/.test(found));
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

test.each(['webhook', 'provision', 'stop', 'sweep', 'api'])(
  'dist/%s names exact versions, and its lock file holds those that the tests ran with',
  (name) => {
    const read = (folder: string, file: string) => JSON.parse(readFileSync(join(folder, file), 'utf8')) as Manifest;
    const ours = read(ROOT, 'package-lock.json').packages;
    const {packages} = read(join(dist, name), 'package-lock.json');
    const {dependencies} = read(join(dist, name), 'package.json');
    const framework = '@google-cloud/functions-framework';
    expect(dependencies).toEqual({[framework]: ours[`node_modules/${framework}`]?.version});
    expect(packages['']).toMatchObject({name: `slipway-${name}`, dependencies});

    const {'': _, ...installed} = packages;
    expect(Object.keys(installed).length).toBeGreaterThan(50);
    for (const [path, locked] of Object.entries(installed)) {
      expect([path, locked]).toEqual([path, expect.objectContaining({integrity: expect.stringMatching(/^sha512-/)})]);
      expect([path, locked.version, locked.integrity]).toEqual([path, ours[path]?.version, ours[path]?.integrity]);
    }
  },
);

// npm refuses a lock file that lacks a package of the manifest. All of them have the same packages, and .ci/run installs each.
test('npm takes a lock file that was cut', () => {
  const flags = ['--dry-run', '--offline', '--ignore-scripts', '--no-audit', '--no-fund', '--loglevel=error'];
  execFileSync('npm', ['ci', ...flags], {cwd: join(dist, 'webhook'), stdio: 'pipe', timeout: 60_000});
}, 60_000);

test('a lock file is not cut for a package that the project does not have', () => {
  expect(() => lockedVersion(ROOT, 'no-such-package')).toThrow('package-lock.json: found no no-such-package');
  expect(() => cutLockFile(ROOT, {'no-such-package': '1.0.0'})).toThrow();
});

test('source maps are kept apart from what is deployed', () => {
  expect(readdirSync(join(dist, 'webhook'), {recursive: true}).filter((file) => String(file).endsWith('.map'))).toEqual(
    [],
  );
  expect(readdirSync(join(dist, '.maps', 'webhook'))).toContain('index.js.map');
});
