import type {SimulatedProvider} from '../scenario';

/** One mistake in the core. Where guards stand one behind the other, it is a mistake in all of them. */
export type Mutation = Change & {
  readonly name: string;
  readonly also?: Change | readonly Change[];
  /** The provider of the worlds that have to notice it; `gce` unless given. */
  readonly provider?: SimulatedProvider;
};

/**
 * A change of the core, bound to a name and not to a file or its text.
 *
 * - `marked`: what follows the one line `// mutation: <marked>` in the source: a statement, a property, an argument, an operand, a
 *   function or a method.
 * - `exported`: the one function, constant or method that is exported by this name: `isOver`, `OPEN_RUNS`, `PersistenceTracker.hasPersisted`.
 */
export type Change =
  | ({readonly marked: string} & (Removal | Condition | Insertion | Value | Wrapper))
  | ({readonly exported: string} & (Value | Wrapper));

/** TypeScript, or a function of what stands there now, in parentheses. It is not type-checked, but its names have to be in scope. */
export type Code = string | ((original: string) => string);

/** The statement does nothing; a property, element or argument is left out. No declaration can be removed: give it a value. */
export interface Removal {
  readonly remove: true;
}

/** Of an `if`, a loop or a `?:`. */
export interface Condition {
  readonly condition: Code;
}

/** Statements before the statement. */
export interface Insertion {
  readonly before: string;
}

/**
 * The initial value of a constant, property or field; what is assigned, returned (also by `if (…) return x`), thrown or looped over; else the
 * expression itself.
 */
export interface Value {
  readonly value: Code;
}

/**
 * A function of the original function that returns the one in its place: `(original) => (...args) => original(...args)`. For everybody who
 * calls it, also in its own file; a method's original is bound to its object.
 */
export interface Wrapper {
  readonly wrap: string;
}

/** What stands behind every list of machines: one that a runner has lost is asked for before the runner is ended. */
export const UNASKED_MACHINE: Change = {marked: 'machine that no list has', value: 'undefined'};
