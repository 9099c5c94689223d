import {TtlCache} from '../cache';
import type {Clock} from '../clock';
import {Problem, retryAfter} from '../http/errors';

/** Who sends a request: each has a bucket of its own. */
export type Caller =
  /** Without valid credentials. `id`: the client's address. */
  | {readonly kind: 'nobody'; readonly id: string}
  /** With a valid secret. `id`: which one, as a hash. */
  | {readonly kind: 'secret'; readonly id: string}
  /** A person's session. `id`: which one, as a hash. */
  | {readonly kind: 'session'; readonly id: string}
  /** A Docker host with its token. `id`: its name. */
  | {readonly kind: 'host'; readonly id: string};

/** Requests a minute of one caller of each kind. */
export type PerMinute = Readonly<Record<Caller['kind'], number>>;

export const PER_MINUTE: PerMinute = {nobody: 60, secret: 300, session: 300, host: 120};

const WINDOW_MS = 60_000;

/** Callers that are counted at the same time; then the one that was counted longest ago is forgotten. */
const MAX_CALLERS = 10_000;

interface Window {
  readonly untilMs: number;
  count: number;
}

/**
 * Limits the requests of each caller, so that nobody can use the function up. The counts are in the memory of the instance, because a shared
 * count would cost a write for each request; with n instances a limit is n times as high.
 */
export class RateLimits {
  readonly #clock: Pick<Clock, 'now'>;
  readonly #perMinute: PerMinute;
  readonly #windows: TtlCache<Window>;

  constructor(clock: Pick<Clock, 'now'>, perMinute: PerMinute = PER_MINUTE) {
    this.#clock = clock;
    this.#perMinute = perMinute;
    this.#windows = new TtlCache(clock, {maxEntries: MAX_CALLERS});
  }

  /** Counts a request; throws the problem `rate-limited` above the limit. */
  count({kind, id}: Caller): void {
    const now = this.#clock.now();
    const key = `${kind} ${id}`;
    const window = this.#windows.get(key) ?? {untilMs: now + WINDOW_MS, count: 0};
    window.count++;
    this.#windows.set(key, window, window.untilMs);
    const most = this.#perMinute[kind];
    if (window.count <= most) return;
    throw new Problem(
      'rate-limited',
      `found more than ${most} requests a minute; retry after the time in Retry-After`,
      {headers: retryAfter((window.untilMs - now) / 1000)},
    );
  }
}
