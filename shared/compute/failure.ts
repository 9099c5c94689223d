import {SlipwayError} from '../errors';

/**
 * What a refusal of Compute Engine means for the placements that are left.
 * - `zone_full`: try another zone or machine type.
 * - `quota`: another zone of the region would not help; open the quota breaker.
 * - `rate`: the API's own rate quota; wait for the next minute.
 * - `conflict`: the name is in use.
 * - `invalid`: it cannot be had like this at this placement; another one may do.
 * - `denied`: permission, or a template or subnetwork that is missing; a person has to change something.
 * - `uncertain`: no answer of Compute Engine's own, or 5xx: it may have happened. Look before trying elsewhere.
 */
export type ComputeFailureClass = 'zone_full' | 'quota' | 'rate' | 'conflict' | 'invalid' | 'denied' | 'uncertain';

export interface ComputeFailureOptions extends ErrorOptions {
  readonly missing?: string;
}

export class ComputeFailure extends SlipwayError {
  readonly kind = 'compute_failure';
  /** Path of the resource, from `projects/` on, that Compute Engine itself says is not there. */
  readonly missing: string | undefined;

  constructor(
    readonly failureClass: ComputeFailureClass,
    /** Compute Engine's code or reason, e.g. `ZONE_RESOURCE_POOL_EXHAUSTED`. */
    readonly code: string,
    /** Scrubbed: a 400 of Compute Engine can echo the request with its metadata. */
    message: string,
    {missing, ...options}: ComputeFailureOptions = {},
  ) {
    super(message, options);
    this.missing = missing;
  }

  get retryable(): boolean {
    return this.failureClass !== 'invalid' && this.failureClass !== 'denied';
  }
}
