import {NoCapacity, QuotaExceeded, Refused, Unavailable, Uncertain} from '../../errors';
import type {NotReady, VmReference, VmRefusal} from '../../providers/vm';

/** Compute Engine's no, as an error for whoever asked. */
export function refusal({instance}: VmReference, refused: NotReady | VmRefusal): Error {
  switch (refused.kind) {
    case 'not_ready':
      return new Unavailable(`VM ${instance} is ${refused.status}, neither up nor down`, refused.retryAfterSeconds);
    case 'no_capacity':
      return new NoCapacity(refused.message, 60);
    case 'quota':
      return new QuotaExceeded(refused.message, 60);
    case 'rate_limited':
      return new Unavailable(refused.message, refused.retryAfterSeconds);
    case 'uncertain':
      return new Uncertain(refused.message, 10);
    case 'missing':
    case 'refused':
      return new Refused(refused.message);
  }
}
