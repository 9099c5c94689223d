import type {LockDocument} from '../model/sweep';
import {isTimeUp, type Sweep} from './context';

/** The rest of the hour's limit is for making runners. */
const MIN_REMAINING_QUOTA = 0.3;

interface Rate {
  /** Calls a minute, and at most so many saved up. */
  readonly perMinute: number;
  readonly most: number;
}

/** Of 5,000 calls an hour: repositories where nothing happens cost 300 of them, or 1,800 where no webhook tells of jobs. */
const QUIET: Record<'on' | 'off', Rate> = {on: {perMinute: 5, most: 20}, off: {perMinute: 30, most: 60}};
const ACTIVE: Rate = {perMinute: 60, most: 120};

/** `active`: places where something is under way; `quiet`: all others. */
export type Turn = 'active' | 'quiet';

/** What a scan may still ask GitHub for: the allowance of calls, the hour's limit and the time; and where each turn goes on. */
export class ScanBudget {
  readonly #sweep: Sweep;
  readonly #allowance: LockDocument['allowance'] & {active: number; quiet: number};
  readonly #cursors: {-readonly [K in keyof LockDocument['cursors']]: LockDocument['cursors'][K]};

  /** `now`: in milliseconds. */
  constructor(sweep: Sweep, {allowance, cursors}: Pick<LockDocument, 'allowance' | 'cursors'>, now: number) {
    this.#sweep = sweep;
    this.#allowance = {...allowanceAt(allowance, sweep.webhooks, now)};
    this.#cursors = {...cursors};
  }

  /** For the next sweep. */
  get allowance(): LockDocument['allowance'] {
    return this.#allowance;
  }

  /** For the next sweep: the repository that each turn came to. */
  get cursors(): LockDocument['cursors'] {
    return this.#cursors;
  }

  /** Whether the time and the hour's limit permit another call. */
  allowsCall(): boolean {
    return !isTimeUp(this.#sweep) && this.#sweep.discovery.remainingQuota() >= MIN_REMAINING_QUOTA;
  }

  /** Calls that are left. */
  remaining(turn: Turn): number {
    return this.#allowance[turn];
  }

  /** More than is left may be spent: the next sweep has less then. */
  spend(turn: Turn, calls: number): void {
    this.#allowance[turn] -= calls;
  }

  /** The repositories from behind the cursor on. */
  fromCursor<T extends {readonly fullName: string}>(turn: Turn, repositories: readonly T[]): T[] {
    return rotate(repositories, this.#cursors[turn]);
  }

  /** The next sweep goes on behind this repository. */
  setCursor(turn: Turn, {fullName}: {readonly fullName: string}): void {
    this.#cursors[turn] = fullName.toLowerCase();
  }
}

/** Calls to GitHub that the sweep may make, by the time since the last one; whatever the rate at which it is started. */
function allowanceAt(saved: LockDocument['allowance'], webhooks: 'on' | 'off', now: number) {
  const minutes = (now - saved.at) / 60_000;
  const grown = (calls: number, {perMinute, most}: Rate) => Math.min(most, calls + minutes * perMinute);
  return {active: grown(saved.active, ACTIVE), quiet: grown(saved.quiet, QUIET[webhooks]), at: now};
}

/** From behind `cursor` on, round the circle, by name. */
function rotate<T extends {readonly fullName: string}>(items: readonly T[], cursor: string | null): T[] {
  const sorted = [...items].sort((a, b) => (key(a) < key(b) ? -1 : 1));
  const start = cursor === null ? 0 : sorted.findIndex((item) => key(item) > cursor);
  return start <= 0 ? sorted : [...sorted.slice(start), ...sorted.slice(0, start)];
}

function key({fullName}: {readonly fullName: string}): string {
  return fullName.toLowerCase();
}
