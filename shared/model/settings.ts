import * as z from 'zod';
import type {Host} from './host';
import type {OptionName} from './labels';
import type {ProviderConfig, ProviderSettings} from './pool';

/** What parts of `RUNNER_CONFIG` have in common, for the pool's own settings and for those of each provider. */

/** What was expected of a value; a function, where the value itself tells what to write instead. */
export type Expected = string | ((issue: {readonly input?: unknown}) => string);

/** A text of the pattern, of at most 500 characters unless given. */
export function text(pattern: RegExp, error: Expected, maxLength = 500) {
  return z.string({error}).check(z.maxLength(maxLength, {error}), z.regex(pattern, {error}));
}

/** Name of an environment variable, as every shell takes it. */
export const VARIABLE = /^[A-Za-z_][A-Za-z0-9_]{0,254}$/;

const NO_NUL = /^[^\0]*$/;
const VALUE = 'text, in quotes where it looks like a number';

/** `env` of a container: variables with their values, which may have placeholders. */
export const environment = z
  .record(text(VARIABLE, 'the name of a variable', 255), text(NO_NUL, VALUE, 32_768), {
    error: ({code}) => (code === 'invalid_key' ? 'as its key the name of a variable' : 'an object of variables'),
  })
  .meta({description: 'Environment variables; placeholders such as {runner_name} are filled in.'});

/** `command` or `args` of a container: a list of words, which may have placeholders. */
export const words = z
  .array(text(NO_NUL, VALUE, 4096), {error: 'a list of words'})
  .min(1, {error: 'at least one word'});

const MEMORY_TEXT = 'memory such as 8g or 512m, or bytes';

/** Memory of a container, as Docker takes it. */
export const memory = z.union(
  [text(/^[1-9]\d{0,15}[bkmg]?$/i, MEMORY_TEXT, 20), z.int({error: MEMORY_TEXT}).min(1, {error: MEMORY_TEXT})],
  {error: MEMORY_TEXT},
);

/** Settings of the environment that hold for every pool whose machines are containers. */
export interface ContainerDefaults {
  /** Of the variables `runnerenv_<name>`, by name; what the pool sets itself wins. */
  readonly env: Readonly<Record<string, string>>;
  /** `RUNNER_COMMAND` in words, in place of what the pool leaves out. */
  readonly command?: readonly string[];
}

/** Where the functions run, as far as it is known: pools that name no place make their machines there. */
export interface Here {
  readonly zone?: string;
  readonly region?: string;
  readonly containers?: ContainerDefaults;
  /** `AWS_ROLE_ARN`, for pools that name no role. */
  readonly awsRoleArn?: string;
  /** The Docker hosts that are configured, as far as they can be read. */
  readonly hosts?: readonly Host[];
}

/**
 * The block `provider` of a pool, for one type of provider: what `RUNNER_CONFIG` may set, and what becomes of it. The line of a provider in
 * `PROVIDER_BLOCKS` of shared/config/pool-schema.ts.
 */
export interface ProviderBlock<
  Schema extends z.ZodObject<{type: z.ZodLiteral<string>}> = z.ZodObject<{type: z.ZodLiteral<string>}>,
> {
  readonly schema: Schema;
  /** What jobs may choose of its machines, where a pool lets them. Left out: nothing. */
  readonly options?: readonly OptionName[];
  /** The settings with every default filled in. */
  settings(raw: z.infer<Schema>, here: Here): ProviderSettings | ProviderConfig;
  /**
   * Reports what a schema cannot say about the pool and its provider together. `pool`: with its defaults. Both of whatever shape: a field of
   * the wrong shape is the schema's to report and passes here.
   */
  check?(pool: RawSettings, provider: RawSettings, path: string, problems: SettingsProblems, here: Here): void;
}

/** What was read, of whatever shape. */
export type RawSettings = Readonly<Record<string, unknown>>;

/** Where it is reported what is wrong with settings. */
export interface SettingsProblems {
  report(path: string, found: string, expected: string): void;
  /** A value as a message may show it: short, and without secrets. */
  describe(value: unknown): string;
}

/** A processor by its name among labels. */
export type Processor = 'arm64' | 'x64';

const ARCHITECTURES: Readonly<Record<string, Processor>> = {
  arm64: 'arm64',
  aarch64: 'arm64',
  x64: 'x64',
  x86_64: 'x64',
  amd64: 'x64',
};

/**
 * A label must not name a processor that a machine type does not have: the job would run on the wrong one. `machineTypes`: of whatever shape.
 * `familyOf`: the processor of a machine type, undefined if it is not known.
 */
export function checkProcessors(
  {requires, offers}: RawSettings,
  machineTypes: unknown,
  familyOf: (machineType: string) => Processor | undefined,
  path: string,
  problems: SettingsProblems,
): void {
  if (!Array.isArray(machineTypes)) return;
  for (const [list, labels] of Object.entries({requires, offers})) {
    if (!Array.isArray(labels)) continue;
    labels.forEach((label, index) => {
      const wanted = typeof label === 'string' ? processorOf(label) : undefined;
      const other = machineTypes.find((type) => {
        const family = typeof type === 'string' ? familyOf(type) : undefined;
        return wanted !== undefined && family !== undefined && family !== wanted;
      });
      if (wanted === undefined || other === undefined) return;
      const expected = `a label that fits the machine type ${problems.describe(other)}, or machine types of ${wanted}`;
      problems.report(`${path}.${list}[${index}]`, problems.describe(label), expected);
    });
  }
}

/** The machine types that jobs of the pool may choose, of whatever shape. */
export function machinesOf({options}: RawSettings): unknown {
  return typeof options === 'object' && options !== null ? (options as RawSettings)['machine'] : undefined;
}

function processorOf(label: string): Processor | undefined {
  const word = label.toLowerCase();
  return Object.hasOwn(ARCHITECTURES, word) ? ARCHITECTURES[word] : undefined;
}
