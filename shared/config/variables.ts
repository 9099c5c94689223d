import {type ConfigurationProblem, InvalidConfiguration} from '../errors';
import {MARKED_CREDENTIALS} from '../secret';

/** Environment variables by name, as in `process.env`. Passed as a parameter, so that tests and `npm start` can use their own. */
export type Environment = Readonly<Record<string, string | undefined>>;

/** A snapshot of the environment of the process. Only this function reads `process.env`. */
export function readEnvironment(): Environment {
  return Object.freeze({...process.env});
}

/** `T`, in which fields that may be undefined are optional instead. */
export type Present<T> = {[K in keyof T as undefined extends T[K] ? never : K]: T[K]} & {
  [K in keyof T as undefined extends T[K] ? K : never]?: Exclude<T[K], undefined>;
};

/** `fields` without undefined values: with `exactOptionalPropertyTypes` an optional field must not be set to undefined. */
export function present<T extends object>(fields: T): Present<T> {
  return Object.fromEntries(Object.entries(fields).filter(([, value]) => value !== undefined)) as Present<T>;
}

const MAX_SHOWN = 80;

/** Collects the errors of the configuration, so that all are reported at once. */
export class Problems {
  readonly #problems: ConfigurationProblem[] = [];
  readonly #secrets: readonly string[];
  readonly #origins: ReadonlyMap<string, string>;

  /**
   * `secrets`: values that `describe` masks, in case one was pasted in the wrong place. `origins`: by variable, the variable of another name
   * from which the value was taken; messages name it, because the operator has set that one.
   */
  constructor(secrets: readonly string[] = [], origins: ReadonlyMap<string, string> = new Map()) {
    this.#secrets = secrets;
    this.#origins = origins;
  }

  get count(): number {
    return this.#problems.length;
  }

  report(path: string, found: string, expected: string): void {
    const origin = this.#origins.get(/^\w+/.exec(path)?.[0] ?? '');
    this.#problems.push({path: origin ? `${path} (from ${origin})` : path, found, expected});
  }

  /** A value for a message: short, and without secrets. */
  describe(value: unknown): string {
    if (value === undefined || value === null) return 'nothing';
    if (Array.isArray(value)) return value.length === 0 ? 'an empty list' : `a list of ${value.length}`;
    if (typeof value === 'object') return 'an object';
    if (typeof value !== 'string') return String(value);
    const masked = this.mask(value);
    return JSON.stringify(masked.length > MAX_SHOWN ? `${masked.slice(0, MAX_SHOWN)}…` : masked);
  }

  /** Text from outside, such as a key, without secrets. */
  mask(text: string): string {
    return this.#secrets
      .reduce((rest, secret) => rest.replaceAll(secret, '***'), text)
      .replaceAll(MARKED_CREDENTIALS, '***')
      .replace(/\/\/[^/@\s]*@/, '//***@');
  }

  /** All errors at once; undefined: there are none. */
  asError(): InvalidConfiguration | undefined {
    return this.#problems.length > 0 ? new InvalidConfiguration(this.#problems) : undefined;
  }
}

/** Parses a variable. `undefined`: the text is invalid. */
export type Parse<T> = (text: string) => T | undefined;

/** The address of an emulator, for plain HTTP. */
export interface HostPort {
  readonly host: string;
  readonly port: number;
}

/** Reads variables one by one and reports missing and malformed ones. */
export class Variables {
  readonly #env: Environment;
  readonly #required: ReadonlySet<string>;
  readonly #problems: Problems;
  readonly #also: Readonly<Record<string, string>>;

  /** `also`: values of variables that the environment does not set. */
  constructor(
    env: Environment,
    required: ReadonlySet<string>,
    problems: Problems,
    also: Readonly<Record<string, string>> = {},
  ) {
    this.#env = env;
    this.#also = also;
    this.#required = required;
    this.#problems = problems;
  }

  /** The variables whose names begin with `prefix`, as they are, by the rest of their names. */
  withPrefix(prefix: string): readonly (readonly [string, string])[] {
    return Object.entries(this.#env).flatMap(([name, value]) =>
      name.startsWith(prefix) && value !== undefined ? [[name.slice(prefix.length), value] as const] : [],
    );
  }

  isRequired(name: string): boolean {
    return this.#required.has(name);
  }

  /** The trimmed value; undefined if the variable is empty or not set. */
  text(name: string): string | undefined {
    return this.#env[name]?.trim() || (Object.hasOwn(this.#also, name) ? this.#also[name]?.trim() : '') || undefined;
  }

  /** Reads a variable; reports it if it is malformed, or missing and required. `expected` completes "found …, expected …". */
  read<T>(name: string, expected: string, parse: Parse<T>): T | undefined {
    const text = this.text(name);
    if (text === undefined) {
      if (this.isRequired(name)) this.#problems.report(name, 'nothing', expected);
      return undefined;
    }
    const value = parse(text);
    if (value === undefined) this.#problems.report(name, this.#problems.describe(text), expected);
    return value;
  }

  number(name: string, {above, min, max, whole}: Bounds, fallback: number): number {
    const expected = [
      whole ? 'a whole number' : 'a number',
      ...(above === undefined ? [] : [`above ${above}`]),
      ...(min === undefined ? [] : [`of at least ${min}`]),
      ...(max === undefined ? [] : [`of at most ${max}`]),
    ].join(' ');
    const parsed = this.read(name, expected, (text) => {
      const value = /^-?\d+(\.\d+)?$/.test(text) ? Number(text) : Number.NaN;
      const fits = value > (above ?? Number.NEGATIVE_INFINITY) && value >= (min ?? value) && value <= (max ?? value);
      return fits && (!whole || Number.isInteger(value)) ? value : undefined;
    });
    return parsed ?? fallback;
  }

  /** One of the choices, in upper or lower case. */
  choice<T extends string>(name: string, choices: readonly T[], fallback: T): T {
    return (
      this.read(name, choices.join(' or '), (text) => choices.find((choice) => choice === text.toLowerCase())) ??
      fallback
    );
  }

  flag(name: string): boolean {
    return this.choice(name, ['true', 'false'], 'false') === 'true';
  }

  emulator(name: string): HostPort | undefined {
    return this.read(name, 'host:port, without http://, e.g. 127.0.0.1:8080', hostPort);
  }
}

interface Bounds {
  readonly above?: number;
  readonly min?: number;
  readonly max?: number;
  readonly whole?: boolean;
}

export function matching(pattern: RegExp): Parse<string> {
  return (text) => (pattern.test(text) ? text : undefined);
}

/** An absolute http or https URL, unchanged, because an OIDC audience is compared character by character. */
export function url(text: string): string | undefined {
  const parsed = URL.canParse(text) ? new URL(text) : undefined;
  if (!parsed || !/^https?:$/.test(parsed.protocol)) return undefined;
  return parsed.username || parsed.password || parsed.hash || /\s/.test(text) ? undefined : text;
}

/** `*`, or origins separated by commas, each in the form of a browser's `Origin` header. */
export function origins(text: string): string[] | undefined {
  const parts = text.split(',').map((part) => part.trim());
  const valid = parts.every((part) => part === '*' || (url(part) !== undefined && new URL(part).origin === part));
  return valid ? parts : undefined;
}

export function hostPort(text: string): HostPort | undefined {
  const [, host, digits] = /^(\[[0-9A-Fa-f:.]+\]|[A-Za-z0-9_.-]+):(\d{1,5})$/.exec(text) ?? [];
  const port = Number(digits);
  return host && port >= 1 && port <= 65_535 ? {host, port} : undefined;
}
