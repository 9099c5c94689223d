import {TtlCache} from '../cache';
import type {Clock} from '../clock';
import {type KnownRung, rungKey} from '../lifecycle/ladder';
import type {Rung} from './provider';

/** Capacity that was not there is seldom back sooner; a failed insert costs half a minute. */
const FULL_MS = 3 * 60_000;
/** What a zone does not have, or cannot make like this, needs a person or a new template. */
const INVALID_MS = 10 * 60_000;

/** The rungs that made no machine a short while ago, as this process has seen it. */
export class FailedRungs {
  readonly #clock: Pick<Clock, 'now'>;
  readonly #known: TtlCache<KnownRung>;

  constructor(clock: Pick<Clock, 'now'>) {
    this.#clock = clock;
    this.#known = new TtlCache(clock);
  }

  add(rung: Rung, what: KnownRung): void {
    const ms = what === 'full' ? FULL_MS : INVALID_MS;
    this.#known.set(rungKey(rung), what, this.#clock.now() + ms);
  }

  /** Where nothing but refusals are known, all of them are asked for again: somebody may have mended what they were refused for. */
  reconsider(ladder: readonly Rung[]): void {
    if (ladder.every((rung) => this.of(rung) === 'invalid'))
      for (const rung of ladder) this.#known.delete(rungKey(rung));
  }

  of(rung: Rung): KnownRung | undefined {
    return this.#known.get(rungKey(rung));
  }
}
