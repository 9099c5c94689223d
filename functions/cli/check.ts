import {mkdtempSync, rmSync, writeFileSync} from 'node:fs';
import {tmpdir} from 'node:os';
import {join} from 'node:path';
import {parseConfig} from '../../shared/config/config';
import {type ConfigurationProblem, InvalidConfiguration} from '../../shared/errors';
import {type JobToMatch, matchJob, type PoolRefusal, refusalOf} from '../../shared/model/matching';
import type {Pool} from '../../shared/model/pool';

/** A file of pools, checked: what the functions would make of it, or every error. */
export type Checked =
  | {readonly kind: 'valid'; readonly pools: readonly Pool[]}
  | {readonly kind: 'invalid'; readonly problems: readonly ConfigurationProblem[]};

/** What `api` cannot do without beside the pools: stands in for it here, where only the pools are looked at. */
const REST = {RUNNER_MANAGER_SECRET: 'not looked at', GITHUB_TOKEN: 'not-looked-at'};
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

/** What one pool says to a job. */
export interface PoolAnswer {
  readonly pool: string;
  readonly takes: boolean;
  readonly because: string;
}

/** Which pool would take the job, and why not each of the others. */
export function explainMatch(
  job: JobToMatch,
  pools: readonly Pool[],
): {taker: Pool | undefined; answers: PoolAnswer[]} {
  const match = matchJob(job, pools);
  const taker = match.kind === 'matched' ? match.pool : undefined;
  const answers = pools.map((pool): PoolAnswer => {
    const refusal = refusalOf(job, pool);
    if (refusal) return {pool: pool.name, takes: false, because: sentence(refusal, job, pool)};
    if (!taker || pool === taker) return {pool: pool.name, takes: true, because: 'repository and labels fit'};
    return {pool: pool.name, takes: false, because: `could take it, but ${advantage(taker, pool)}`};
  });
  return {taker, answers};
}

function sentence(refusal: PoolRefusal, {repository}: JobToMatch, pool: Pool): string {
  switch (refusal.kind) {
    case 'repository':
      return `does not serve ${repository}: it serves ${
        pool.scope.kind === 'organization' ? `the organization ${pool.scope.org}` : pool.scope.patterns.join(', ')
      }`;
    case 'unlabeled':
      return pool.scope.kind === 'organization'
        ? 'takes no job without labels: acceptsUnlabeled is not set'
        : 'takes no job without labels: only a pool with org and acceptsUnlabeled does';
    case 'public':
      return `${repository} is public, and ${
        pool.allowPublicRepos ? 'a persistent VM serves no public repository' : 'allowPublicRepos is not set'
      }`;
    case 'labels':
      return [
        ...(refusal.missing.length > 0 ? [`requires ${refusal.missing.join(', ')}`] : []),
        ...(refusal.foreign.length > 0 ? [`does not offer ${refusal.foreign.join(', ')}`] : []),
      ].join('; ');
  }
}

/** In the order in which pools are compared. */
function advantage(taker: Pool, pool: Pool): string {
  if (taker.priority !== pool.priority)
    return `${taker.name} has a higher priority (${taker.priority}, not ${pool.priority})`;
  if (taker.requires.length !== pool.requires.length) return `${taker.name} requires more of its labels`;
  return `${taker.name} stands before it`;
}
