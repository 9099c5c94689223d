import {SlipwayError} from '../errors';

/**
 * What a refusal of Compute Engine means for the ladder.
 * - `zone_full`: try another zone or machine type.
 * - `quota`: another zone of the region would not help; open the quota breaker.
 * - `rate`: the API's own rate quota; wait for the next minute.
 * - `conflict`: the name is in use.
 * - `invalid`: this machine type or zone cannot be had like this; another rung may do (`rungOnly`), or nothing will.
 * - `denied`: permission or a missing resource; a person has to change something.
 * - `uncertain`: no answer, or 5xx: it may have happened. Look before trying elsewhere.
 */
export type ComputeFailureClass = 'zone_full' | 'quota' | 'rate' | 'conflict' | 'invalid' | 'denied' | 'uncertain';

export class ComputeFailure extends SlipwayError {
  readonly kind = 'compute_failure';

  constructor(
    readonly failureClass: ComputeFailureClass,
    /** Compute Engine's code or reason, e.g. `ZONE_RESOURCE_POOL_EXHAUSTED`. */
    readonly code: string,
    /** Scrubbed: a 400 of Compute Engine can echo the request with its metadata. */
    message: string,
    options?: ErrorOptions,
  ) {
    super(message, options);
  }

  get retryable(): boolean {
    return this.failureClass !== 'invalid' && this.failureClass !== 'denied';
  }
}
