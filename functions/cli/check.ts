import {mkdtempSync, rmSync, writeFileSync} from 'node:fs';
import {tmpdir} from 'node:os';
import {join} from 'node:path';
import {parseConfig} from '../../shared/config/config';
import {type ConfigurationProblem, InvalidConfiguration} from '../../shared/errors';
import type {Pool} from '../../shared/model/pool';

/** A file of pools, checked: what the functions would make of it, or every error. */
export type Checked =
  | {readonly kind: 'valid'; readonly pools: readonly Pool[]}
  | {readonly kind: 'invalid'; readonly problems: readonly ConfigurationProblem[]};

/** What `api` cannot do without beside the pools, or what the deployment may say for them: stands in for it here, where only the pools are looked at. */
const REST = {
  RUNNER_MANAGER_SECRET: 'not looked at',
  GITHUB_TOKEN: 'not-looked-at',
  AWS_ROLE_ARN: 'arn:aws:iam::000000000000:role/not-looked-at',
  CODEMAGIC_TOKEN: 'not-looked-at',
};
const ROOT = 'RUNNER_CONFIG_FILE';

/** Reads a file of pools as the functions read it. No network, and nothing of this machine's environment. */
export function checkFile(path: string): Checked {
  try {
    return {kind: 'valid', pools: parseConfig({...REST, [ROOT]: path}, 'api').pools};
  } catch (error) {
    if (!(error instanceof InvalidConfiguration)) throw error;
    return {kind: 'invalid', problems: error.problems.map((problem) => ({...problem, path: insideOf(problem.path)}))};
  }
}

/** As `checkFile`, for a text that comes from elsewhere. */
export function checkText(text: string): Checked {
  const folder = mkdtempSync(join(tmpdir(), 'slipway-check-'));
  try {
    const path = join(folder, 'pools');
    writeFileSync(path, text, {mode: 0o600});
    return checkFile(path);
  } finally {
    rmSync(folder, {recursive: true, force: true});
  }
}

/** The path inside the file: `pools[0].name`. Empty: the file as a whole. */
function insideOf(path: string): string {
  return path.startsWith(ROOT) ? path.slice(ROOT.length).replace(/^\./, '') : path;
}
