import {MINUTE_MS} from '../durations';
import type {LockDocument} from '../model/sweep';
import {isTimeUp, type Sweep} from './context';

/** Minimum share of GitHub’s hourly limit that a scan leaves for the creation of runners, 0 to 1. */
const MIN_REMAINING_QUOTA = 0.3;

interface Rate {
  /** Calls per minute, and the most that can be saved up with an interval of a minute; with a long one, the calls of one interval. */
  readonly perMinute: number;
  readonly most: number;
}

/** Allowance for quiet repositories. Of 5,000 calls an hour, 300 go to them, or 1,800 without webhooks. */
const QUIET: Record<'on' | 'off', Rate> = {on: {perMinute: 5, most: 20}, off: {perMinute: 30, most: 60}};
const ACTIVE: Rate = {perMinute: 60, most: 120};

/** `active`: repositories with a job or runner on record. `quiet`: all others. */
export type Turn = 'active' | 'quiet';

/**
 * Limits the calls of a scan by the saved allowance, GitHub’s hourly limit and the time budget, and remembers where each turn continues.
 */
export class ScanBudget {
  readonly #sweep: Sweep;
  readonly #allowance: LockDocument['allowance'] & {active: number; quiet: number};
  readonly #cursors: {-readonly [K in keyof LockDocument['cursors']]: LockDocument['cursors'][K]};

  /** `now`: in milliseconds. */
  constructor(sweep: Sweep, {allowance, cursors}: Pick<LockDocument, 'allowance' | 'cursors'>, now: number) {
    this.#sweep = sweep;
    this.#allowance = {...allowanceAt(allowance, sweep, now)};
    this.#cursors = {...cursors};
  }

  /** For the next sweep. */
  get allowance(): LockDocument['allowance'] {
    return this.#allowance;
  }

  /** Stored for the next sweep: the last repository of each turn. */
  get cursors(): LockDocument['cursors'] {
    return this.#cursors;
  }

  /** Whether the time budget, GitHub’s hourly limit and the registrations of this minute allow another call. */
  allowsCall(): boolean {
    const {discovery, restraint} = this.#sweep;
    return !isTimeUp(this.#sweep) && restraint.allowsCall() && discovery.remainingQuota() >= MIN_REMAINING_QUOTA;
  }

  /** Remaining calls of the turn. */
  remaining(turn: Turn): number {
    return this.#allowance[turn];
  }

  /**
   * Whether quiet repositories are scanned in this sweep. Sweeps that run more often than once a minute save up the calls of a minute first: only
   * a sweep that lists every scope tells that nobody knows a machine.
   */
  allowsQuietScan(): boolean {
    const {webhooks, intervalSeconds} = this.#sweep;
    const least = webhooks === 'on' && intervalSeconds < 60 ? QUIET.on.perMinute : 1;
    return this.#allowance.quiet >= least;
  }

  /** Subtracts calls. The result may be negative: then the next sweep has fewer. */
  spend(turn: Turn, calls: number): void {
    this.#allowance[turn] -= calls;
  }

  /** The repositories in order, starting after the cursor of the turn. */
  fromCursor<T extends {readonly fullName: string}>(turn: Turn, repositories: readonly T[]): T[] {
    return rotate(repositories, this.#cursors[turn]);
  }

  /** Sets the cursor: the next sweep continues after this repository. */
  setCursor(turn: Turn, {fullName}: {readonly fullName: string}): void {
    this.#cursors[turn] = fullName.toLowerCase();
  }
}

/** Adds the calls that were gained since the last sweep, however often the sweep is started. */
function allowanceAt(
  saved: LockDocument['allowance'],
  {webhooks, intervalSeconds}: Pick<Sweep, 'webhooks' | 'intervalSeconds'>,
  now: number,
) {
  const minutes = (now - saved.at) / MINUTE_MS;
  const grown = (calls: number, {perMinute, most}: Rate) =>
    Math.min(Math.max(most, (perMinute * intervalSeconds) / 60), calls + minutes * perMinute);
  return {active: grown(saved.active, ACTIVE), quiet: grown(saved.quiet, QUIET[webhooks]), at: now};
}

/** Sorts by name and rotates to start after `cursor`. */
export function rotate<T extends {readonly fullName: string}>(items: readonly T[], cursor: string | null): T[] {
  const sorted = [...items].sort((a, b) => (key(a) < key(b) ? -1 : 1));
  const start = cursor === null ? 0 : sorted.findIndex((item) => key(item) > cursor);
  return start <= 0 ? sorted : [...sorted.slice(start), ...sorted.slice(0, start)];
}

function key({fullName}: {readonly fullName: string}): string {
  return fullName.toLowerCase();
}
