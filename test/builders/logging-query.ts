/**
 * The part of Google's Logging query language that the Terraform module uses: comparisons, lists of values, AND, OR and NOT. What it does not
 * know throws. Monitoring filters are the same, with `monitoring.regex.full_match`.
 *
 * @see https://docs.cloud.google.com/logging/docs/view/logging-query-language
 */
export type Entry = Readonly<Record<string, unknown>>;

type Test = (entry: Entry) => boolean;

/** Compiles a query into a test of one log entry. */
export function compileQuery(query: string): Test {
  const parser = new Parser(tokensOf(query));
  const test = parser.all();
  parser.end();
  return test;
}

/** The value of `EXTRACT(field)` or `REGEXP_EXTRACT(field, "pattern")`; undefined: the entry has none, and the incident shows no value. */
export function extract(extractor: string, entry: Entry): string | undefined {
  const [, whole, field = whole ?? '', pattern] =
    /^EXTRACT\(([\w.]+)\)$|^REGEXP_EXTRACT\(([\w.]+), "(.+)"\)$/.exec(extractor) ?? fail(`an extractor ${extractor}`);
  const value = valueAt(entry, field);
  if (value === undefined || value === null) return undefined;
  return pattern === undefined ? String(value) : new RegExp(pattern).exec(String(value))?.[1];
}

const SEVERITIES = ['DEFAULT', 'DEBUG', 'INFO', 'NOTICE', 'WARNING', 'ERROR', 'CRITICAL', 'ALERT', 'EMERGENCY'];
const TOKEN = /\s*(?:("(?:[^"\\]|\\.)*")|(=~|!~|!=|>=|<=|[=<>:()])|([\w.*-]+))/y;

interface Token {
  readonly kind: 'text' | 'sign' | 'word';
  readonly value: string;
}

function tokensOf(query: string): Token[] {
  const tokens: Token[] = [];
  TOKEN.lastIndex = 0;
  while (query.slice(TOKEN.lastIndex).trim() !== '') {
    const at = TOKEN.lastIndex;
    const [, text, sign, word] = TOKEN.exec(query) ?? fail(`at ${query.slice(at, at + 30)}`);
    if (text !== undefined) tokens.push({kind: 'text', value: text.slice(1, -1).replaceAll('\\"', '"')});
    else if (sign !== undefined) tokens.push({kind: 'sign', value: sign});
    else tokens.push({kind: 'word', value: word ?? ''});
  }
  return tokens;
}

class Parser {
  #at = 0;
  constructor(private readonly tokens: readonly Token[]) {}

  /** AND binds weaker than OR. A line end without an operator is AND, too; the module does not use it. */
  all(): Test {
    const tests = [this.#any()];
    while (this.#take('AND')) tests.push(this.#any());
    return (entry) => tests.every((test) => test(entry));
  }

  end(): void {
    if (this.#at < this.tokens.length) fail(`after the query: ${this.tokens[this.#at]?.value}`);
  }

  #any(): Test {
    const tests = [this.#one()];
    while (this.#take('OR')) tests.push(this.#one());
    return (entry) => tests.some((test) => test(entry));
  }

  #one(): Test {
    if (this.#take('NOT')) {
      const test = this.#one();
      return (entry) => !test(entry);
    }
    if (!this.#take('(')) return this.#comparison();
    const test = this.all();
    this.#expect(')');
    return test;
  }

  #comparison(): Test {
    const field = this.#next().value;
    const operator = this.#next().value;
    if (!this.#take('(')) return compare(field, operator, this.#value());
    const tests = [compare(field, operator, this.#value())];
    while (this.#take('OR')) tests.push(compare(field, operator, this.#value()));
    this.#expect(')');
    return (entry) => tests.some((test) => test(entry));
  }

  /** A number, a text, or a pattern that has to match all of the value. */
  #value(): string {
    const {kind, value} = this.#next();
    if (kind !== 'word' || value !== 'monitoring.regex.full_match') return value;
    this.#expect('(');
    const pattern = this.#next().value;
    this.#expect(')');
    return `${FULL_MATCH}${pattern}`;
  }

  #next(): Token {
    return this.tokens[this.#at++] ?? fail('the end of the query');
  }

  #take(value: string): boolean {
    const token = this.tokens[this.#at];
    const isTaken = token?.value === value && token.kind !== 'text';
    if (isTaken) this.#at += 1;
    return isTaken;
  }

  #expect(value: string): void {
    if (!this.#take(value)) fail(`${this.tokens[this.#at]?.value} in place of ${value}`);
  }
}

const FULL_MATCH = 'full_match ';

/** A comparison with a field that the entry lacks is false; only with NOT before it, it is true. */
function compare(field: string, operator: string, wanted: string): Test {
  return (entry) => {
    const value = valueAt(entry, field);
    if (value === undefined || value === null) return false;
    const text = String(value);
    if (field === 'severity') return ordered(operator, SEVERITIES.indexOf(text) - SEVERITIES.indexOf(wanted));
    switch (operator) {
      case ':':
        return wanted === '*' || text.toLowerCase().includes(wanted.toLowerCase());
      case '=~':
        return new RegExp(wanted).test(text);
      case '!~':
        return !new RegExp(wanted).test(text);
      case '=':
        if (wanted.startsWith(FULL_MATCH)) return new RegExp(`^(?:${wanted.slice(FULL_MATCH.length)})$`).test(text);
        return text.toLowerCase() === wanted.toLowerCase();
      case '!=':
        return text.toLowerCase() !== wanted.toLowerCase();
      default:
        return typeof value === 'number' && ordered(operator, value - Number(wanted));
    }
  };
}

function ordered(operator: string, difference: number): boolean {
  switch (operator) {
    case '=':
      return difference === 0;
    case '>':
      return difference > 0;
    case '>=':
      return difference >= 0;
    case '<':
      return difference < 0;
    case '<=':
      return difference <= 0;
    default:
      return fail(`an operator ${operator}`);
  }
}

function valueAt(entry: Entry, path: string): unknown {
  return path.split('.').reduce<unknown>((value, key) => {
    return typeof value === 'object' && value !== null ? (value as Entry)[key] : undefined;
  }, entry);
}

function fail(found: string): never {
  throw new Error(`found ${found}, which this part of the query language does not have`);
}
