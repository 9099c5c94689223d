import {CodemagicFailure} from '../../shared/providers/codemagic/failure';
import type {AwsFault} from '../emulators/aws/api';
import type {ComputeFault} from '../emulators/compute/api';
import type {RequestFaultEffect} from '../emulators/github/request-faults';
import {MemoryRefusal} from '../emulators/memory/world';
import type {RunFault} from '../emulators/run/api';
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

/** What a fault looks like at EC2. */
export function awsEffect(effect: CallEffect | undefined, method: string): AwsFault | undefined {
  switch (effect) {
    case 'failed':
    case 'hang':
      return 'reset';
    case 'lost':
      return 'lost';
    case 'unavailable':
      return {status: 503, code: 'Unavailable', message: 'The server is overloaded and can’t handle the request.'};
    case 'secondary_limit':
    case 'rate_limit':
      return {status: 503, code: 'RequestLimitExceeded', message: 'Request limit exceeded.'};
    case 'quota':
      if (method !== 'runInstance') return undefined;
      return {status: 400, code: 'VcpuLimitExceeded', message: 'You have requested more vCPU capacity than allowed.'};
    case 'no_token':
    case 'page':
      return 'proxy';
    default:
      return undefined;
  }
}

/** What a fault looks like at Cloud Run. */
export function runEffect(effect: CallEffect | undefined, method: string): RunFault | undefined {
  switch (effect) {
    case 'failed':
      return 'reset';
    case 'lost':
    case 'hang':
      return effect;
    case 'unavailable':
      return {status: 503, reason: 'UNAVAILABLE', message: 'The service is currently unavailable.'};
    case 'secondary_limit':
    case 'rate_limit':
      return {status: 429, reason: 'RESOURCE_EXHAUSTED', message: 'Quota exceeded: requests per minute per region.'};
    case 'quota':
      if (method !== 'runJob') return undefined;
      return {status: 429, reason: 'RESOURCE_EXHAUSTED', message: 'Quota exceeded for total running executions.'};
    case 'no_token':
    case 'page':
      return {status: 404, sender: 'proxy'};
    default:
      return undefined;
  }
}

/** A call of the provider in memory that is refused, or has no answer: after it had its effect, or without. */
/** A call of another provider's service that is refused, or has no answer: after it had its effect, or without. */
export interface MachinesEffect {
  readonly refused?: Error;
  readonly hangsMs?: number;
  readonly hasEffect: boolean;
}

const PATIENCE_MS = 20_000;

/** What a fault looks like at the provider in memory. */
export function machinesEffect(effect: CallEffect | undefined, method: string): MachinesEffect | undefined {
  switch (effect) {
    case 'failed':
    case 'unavailable':
    case 'no_token':
    case 'page':
      return {hasEffect: false};
    case 'lost':
      return {hasEffect: true};
    case 'hang':
      return {hangsMs: PATIENCE_MS, hasEffect: false};
    case 'secondary_limit':
    case 'rate_limit':
      return {refused: new MemoryRefusal('rate', 'too many calls'), hasEffect: false};
    case 'quota':
      if (method !== 'create') return undefined;
      return {refused: new MemoryRefusal('quota', 'no CPU is left'), hasEffect: false};
    default:
      return undefined;
  }
}

/** What a fault looks like at CodeMagic, as its client says it. */
export function codemagicEffect(effect: CallEffect | undefined, method: string): MachinesEffect | undefined {
  switch (effect) {
    case 'secondary_limit':
    case 'rate_limit':
      return {refused: new CodemagicFailure('rate', 'CodeMagic answered 429', 60), hasEffect: false};
    case 'quota':
      if (method !== 'startBuild') return undefined;
      return {refused: new CodemagicFailure('quota', 'CodeMagic answered 402'), hasEffect: false};
    default:
      return machinesEffect(effect, method);
  }
}
