import type {Clock} from '../clock';
import {rungKey} from '../lifecycle/ladder';
import type {Rung} from './provider';

/** Capacity that was not there is seldom back sooner; a failed insert costs half a minute. */
const REMEMBERED_MS = 3 * 60_000;

/** The rungs that had no capacity a short while ago, as this process has seen it. */
export class FullRungs {
  readonly #until = new Map<string, number>();

  constructor(private readonly clock: Pick<Clock, 'now'>) {}

  add(rung: Rung): void {
    this.#until.set(rungKey(rung), this.clock.now() + REMEMBERED_MS);
  }

  has(rung: Rung): boolean {
    return (this.#until.get(rungKey(rung)) ?? 0) > this.clock.now();
  }
}
