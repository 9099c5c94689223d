import {TtlCache} from '../cache';
import type {Clock} from '../clock';
import {DAY_MS, MINUTE_MS} from '../durations';
import {Problem, retryAfter} from '../http/errors';

/** Wrong secrets of one address, and of all together, that have consequences; within this time. */
const MOST_OF_ADDRESS = 10;
const MOST_IN_ALL = 100;
const WITHIN_MS = 10 * MINUTE_MS;

/** How long an address that was not seen before waits for each try, once there were 100 wrong ones in all. */
const SLOW_MS = 10_000;

/** Addresses that are remembered, of each kind; then the oldest is forgotten. */
const MAX_ADDRESSES = 10_000;

/** An address counts as seen for so long after its last valid secret. */
const SEEN_MS = DAY_MS;

/**
 * Keeps secrets from being guessed. After 10 wrong secrets in 10 minutes an address may send none until the first of them is 10 minutes old.
 * After 100 from all addresses together, those that have not sent a valid one before have to come twice for each try, 10 seconds apart: whoever
 * knows the secret is slowed down, and never locked out by others. In the memory of the instance.
 */
export class WrongSecrets {
  readonly #clock: Pick<Clock, 'now'>;
  /** Times of wrong secrets in milliseconds since the epoch, oldest first. */
  readonly #ofAddress: TtlCache<readonly number[]>;
  readonly #seen: TtlCache<true>;
  /** Since when an address waits for its next try. */
  readonly #waiting: TtlCache<number>;
  #all: readonly number[] = [];

  constructor(clock: Pick<Clock, 'now'>) {
    this.#clock = clock;
    this.#ofAddress = new TtlCache(clock, {maxEntries: MAX_ADDRESSES});
    this.#seen = new TtlCache(clock, {maxEntries: MAX_ADDRESSES});
    this.#waiting = new TtlCache(clock, {maxEntries: MAX_ADDRESSES});
  }

  /** Throws the problem `rate-limited` where a secret of the address is not looked at now. */
  admit(address: string): void {
    const now = this.#clock.now();
    const own = this.#recent(this.#ofAddress.get(address) ?? []);
    const [oldest = now] = own;
    if (own.length >= MOST_OF_ADDRESS) {
      throw tooMany(`found ${MOST_OF_ADDRESS} wrong secrets of this address in 10 minutes`, oldest + WITHIN_MS - now);
    }
    this.#all = this.#recent(this.#all);
    if (this.#all.length < MOST_IN_ALL || this.#seen.get(address)) return;
    const since = this.#waiting.get(address);
    if (since !== undefined && now - since >= SLOW_MS) {
      this.#waiting.delete(address);
      return;
    }
    if (since === undefined) this.#waiting.set(address, now, now + WITHIN_MS);
    const because = `found ${MOST_IN_ALL} wrong secrets in 10 minutes, and none that was right of this address before`;
    throw tooMany(because, (since ?? now) + SLOW_MS - now);
  }

  /** The address has sent a secret that is wrong. */
  wrong(address: string): void {
    const now = this.#clock.now();
    const own = [...this.#recent(this.#ofAddress.get(address) ?? []), now];
    this.#ofAddress.set(address, own, now + WITHIN_MS);
    this.#all = [...this.#recent(this.#all), now].slice(-MOST_IN_ALL);
  }

  /** The address has sent a secret that is right. */
  right(address: string): void {
    this.#seen.set(address, true, this.#clock.now() + SEEN_MS);
  }

  #recent(times: readonly number[]): readonly number[] {
    const now = this.#clock.now();
    return times.filter((at) => now - at < WITHIN_MS);
  }
}

function tooMany(found: string, waitMs: number): Problem {
  const detail = `${found}: the secret is not looked at until the time in Retry-After has passed`;
  return new Problem('rate-limited', detail, {headers: retryAfter(waitMs / 1000)});
}
