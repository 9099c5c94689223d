import type {Octokit} from '@octokit/rest';
import type {Logger} from '../logger';

/** A tenth of the hour's requests is left: time to look, before runners wait for the next hour. */
const NEAR = 0.1;

/**
 * Logs once per hourly window when the primary rate limit is nearly used up, while everything still works.
 *
 * @see https://docs.github.com/en/rest/using-the-rest-api/rate-limits-for-the-rest-api#checking-the-status-of-your-rate-limit
 */
export function watchLimit(octokit: Pick<Octokit, 'hook'>, logger: Pick<Logger, 'warning'>): void {
  let warnedOf: string | undefined;
  octokit.hook.after('request', ({headers}) => {
    const limit = Number(headers['x-ratelimit-limit']);
    const remaining = Number(headers['x-ratelimit-remaining']);
    const window = String(headers['x-ratelimit-reset']);
    // Without the headers, as a GitHub Enterprise Server without limits answers, both are NaN.
    if (!(remaining < limit * NEAR) || window === warnedOf) return;
    warnedOf = window;
    logger.warning(`${remaining} of ${limit} requests to GitHub are left in this hour`, {
      decision: 'github_limit_near',
      reason: String(headers['x-ratelimit-resource'] ?? 'core'),
      remaining,
      limit,
    });
  });
}
