import {ApiError} from './resources';

/** Groups of requests that Compute Engine meters apart, each per region and minute. */
export type RateGroup = 'writes' | 'reads' | 'operationReads' | 'operationWaits';

const MINUTE_MS = 60_000;

/**
 * The API's rate quotas: a bucket that is full again at each full minute.
 * @see https://cloud.google.com/compute/api-quota
 */
export class Rates {
  readonly #limits = new Map<RateGroup, number>();
  readonly #used = new Map<string, {minute: number; count: number}>();

  limit(group: RateGroup, perMinute: number): void {
    this.#limits.set(group, perMinute);
  }

  /** Refuses (403 rateLimitExceeded) the request that is one too many. */
  count({method, path}: {readonly method: string; readonly path: string}, nowMs: number): void {
    const group = groupOf(method, path);
    const limit = this.#limits.get(group);
    if (limit === undefined) return;
    const region = /\/zones\/([a-z0-9-]+)-[a-z]\//.exec(path)?.[1] ?? 'global';
    const minute = Math.floor(nowMs / MINUTE_MS);
    const key = `${group} ${region}`;
    const before = this.#used.get(key);
    const count = (before?.minute === minute ? before.count : 0) + 1;
    this.#used.set(key, {minute, count});
    if (count <= limit) return;
    throw new ApiError(
      403,
      'rateLimitExceeded',
      `Quota exceeded for quota metric '${group}' and limit '${group} per minute per region' of service 'compute.googleapis.com'.`,
    );
  }
}

function groupOf(method: string, path: string): RateGroup {
  if (path.endsWith('/wait')) return 'operationWaits';
  if (method !== 'GET') return 'writes';
  return path.includes('/operations/') ? 'operationReads' : 'reads';
}
