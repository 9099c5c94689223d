import {machineSource, type Pool} from './pool';

/** `breakers/<name>`. A closed breaker counts failures. An open one holds calls back until a probe succeeds; one probe a minute passes. */
export interface BreakerDocument {
  readonly name: string;
  readonly reason: string;
  readonly open: boolean;
  /** Consecutive failures. */
  readonly failures: number;
  /** Time of the latest failure, in milliseconds since the epoch. */
  readonly failedAt: number;
  readonly openedAt: number;
  /** No probe passes before this time. */
  readonly nextProbeAt: number;
  readonly expireAt: number;
}

/** Breaker of a quota. Compute Engine counts a project's quotas by region, so all pools of a region share one breaker. */
export function quotaBreaker(pool: string, region: string | undefined): string {
  return region ? `quota.${region}` : `quota.pool.${pool}`;
}

/** Breaker of GitHub's rate limit. GitHub counts it for each installation of the App, and an installation has one account. */
export function githubBreaker(repository: string): string {
  return `github.${repository.split('/')[0]?.toLowerCase()}`;
}

/** Breaker of GitHub's 5xx answers. All installations share it, because a 5xx does not depend on the installation. */
export const GITHUB_DOWN = 'github-5xx';

/** Breaker of an instance template whose VMs do not come online. Undefined: the pool creates no VMs. */
export function bootBreaker(pool: Pool): string | undefined {
  const source = machineSource(pool);
  return source === undefined ? undefined : `boot.${source.replace(/[^A-Za-z0-9._-]/g, '_')}`;
}
