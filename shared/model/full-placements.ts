import {MINUTE_MS} from '../durations';
import {type Placement, placementKey} from './placement';

/**
 * How long a full placement is not tried again, in milliseconds. Capacity seldom returns sooner, and a failed insert takes half a minute.
 */
export const FULL_MS = 3 * MINUTE_MS;

/** A placement that is found full again is written again at the earliest after so long: in a burst many executions find the same. */
const WRITE_AGAIN_MS = 60_000;

/** More than any pool has that is of use; a document of Firestore may have 1 MiB. */
const MAX_PLACEMENTS = 200;

/** A placement that had no capacity a moment ago. */
export interface FullPlacement {
  readonly placement: Placement;
  /** When it may be tried again, in milliseconds since the epoch. */
  readonly until: number;
}

/** What is on record with a placement that was found full at `now`. Undefined: it was written a moment ago, and nothing is to be written. */
export function withFullPlacement(
  before: readonly FullPlacement[],
  placement: Placement,
  now: number,
): readonly FullPlacement[] | undefined {
  const key = placementKey(placement);
  const until = now + FULL_MS;
  const current = before.filter((each) => each.until > now);
  const isWritten = current.some((each) => placementKey(each.placement) === key && until - each.until < WRITE_AGAIN_MS);
  if (isWritten) return undefined;
  const others = current.filter((each) => placementKey(each.placement) !== key);
  return [...others, {placement, until}].slice(-MAX_PLACEMENTS);
}
