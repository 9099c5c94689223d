import {type JobToMatch, type Match, matchJob, type PoolRefusal, refusalOf} from './matching';
import type {Pool} from './pool';

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
): {readonly match: Match; readonly taker: Pool | undefined; readonly answers: readonly PoolAnswer[]} {
  const match = matchJob(job, pools);
  const taker = match.kind === 'matched' ? match.pool : undefined;
  const answers = pools.map((pool): PoolAnswer => {
    const refusal = refusalOf(job, pool);
    if (refusal) return {pool: pool.name, takes: false, because: sentence(refusal, job, pool)};
    if (!taker || pool === taker) return {pool: pool.name, takes: true, because: 'repository and labels fit'};
    return {pool: pool.name, takes: false, because: `could take it, but ${advantage(taker, pool)}`};
  });
  return {match, taker, answers};
}

function sentence(refusal: PoolRefusal, {repository}: JobToMatch, pool: Pool): string {
  switch (refusal.kind) {
    case 'repository':
      return `does not serve ${repository}: it serves ${
        pool.scope.kind === 'organization' ? `the organization ${pool.scope.org}` : pool.scope.patterns.join(', ')
      }`;
    case 'impossible':
      return `the job ${refusal.because}`;
    case 'unlabeled':
      return pool.scope.kind === 'organization'
        ? 'takes no job without labels: acceptsUnlabeled is not set'
        : 'takes no job without labels: only a pool with org and acceptsUnlabeled does';
    case 'public':
      return `${repository} is public, and ${
        pool.allowPublicRepos ? 'a persistent VM serves no public repository' : 'allowPublicRepos is not set'
      }`;
    case 'option':
      return refusal.because;
    case 'labels':
      return [
        ...(refusal.missing.length > 0 ? [`requires ${refusal.missing.join(', ')}`] : []),
        ...(refusal.foreign.length > 0 ? [`does not offer ${refusal.foreign.join(', ')}`] : []),
      ].join('; ');
  }
}

/** Why the job goes to `taker` and not to `pool`, in the order in which pools are compared. */
function advantage(taker: Pool, pool: Pool): string {
  if (taker.priority !== pool.priority)
    return `${taker.name} has a higher priority (${taker.priority}, not ${pool.priority})`;
  if (taker.requires.length !== pool.requires.length) return `${taker.name} requires more of its labels`;
  return `${taker.name} stands before it`;
}
