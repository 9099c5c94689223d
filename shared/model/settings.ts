import * as z from 'zod';
import type {ProviderConfig, ProviderSettings} from './pool';

/** What parts of `RUNNER_CONFIG` have in common, for the pool's own settings and for those of each provider. */

/** What was expected of a value; a function, where the value itself tells what to write instead. */
export type Expected = string | ((issue: {readonly input?: unknown}) => string);

/** A text of the pattern, of at most 500 characters unless given. */
export function text(pattern: RegExp, error: Expected, maxLength = 500) {
  return z.string({error}).max(maxLength, {error}).regex(pattern, {error});
}

/** Where the functions run, as far as it is known: pools that name no place make their machines there. */
export interface Here {
  readonly zone?: string;
  readonly region?: string;
}

/**
 * The block `provider` of a pool, for one type of provider: what `RUNNER_CONFIG` may set, and what becomes of it. The line of a provider in
 * `PROVIDER_BLOCKS` of shared/config/pool-schema.ts.
 */
export interface ProviderBlock<
  Schema extends z.ZodObject<{type: z.ZodLiteral<string>}> = z.ZodObject<{type: z.ZodLiteral<string>}>,
> {
  readonly schema: Schema;
  /** The settings with every default filled in. */
  settings(raw: z.infer<Schema>, here: Here): ProviderSettings | ProviderConfig;
  /**
   * Reports what a schema cannot say about the pool and its provider together. `pool`: with its defaults. Both of whatever shape: a field of
   * the wrong shape is the schema's to report and passes here.
   */
  check?(pool: RawSettings, provider: RawSettings, path: string, problems: SettingsProblems): void;
}

/** What was read, of whatever shape. */
export type RawSettings = Readonly<Record<string, unknown>>;

/** Where it is reported what is wrong with settings. */
export interface SettingsProblems {
  report(path: string, found: string, expected: string): void;
  /** A value as a message may show it: short, and without secrets. */
  describe(value: unknown): string;
}
