import {TtlCache} from '../cache';
import type {Clock} from '../clock';
import {placementKey, type RecentFailure} from '../lifecycle/ladder';
import type {Placement} from '../model/placement';

/** Capacity that was not there is seldom back sooner; a failed insert costs half a minute. */
const FULL_MS = 3 * 60_000;
/** What a zone does not have, or cannot make like this, needs a person or a new template. */
const INVALID_MS = 10 * 60_000;

/** The placements that made no machine a short while ago, as this process has seen it. */
export class ExhaustedPlacements {
  readonly #clock: Pick<Clock, 'now'>;
  readonly #known: TtlCache<RecentFailure>;

  constructor(clock: Pick<Clock, 'now'>) {
    this.#clock = clock;
    this.#known = new TtlCache(clock);
  }

  add(placement: Placement, what: RecentFailure): void {
    const ms = what === 'full' ? FULL_MS : INVALID_MS;
    this.#known.set(placementKey(placement), what, this.#clock.now() + ms);
  }

  /** Where nothing but refusals are known, all of them are asked for again: somebody may have mended what they were refused for. */
  reconsider(placements: readonly Placement[]): void {
    if (placements.every((placement) => this.of(placement) === 'invalid'))
      for (const placement of placements) this.#known.delete(placementKey(placement));
  }

  of(placement: Placement): RecentFailure | undefined {
    return this.#known.get(placementKey(placement));
  }
}
