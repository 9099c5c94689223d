import {invalid, isObject} from './resources';

type Predicate = (resource: object) => boolean;

const TOKEN = /\s*(\(|\)|"(?:[^"\\]|\\.)*"|'(?:[^'\\]|\\.)*'|!=|<=|>=|[=:<>]|[^\s()=:<>!"']+)/y;
const COMPARATORS = ['=', '!=', ':', '<', '>', '<=', '>=', 'eq', 'ne'];

/**
 * The filter of list calls: `labels.a=b`, `(status = "RUNNING") (name != x)`, `name eq "r-.*"`, `labels.a:*`, with AND, OR and NOT.
 * Terms without parentheses have to be joined by a word. Refuses (400) what it cannot read.
 *
 * @see https://cloud.google.com/compute/docs/reference/rest/v1/instances/list
 */
export function parseFilter(filter: string | null): Predicate {
  if (filter === null || filter.trim() === '') return () => true;
  const parser = new Parser(tokens(filter), filter);
  return parser.all();
}

function tokens(filter: string): string[] {
  const found: string[] = [];
  TOKEN.lastIndex = 0;
  while (TOKEN.lastIndex < filter.trimEnd().length) {
    const token = TOKEN.exec(filter)?.[1];
    if (token === undefined) throw unreadable(filter);
    found.push(token);
  }
  return found;
}

class Parser {
  #next = 0;

  constructor(
    private readonly tokens: readonly string[],
    private readonly filter: string,
  ) {}

  all(): Predicate {
    const predicate = this.#or();
    if (this.#next < this.tokens.length) throw unreadable(this.filter);
    return predicate;
  }

  #or(): Predicate {
    const terms = [this.#and()];
    while (this.#take('OR')) terms.push(this.#and());
    return (resource) => terms.some((term) => term(resource));
  }

  #and(): Predicate {
    const terms = [this.#not()];
    while (this.#take('AND') || this.#peek() === '(') terms.push(this.#not());
    return (resource) => terms.every((term) => term(resource));
  }

  #not(): Predicate {
    if (!this.#take('NOT')) return this.#term();
    const negated = this.#term();
    return (resource) => !negated(resource);
  }

  #term(): Predicate {
    if (this.#take('(')) {
      const inner = this.#or();
      if (!this.#take(')')) throw unreadable(this.filter);
      return inner;
    }
    const [field, comparator, quoted] = this.tokens.slice(this.#next, this.#next + 3);
    if (!field || !comparator || quoted === undefined || !COMPARATORS.includes(comparator))
      throw unreadable(this.filter);
    this.#next += 3;
    const value = /^["']/.test(quoted) ? quoted.slice(1, -1).replaceAll(/\\(.)/g, '$1') : quoted;
    return (resource) => compare(fieldOf(resource, field), comparator, value);
  }

  #peek(): string | undefined {
    return this.tokens[this.#next];
  }

  #take(token: string): boolean {
    if (this.#peek() !== token) return false;
    this.#next += 1;
    return true;
  }
}

function fieldOf(resource: object, path: string): unknown {
  return path.split('.').reduce<unknown>((value, key) => (isObject(value) ? value[key] : undefined), resource);
}

function compare(found: unknown, comparator: string, value: string): boolean {
  const text = found === undefined ? undefined : String(found);
  if (comparator === '=') return text === value;
  if (comparator === '!=') return text !== value;
  if (comparator === ':') return text !== undefined && (value === '*' || text.includes(value.replace(/\*$/, '')));
  if (comparator === 'eq') return text !== undefined && new RegExp(`^(?:${value})$`).test(text);
  if (comparator === 'ne') return text === undefined || !new RegExp(`^(?:${value})$`).test(text);
  if (text === undefined) return false;
  const order = ordered(text) - ordered(value);
  if (comparator.startsWith('<') ? order < 0 : order > 0) return true;
  return comparator.endsWith('=') && order === 0;
}

/** Numbers and timestamps have an order. */
function ordered(text: string): number {
  return Number.isNaN(Number(text)) ? Date.parse(text) : Number(text);
}

function unreadable(filter: string): Error {
  return invalid(`Invalid value for field 'filter': '${filter}'. Invalid list filter expression.`);
}
