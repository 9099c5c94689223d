import {execFileSync} from 'node:child_process';
import {mkdtempSync, rmSync} from 'node:fs';
import {tmpdir} from 'node:os';
import {join, resolve} from 'node:path';
import {type PageFiles, readBuiltPages} from '../../shared/api/pages/files';

const ROOT = resolve(__dirname, '..', '..');

export interface BuiltPages {
  readonly folder: string;
  /** Reads them as the function does. */
  readonly read: () => Promise<PageFiles | undefined>;
  remove(): void;
}

/** Builds the pages of `api` as `npm run build` does, in a process of its own, because the bundler does not work inside jest. */
export function buildThePages(): BuiltPages {
  const folder = mkdtempSync(join(tmpdir(), 'slipway-pages-'));
  const build = ['-r', 'ts-node/register', join('functions', 'build', 'pages.ts'), '--out', folder];
  execFileSync(process.execPath, build, {cwd: ROOT, stdio: 'pipe'});
  return {folder, read: () => readBuiltPages(folder), remove: () => rmSync(folder, {recursive: true, force: true})};
}
