import {spawnSync} from 'node:child_process';
import {
  chmodSync,
  copyFileSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  rmSync,
  symlinkSync,
  utimesSync,
  writeFileSync,
} from 'node:fs';
import {tmpdir} from 'node:os';
import {delimiter, dirname, join, resolve} from 'node:path';

const SCRIPT = join('functions', 'local', 'install-missing.cjs');
const ROOT = resolve(__dirname, '..', '..', '..');

const one = (version: string) => ({version, integrity: `sha512-${version}`});
const LOCKED = {
  '': {name: 'slipway', version: '0.1.0'},
  'node_modules/a': one('1.0.0'),
  'node_modules/b': {...one('2.0.0'), dev: true},
  'node_modules/for-a-mac': {...one('3.0.0'), optional: true, os: ['darwin']},
};
const INSTALLED = {'node_modules/a': one('1.0.0'), 'node_modules/b': one('2.0.0')};

let folder: string;

/** A clone with a lock file, and an npm that only says how it was called. */
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'slipway-install-'));
  mkdirSync(join(folder, dirname(SCRIPT)), {recursive: true});
  copyFileSync(join(ROOT, SCRIPT), join(folder, SCRIPT));
  mkdirSync(join(folder, 'bin'));
  writeFileSync(join(folder, 'bin', 'npm'), `#!/bin/sh\necho "$@" > "${folder}/called"\n`);
  chmodSync(join(folder, 'bin', 'npm'), 0o755);
  write('package-lock.json', LOCKED);
});
afterEach(() => rmSync(folder, {recursive: true, force: true}));

function write(path: string, packages: object): void {
  mkdirSync(dirname(join(folder, path)), {recursive: true});
  writeFileSync(join(folder, path), JSON.stringify({lockfileVersion: 3, packages}));
}

function touch(path: string, seconds: number): void {
  utimesSync(join(folder, path), seconds, seconds);
}

function install(): {code: number | null; called: string | undefined; said: string} {
  const {status, stderr} = spawnSync(process.execPath, [join(folder, SCRIPT)], {
    env: {PATH: [join(folder, 'bin'), '/bin', '/usr/bin'].join(delimiter)},
    encoding: 'utf8',
  });
  const called = join(folder, 'called');
  return {code: status, called: existsSync(called) ? readFileSync(called, 'utf8') : undefined, said: stderr};
}

const NPM_CI = expect.stringMatching(/^ci /);

test('a fresh clone gets the locked packages', () => {
  expect(install()).toMatchObject({code: 0, called: NPM_CI, said: expect.stringContaining('installing packages')});
});

test('what is installed stays, however old it looks, and whatever is there besides or for other machines', () => {
  write('node_modules/.package-lock.json', {...INSTALLED, 'node_modules/c': one('9.0.0')});
  touch('node_modules/.package-lock.json', 1);
  touch('package-lock.json', 2);
  expect(install()).toEqual({code: 0, called: undefined, said: ''});
});

test.each([
  ['another version', {...INSTALLED, 'node_modules/a': one('1.0.1')}],
  ['the same version with other content', {...INSTALLED, 'node_modules/a': {...one('1.0.0'), integrity: 'sha512-x'}}],
  ['a package less', {'node_modules/a': one('1.0.0')}],
  ['another version of an optional one', {...INSTALLED, 'node_modules/for-a-mac': one('2.0.0')}],
])('%s is replaced, however new it looks', (_, installed) => {
  write('node_modules/.package-lock.json', installed);
  touch('node_modules/.package-lock.json', 2);
  touch('package-lock.json', 1);
  expect(install()).toMatchObject({code: 0, called: NPM_CI});
});

describe('a node_modules that is a symbolic link', () => {
  beforeEach(() => symlinkSync(join(folder, 'elsewhere', 'node_modules'), join(folder, 'node_modules')));

  test('is used where it has the locked packages', () => {
    write('elsewhere/node_modules/.package-lock.json', INSTALLED);
    expect(install()).toEqual({code: 0, called: undefined, said: ''});
  });

  test('is never installed through, and the line says what to do', () => {
    write('elsewhere/node_modules/.package-lock.json', {'node_modules/a': one('0.9.0')});
    const {code, called, said} = install();
    expect([code, called]).toEqual([1, undefined]);
    expect(said).toMatch(
      /^slipway: \S+node_modules is a symbolic link, .*: remove the link, or run npm ci where it leads \(.*elsewhere.node_modules\)\n$/,
    );
    expect(existsSync(join(folder, 'elsewhere', 'node_modules', '.package-lock.json'))).toBe(true);
  });

  test('that leads nowhere is not installed through either', () => {
    expect(install()).toMatchObject({code: 1, called: undefined, said: expect.stringContaining('(to nothing)')});
  });
});
