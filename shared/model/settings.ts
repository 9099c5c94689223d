import * as z from 'zod';

/** What parts of `RUNNER_CONFIG` have in common, for the pool's own settings and for those of each provider. */

/** What was expected of a value; a function, where the value itself tells what to write instead. */
export type Expected = string | ((issue: {readonly input?: unknown}) => string);

/** A text of the pattern, of at most 500 characters unless given. */
export function text(pattern: RegExp, error: Expected, maxLength = 500) {
  return z.string({error}).max(maxLength, {error}).regex(pattern, {error});
}

/** What was read, of whatever shape. */
export type RawSettings = Readonly<Record<string, unknown>>;

/** Where it is reported what is wrong with settings. */
export interface SettingsProblems {
  report(path: string, found: string, expected: string): void;
  /** A value as a message may show it: short, and without secrets. */
  describe(value: unknown): string;
}
