import type {Environment} from './environment';
import type {Problems} from './problems';

/** `undefined`: the text is not what the variable must hold. */
export type Parse<T> = (text: string) => T | undefined;

/** Where an emulator listens, for plain HTTP. */
export interface HostPort {
  readonly host: string;
  readonly port: number;
}

/** Reads variables one by one and reports what is missing or malformed. */
export class Variables {
  readonly #env: Environment;
  readonly #required: ReadonlySet<string>;
  readonly #problems: Problems;
  readonly #also: Readonly<Record<string, string>>;

  /** `also`: values of variables that the environment does not have. */
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

  isRequired(name: string): boolean {
    return this.#required.has(name);
  }

  /** Trimmed; an empty variable is one that is not set. */
  text(name: string): string | undefined {
    return this.#env[name]?.trim() || (Object.hasOwn(this.#also, name) ? this.#also[name]?.trim() : '') || undefined;
  }

  /** `expected` completes "found …, expected …", also when a required variable is missing. */
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

  /** In upper or lower case, as other systems write it. */
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

/** An absolute http or https URL, as it was given: an OIDC audience is compared character by character. */
export function url(text: string): string | undefined {
  const parsed = URL.canParse(text) ? new URL(text) : undefined;
  if (!parsed || !/^https?:$/.test(parsed.protocol)) return undefined;
  return parsed.username || parsed.password || parsed.hash || /\s/.test(text) ? undefined : text;
}

/** `*`, or origins separated by commas, each as a browser's `Origin` header spells it. */
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
