import type {ComputeFault} from '../emulators/compute/api';
import type {RequestFaultEffect} from '../emulators/github/request-faults';
import type {CallEffect} from './scenario';

/** What a fault looks like at GitHub; undefined: it is none of GitHub's. */
export function githubEffect(effect: CallEffect | undefined, nowMs: number): RequestFaultEffect | undefined {
  switch (effect) {
    case 'failed':
      return 'reset';
    case 'lost':
      return 'lose-response';
    case 'hang':
      return 'hang';
    case 'unavailable':
      return {status: 503, body: {message: 'Service Unavailable'}};
    case 'secondary_limit':
      return {
        status: 403,
        headers: {'retry-after': '60'},
        body: {message: 'You have exceeded a secondary rate limit. Please wait a few minutes before you try again.'},
      };
    case 'rate_limit':
      return {
        status: 403,
        headers: {
          'x-ratelimit-remaining': '0',
          'x-ratelimit-limit': '5000',
          'x-ratelimit-reset': String(Math.ceil(nowMs / 1000) + 600),
        },
        body: {message: 'API rate limit exceeded for installation.'},
      };
    case 'page':
      return {status: 404, body: '<html><title>Error 404</title></html>'};
    default:
      return undefined;
  }
}

/** What a fault looks like at Compute Engine. */
export function computeEffect(effect: CallEffect | undefined, method: string): ComputeFault | undefined {
  switch (effect) {
    case 'failed':
      return 'reset';
    case 'lost':
      return 'lost';
    case 'hang':
      return 'hang';
    case 'unavailable':
      return {status: 503, reason: 'backendError', message: 'Backend Error'};
    case 'secondary_limit':
    case 'rate_limit':
      return {status: 403, reason: 'rateLimitExceeded', message: 'Rate Limit Exceeded'};
    case 'quota':
      if (method !== 'insertInstance') return undefined;
      return {
        status: 403,
        reason: 'quotaExceeded',
        message: "Quota 'CPUS' exceeded.  Limit: 24.0 in region us-central1.",
      };
    case 'no_token':
      return {status: 404, sender: 'metadata'};
    case 'page':
      return {status: 404, sender: 'proxy'};
    default:
      return undefined;
  }
}
