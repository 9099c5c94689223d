import {execFileSync} from 'node:child_process';
import {copyFileSync, mkdtempSync, readFileSync, rmSync, writeFileSync} from 'node:fs';
import {tmpdir} from 'node:os';
import {join} from 'node:path';

/** The dependencies in a function's `package.json`: the exact version by package. */
export type Dependencies = Readonly<Record<string, string>>;

/** `package-lock.json`, version 3: the packages by path; `''` is the function's own folder. */
interface LockFile {
  readonly name: string;
  readonly version: string;
  readonly packages: Readonly<Record<string, {readonly version?: string}>>;
}

/** The version of a package in the project's lock file. Throws if the lock file lacks the package. */
export function lockedVersion(root: string, name: string): string {
  const {packages} = JSON.parse(readFileSync(join(root, 'package-lock.json'), 'utf8')) as LockFile;
  const version = packages[`node_modules/${name}`]?.version;
  if (!version)
    throw new Error(`package-lock.json: found no ${name}, expected the version that is deployed; run npm install`);
  return version;
}

/**
 * A lock file for `dependencies` alone, cut from the project's lock file: every package has the version and the integrity that the tests
 * used, and the cloud build (`npm ci`) resolves no version itself. npm prunes the lock file, without a network.
 *
 * Returns a function that writes the lock file for one manifest. Throws if npm needs a package that the project's lock file lacks.
 *
 * @see https://docs.npmjs.com/cli/v11/configuring-npm/package-lock-json
 */
export function cutLockFile(
  root: string,
  dependencies: Dependencies,
): (manifest: {name: string; version: string}) => string {
  const folder = mkdtempSync(join(tmpdir(), 'slipway-lock-'));
  try {
    copyFileSync(join(root, 'package-lock.json'), join(folder, 'package-lock.json'));
    writeFileSync(join(folder, 'package.json'), JSON.stringify({name: 'cut', version: '0.0.0', dependencies}));
    const flags = [
      '--package-lock-only',
      '--offline',
      '--ignore-scripts',
      '--no-audit',
      '--no-fund',
      '--loglevel=error',
    ];
    execFileSync('npm', ['install', ...flags], {cwd: folder, stdio: ['ignore', 'pipe', 'pipe'], timeout: 120_000});
    const cut = JSON.parse(readFileSync(join(folder, 'package-lock.json'), 'utf8')) as LockFile;
    return ({name, version}) => {
      const packages = {...cut.packages, '': {...cut.packages[''], name, version}};
      return `${JSON.stringify({...cut, name, version, packages}, null, 2)}\n`;
    };
  } finally {
    rmSync(folder, {recursive: true, force: true});
  }
}
