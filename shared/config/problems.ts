import {type ConfigurationProblem, InvalidConfiguration} from '../errors';

const MAX_SHOWN = 80;

/** Credentials that GitHub or OpenSSL mark as such, wherever somebody pasted them; and their like in base64. */
const CREDENTIALS = /-----BEGIN[\s\S]*|LS0tLS1CRUdJT[\s\S]*|\b(gh[a-z]_|github_pat_)\w+/g;

/** Gathers what is wrong with the configuration, so that all of it is reported at once. */
export class Problems {
  readonly #problems: ConfigurationProblem[] = [];
  readonly #secrets: readonly string[];
  readonly #origins: ReadonlyMap<string, string>;

  /**
   * `secrets`: values that `describe` must not show, should one turn up in the wrong place. `origins`: the variables whose value is from one of
   * another name, and that name, which is what the operator finds.
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

  /** A value as a message may show it: short, and without secrets. */
  describe(value: unknown): string {
    if (value === undefined || value === null) return 'nothing';
    if (Array.isArray(value)) return value.length === 0 ? 'an empty list' : `a list of ${value.length}`;
    if (typeof value === 'object') return 'an object';
    if (typeof value !== 'string') return String(value);
    const masked = this.mask(value);
    return JSON.stringify(masked.length > MAX_SHOWN ? `${masked.slice(0, MAX_SHOWN)}…` : masked);
  }

  /** Outside text, such as a key, without secrets. */
  mask(text: string): string {
    return this.#secrets
      .reduce((rest, secret) => rest.replaceAll(secret, '***'), text)
      .replaceAll(CREDENTIALS, '***')
      .replace(/\/\/[^/@\s]*@/, '//***@');
  }

  throwIfAny(): void {
    if (this.#problems.length > 0) throw new InvalidConfiguration(this.#problems);
  }
}
