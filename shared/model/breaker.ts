import {machineSource, type Pool} from './pool';

/** `breakers/<name>`: open until a probe succeeds; one probe a minute. Before that it counts failures. */
export interface BreakerDocument {
  readonly name: string;
  readonly reason: string;
  readonly open: boolean;
  /** In a row. */
  readonly failures: number;
  readonly failedAt: number;
  readonly openedAt: number;
  readonly nextProbeAt: number;
  readonly expireAt: number;
}

/** A project's quotas are a region's: one breaker for all pools there. */
export function quotaBreaker(pool: string, region: string | undefined): string {
  return region ? `quota.${region}` : `quota.pool.${pool}`;
}

/** Rate limits are an installation's, which has one account. */
export function githubBreaker(repository: string): string {
  return `github.${repository.split('/')[0]?.toLowerCase()}`;
}

/** Everybody's: GitHub's 5xx come from GitHub, not from an installation. */
export const GITHUB_DOWN = 'github-5xx';

/** A template whose VMs do not come up. */
export function bootBreaker(pool: Pool): string | undefined {
  const source = machineSource(pool);
  return source === undefined ? undefined : `boot.${source.replace(/[^A-Za-z0-9._-]/g, '_')}`;
}
