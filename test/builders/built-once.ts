import {execFileSync} from 'node:child_process';
import {existsSync, mkdirSync, mkdtempSync, rmSync, writeFileSync} from 'node:fs';
import {tmpdir} from 'node:os';
import {join, resolve} from 'node:path';

const ROOT = resolve(__dirname, '..', '..');

/** Where test/global-setup.ts leaves a folder for what suites share. */
export const SHARED_BUILDS = 'SLIPWAY_TEST_BUILDS';

export interface Built {
  /** To read only: other suites use it, too. */
  readonly folder: string;
  /** Called when the suite is over. What is shared stays until the run is over. */
  remove(): void;
}

/**
 * What a script of functions/build makes, in a process of its own because the bundler does not work inside jest. The first suite of a run that
 * asks for it builds it, and those behind it use that; one that asks while it is being built builds its own.
 */
export function builtOnce(name: string, script: string, ...args: readonly string[]): Built {
  const {env} = process;
  const shared = env[SHARED_BUILDS];
  const folder = shared && join(shared, name);
  if (folder && existsSync(markOf(folder))) return {folder, remove: () => undefined};
  if (!folder || !isFirst(folder)) {
    const own = mkdtempSync(join(tmpdir(), `slipway-${name}-`));
    build(own, script, args);
    return {folder: own, remove: () => rmSync(own, {recursive: true, force: true})};
  }
  build(folder, script, args);
  writeFileSync(markOf(folder), '');
  return {folder, remove: () => undefined};
}

/** Beside the folder, when it holds all that belongs into it. */
const markOf = (folder: string): string => `${folder}.built`;

function isFirst(folder: string): boolean {
  try {
    mkdirSync(folder);
    return true;
  } catch {
    return false;
  }
}

function build(folder: string, script: string, args: readonly string[]): void {
  const command = ['-r', 'ts-node/register', join('functions', 'build', script), ...args, '--out', folder];
  execFileSync(process.execPath, command, {cwd: ROOT, stdio: 'pipe'});
}
