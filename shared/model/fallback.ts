import type {JobDocument} from './job';
import {takesRepository} from './matching';
import {chooseOptions} from './options';
import {isEphemeral, type Pool} from './pool';

/** The pools that serve a job in turn for which the pool of this name has no capacity or quota. Empty: it has no fallback, or is not configured. */
export function fallbacksOf(pools: readonly Pool[], name: string): Pool[] {
  const chain: Pool[] = [];
  for (let next = named(pools, name)?.fallback; next !== undefined; next = chain.at(-1)?.fallback) {
    const pool = named(pools, next);
    // The configuration has no circles; this ends one all the same.
    if (!pool || pool.name === name || chain.includes(pool)) break;
    chain.push(pool);
  }
  return chain;
}

/** Names of the pools whose jobs may have runners of the pool of this name: itself, and those that fall back to it. */
export function poolsServedBy(pools: readonly Pool[], name: string): string[] {
  const others = pools.filter((pool) => fallbacksOf(pools, pool.name).some((fallback) => fallback.name === name));
  return [name, ...others.map((pool) => pool.name)];
}

/** Names of the pools that may have the runners of a job of this pool: itself, and its fallbacks. */
export function poolsServing(pools: readonly Pool[], name: string): string[] {
  return [name, ...fallbacksOf(pools, name).map((pool) => pool.name)];
}

/** Whether a runner of the pool of this name may be the job's: of its own pool, or of a fallback that serves it. */
export function mayHaveRunnerOf(pools: readonly Pool[], name: string, job: JobDocument): boolean {
  if (name === job.pool) return true;
  const home = named(pools, job.pool);
  const fallback = home && fallbacksOf(pools, job.pool).find((pool) => pool.name === name);
  return home !== undefined && fallback !== undefined && fallbackRefusal(fallback, home, job) === undefined;
}

/**
 * Whether the runner of the pool of this name may be assigned to the job by the swap rule. GitHub looks at labels and scope and not at pools, so
 * the pool need not be a fallback of the job's; but it has to allow public repositories and the options of the job as a fallback has to. A
 * pool that is not configured any more forbids nothing.
 */
export function maySwapTo(pools: readonly Pool[], name: string, job: JobDocument): boolean {
  const home = named(pools, job.pool);
  const other = named(pools, name);
  return name === job.pool || !home || !other || fallbackRefusal(other, home, job) === undefined;
}

function named(pools: readonly Pool[], name: string): Pool | undefined {
  return pools.find((pool) => pool.name === name);
}

/**
 * Why the fallback does not serve the job, as a part of a sentence about the fallback; undefined: it does. What the pools are for in general
 * has been checked with the configuration, and the labels of the job need not be those of the fallback.
 */
export function fallbackRefusal(
  fallback: Pool,
  home: Pool,
  job: Pick<JobDocument, 'repository' | 'labels'> & {readonly isPublic?: boolean | undefined},
): string | undefined {
  if (!isEphemeral(fallback)) return 'makes no machine for a job';
  if (!takesRepository(fallback, job.repository)) return `does not serve ${job.repository}`;
  // A job on record of an older version may be of a public repository; a pool that serves none has taken a private one.
  const mayBePublic = job.isPublic ?? home.allowPublicRepos;
  if (mayBePublic && !fallback.allowPublicRepos)
    return `does not set allowPublicRepos, and ${job.repository} may be public`;
  const chosen = chooseOptions(fallback, job.labels);
  // mutation: options of a fallback
  return chosen.kind === 'refused' ? chosen.because : undefined;
}
