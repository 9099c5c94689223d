/** One mistake in the core. Where two guards stand one behind the other, it is a mistake in both. */
export interface Mutation extends Change {
  readonly name: string;
  readonly also?: Change;
}

/** A change of the core's text. */
export interface Change {
  /** From the repository's root. */
  readonly file: string;
  /** Found exactly once in the file. */
  readonly find: string;
  readonly replace: string;
}
