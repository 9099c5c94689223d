import {execFileSync} from 'node:child_process';
import {readFileSync} from 'node:fs';
import {join} from 'node:path';
import type {Plugin} from 'esbuild';

/** What the bundles are made of: a change elsewhere makes no other bundle, so that no function is deployed again for it. */
const SOURCES = ['functions', 'shared', 'terraform/runner/startup.sh', 'package.json', 'package-lock.json'];

/**
 * The version with the commit as build metadata of semver: `1.2.3+0a1b2c3d4e5f`, with `.changed` behind it where the sources are not as
 * committed. Without a repository (an unpacked archive) the version alone.
 * @see https://semver.org/#spec-item-10
 */
export function stampedVersion(root: string): string {
  const {version} = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8')) as {version: string};
  const git = (...args: string[]) =>
    execFileSync('git', ['-C', root, ...args, '--', ...SOURCES], {
      encoding: 'utf8',
      stdio: ['ignore', 'pipe', 'ignore'],
    });
  try {
    const commit = git('log', '-1', '--format=%h', '--abbrev=12').trim();
    if (commit === '') return version;
    return `${version}+${commit}${git('status', '--porcelain').trim() === '' ? '' : '.changed'}`;
  } catch {
    return version;
  }
}

/** Puts the stamped version in place of that in package.json, which is where the code reads it. */
export function versionStamp(root: string): Plugin {
  const manifest = join(root, 'package.json');
  return {
    name: 'version-stamp',
    setup(pluginBuild) {
      pluginBuild.onLoad({filter: /[\\/]package\.json$/}, ({path}) =>
        path === manifest
          ? {contents: `export const version = ${JSON.stringify(stampedVersion(root))};`, loader: 'js'}
          : undefined,
      );
    },
  };
}
