import type {Clock} from '../../../shared/clock';
import {GitHubRefusal} from './refusal';

export interface RateLimitOptions {
  /** Requests an hour for each installation or user; 5000 unless given. */
  readonly primary?: number;
  /** Points a minute, 1 for a GET and 5 for a write: 900 at GitHub. Off unless given, since a virtual clock stands still. */
  readonly secondary?: number;
  /** Registrations of runners in five minutes for one repository or organization: 1,500 at GitHub. Off unless given, as above. */
  readonly registrations?: number;
}

export interface RateState {
  readonly limit: number;
  readonly used: number;
  readonly remaining: number;
  /** Seconds since the epoch. */
  readonly reset: number;
}

interface Window {
  count: number;
  endsAtMs: number;
}

const HOUR = 3_600_000;
const MINUTE = 60_000;
export const PRIMARY_LIMIT = 5000;
export const SECONDARY_LIMIT = 900;
export const REGISTRATION_LIMIT = 1500;

/** @see https://docs.github.com/en/rest/using-the-rest-api/rate-limits-for-the-rest-api */
export class RateLimits {
  readonly #primary = new Map<string, Window>();
  readonly #secondary = new Map<string, Window>();
  /** When a runner was registered, by scope: the last five minutes. */
  readonly #registered = new Map<string, number[]>();
  primary: number;
  secondary: number;
  registrations: number;

  constructor(
    private readonly clock: Clock,
    options: RateLimitOptions = {},
  ) {
    this.primary = options.primary ?? PRIMARY_LIMIT;
    this.secondary = options.secondary ?? Number.POSITIVE_INFINITY;
    this.registrations = options.registrations ?? Number.POSITIVE_INFINITY;
  }

  /** Counts one request of `caller`. Throws 403 with the headers that tell when to come again. */
  charge(caller: string, method: string): void {
    const minute = this.#window(this.#secondary, caller, MINUTE);
    const points = method === 'GET' || method === 'HEAD' ? 1 : 5;
    if (minute.count + points > this.secondary) {
      const seconds = Math.max(1, Math.ceil((minute.endsAtMs - this.clock.now()) / 1000));
      throw new GitHubRefusal(
        403,
        'You have exceeded a secondary rate limit. Please wait a few minutes before you try again.',
        {'retry-after': String(seconds)},
      );
    }
    minute.count += points;
    const hour = this.#window(this.#primary, caller, HOUR);
    if (hour.count >= this.primary) throw new GitHubRefusal(403, `API rate limit exceeded for ${caller}.`);
    hour.count += 1;
  }

  /** Counts the registration of a runner in the scope. Throws 403: GitHub does not say how it answers; this is how it answers other limits. */
  register(scope: string): void {
    const now = this.clock.now();
    const recent = (this.#registered.get(scope) ?? []).filter((atMs) => now - atMs < 5 * MINUTE);
    if (recent.length >= this.registrations) {
      const seconds = Math.ceil(((recent[0] ?? now) + 5 * MINUTE - now) / 1000);
      const message = 'You have exceeded a secondary rate limit: too many runners were registered.';
      throw new GitHubRefusal(403, message, {'retry-after': String(Math.max(1, seconds))});
    }
    if (Number.isFinite(this.registrations)) this.#registered.set(scope, [...recent, now]);
  }

  /** A 304 is not counted against the hour's limit. */
  refund(caller: string): void {
    this.#window(this.#primary, caller, HOUR).count -= 1;
  }

  /** As `GET /rate_limit` shows it and the `x-ratelimit-*` headers do. Counts nothing. */
  state(caller: string): RateState {
    const {count, endsAtMs} = this.#window(this.#primary, caller, HOUR);
    const used = Math.min(count, this.primary);
    return {limit: this.primary, used, remaining: this.primary - used, reset: Math.ceil(endsAtMs / 1000)};
  }

  #window(windows: Map<string, Window>, caller: string, lengthMs: number): Window {
    const now = this.clock.now();
    const known = windows.get(caller);
    if (known && now < known.endsAtMs) return known;
    const window = {count: 0, endsAtMs: now + lengthMs};
    windows.set(caller, window);
    return window;
  }
}

export function rateHeaders(state: RateState): Record<string, string> {
  return {
    'x-ratelimit-limit': String(state.limit),
    'x-ratelimit-remaining': String(state.remaining),
    'x-ratelimit-reset': String(state.reset),
    'x-ratelimit-used': String(state.used),
    'x-ratelimit-resource': 'core',
  };
}
