import type {LockDocument} from '../model/sweep';
import {isTimeUp, type Sweep} from './context';
import {allowanceAt, rotated} from './scan-allowance';

/** The rest of the hour's limit is for making runners. */
const LEAST_LEFT = 0.3;

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
  mayGoOn(): boolean {
    return !isTimeUp(this.#sweep) && this.#sweep.discovery.left() >= LEAST_LEFT;
  }

  /** Calls that are left. */
  left(turn: Turn): number {
    return this.#allowance[turn];
  }

  /** More than is left may be spent: the next sweep has less then. */
  spend(turn: Turn, calls: number): void {
    this.#allowance[turn] -= calls;
  }

  /** The repositories from behind the cursor on. */
  inTurn<T extends {readonly fullName: string}>(turn: Turn, repositories: readonly T[]): T[] {
    return rotated(repositories, this.#cursors[turn]);
  }

  /** The next sweep goes on behind this repository. */
  moveTo(turn: Turn, {fullName}: {readonly fullName: string}): void {
    this.#cursors[turn] = fullName.toLowerCase();
  }
}
