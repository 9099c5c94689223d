import type {FullPlacement} from './full-placements';
import {isGce, machineSource, type Pool, quotaScopes} from './pool';

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
  /** Of `fullBreaker` alone. */
  readonly full?: readonly FullPlacement[];
}

const FULL = 'full.';

/**
 * The document of the pool's full placements: what one execution found full, the others need not try. It holds back these placements and
 * nothing else, so that it is no breaker for people; it stands among the breakers, because whoever makes a machine reads these anyway.
 */
export function fullBreaker(pool: string): string {
  return `${FULL}${pool}`;
}

/** Whether it is a breaker that holds back work, which `fullBreaker` is not. */
export function holdsWork({name}: Pick<BreakerDocument, 'name'>): boolean {
  return !name.startsWith(FULL);
}

/**
 * Breaker of a quota, as the provider named its scope: all pools of one type that have the scope share it. A scope that is none of the pool's
 * holds back that pool alone, so that `quotaBreakers` has every name that this returns.
 */
export function quotaBreaker(pool: Pool, scope: string): string {
  return quotaScopes(pool).includes(scope) ? scopeBreaker(pool, scope) : poolBreaker(pool);
}

/** Every breaker of a quota that may hold the pool back. */
export function quotaBreakers(pool: Pool): string[] {
  return [...quotaScopes(pool).map((scope) => scopeBreaker(pool, scope)), poolBreaker(pool)];
}

/** Whether a breaker of this name is of a quota. */
export function isOfQuota(name: string): boolean {
  return name.startsWith('quota.');
}

/** The names of Compute Engine's regions stand alone; the same name at another provider is another quota. */
function scopeBreaker(pool: Pool, scope: string): string {
  return `quota.${isGce(pool) ? '' : `${pool.provider.type}.`}${inName(scope)}`;
}

function poolBreaker({name}: Pool): string {
  return `quota.pool.${name}`;
}

/** A text as part of a document's id. */
function inName(text: string): string {
  return text.replace(/[^A-Za-z0-9._-]/g, '_');
}

/** Breaker of GitHub's rate limit. GitHub counts it for each installation of the App, and an installation has one account. */
export function githubBreaker(repository: string): string {
  return `github.${repository.split('/')[0]?.toLowerCase()}`;
}

/** Breaker of GitHub's rate limit of one of several Apps: while another App can be asked, it holds nothing back. No owner has a dot in its name. */
export function appBreaker(owner: string, app: string): string {
  return `github.${owner.toLowerCase()}.${app}`;
}

/** Breaker of GitHub's 5xx answers. All installations share it, because a 5xx does not depend on the installation. */
export const GITHUB_DOWN = 'github-5xx';

/** Breaker of a pool's standby machines alone: it holds back no job. */
export function standbyBreaker(pool: string): string {
  return `standby.${pool}`;
}

/** Breaker of an instance template whose VMs do not come online. Undefined: the pool creates no VMs. */
export function bootBreaker(pool: Pool): string | undefined {
  const source = machineSource(pool);
  if (source === undefined) return undefined;
  const {type} = pool.provider;
  // The same name at another provider, in another account or region is another template.
  if (isGce(pool) || source.startsWith(`${type}.`)) return `boot.${inName(source)}`;
  return `boot.${[type, ...quotaScopes(pool).slice(0, 1), source].map(inName).join('.')}`;
}

export function isBootBreaker(name: string): boolean {
  return name.startsWith('boot.');
}
