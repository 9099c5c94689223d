/** What a file of values says of one variable. `unreadable`: it sets the variable, but not to a plain text. */
export type Setting =
  | {readonly kind: 'text'; readonly text: string}
  | {readonly kind: 'absent'}
  | {readonly kind: 'unreadable'; readonly because: string};

/** Blanks and comments. */
const GAP = /(?:\s|#[^\n]*|\/\/[^\n]*|\/\*[\s\S]*?\*\/)+/y;
const NAME = /([\p{L}_][\p{L}\p{N}_-]*)[ \t]*=[ \t]*/uy;
const QUOTED = /"((?:[^"\\\n]|\\.)*)"/y;
const HEREDOC = /<<(-?)([\p{L}_][\p{L}\p{N}_-]*)\r?\n([\s\S]*?)^[ \t]*\2[ \t]*\r?$/muy;
const REST_OF_LINE = /[ \t]*(?:#[^\n]*|\/\/[^\n]*)?(?:\r?\n|$)/y;

const ESCAPES: Readonly<Record<string, string>> = {n: '\n', r: '\r', t: '\t', '"': '"', '\\': '\\'};

/**
 * The text of the variable `name` in a `.tfvars` file. Such a file holds plain values only, no reference and no call, so that it can be
 * read without terraform and without the access to its state. The last setting counts.
 *
 * @see https://developer.hashicorp.com/terraform/language/syntax/configuration
 */
export function readTfvars(source: string, name: string): Setting {
  const reader = new Reader(source);
  let found: Setting = {kind: 'absent'};
  for (;;) {
    reader.take(GAP);
    if (reader.isAtEnd) return found;
    const [, key] = reader.take(NAME) ?? [];
    if (key === undefined) return {kind: 'unreadable', because: `found no "name = value" at line ${reader.line}`};
    const {line} = reader;
    const value = readText(reader);
    const isPlain = value !== undefined && reader.take(REST_OF_LINE) !== undefined;
    if (!isPlain && !skipValue(reader)) {
      return {kind: 'unreadable', because: `the value at line ${line} has no end`};
    }
    if (key !== name) continue;
    found = isPlain ? value : {kind: 'unreadable', because: `line ${line} is not a plain text`};
  }
}

/** As `readTfvars`, of a `.tfvars.json` file. */
export function readJsonTfvars(source: string, name: string): Setting {
  let value: unknown;
  try {
    value = JSON.parse(source);
  } catch {
    return {kind: 'unreadable', because: 'it is no JSON'};
  }
  if (typeof value !== 'object' || value === null || !Object.hasOwn(value, name)) return {kind: 'absent'};
  const text = (value as Record<string, unknown>)[name];
  return typeof text === 'string' ? {kind: 'text', text} : {kind: 'unreadable', because: `${name} is no text`};
}

class Reader {
  #at = 0;

  constructor(private readonly source: string) {}

  get isAtEnd(): boolean {
    return this.#at >= this.source.length;
  }

  /** From 1. */
  get line(): number {
    return this.source.slice(0, this.#at).split('\n').length;
  }

  /** What matches here, which is then behind the reader. */
  take(pattern: RegExp): RegExpExecArray | undefined {
    pattern.lastIndex = this.#at;
    const match = pattern.exec(this.source);
    if (match) this.#at = pattern.lastIndex;
    return match ?? undefined;
  }
}

function readText(reader: Reader): Setting | undefined {
  const quoted = reader.take(QUOTED);
  if (quoted) return withoutTemplate(unescaped(quoted[1] ?? ''));
  const [, flush, , body] = reader.take(HEREDOC) ?? [];
  if (body === undefined) return undefined;
  return withoutTemplate(flush ? unindented(body) : body);
}

/** A doubled sign stands for the characters that by themselves would begin an expression. */
function withoutTemplate(text: string): Setting {
  if (/(?<!\$)\$\{|(?<!%)%\{/.test(text)) return {kind: 'unreadable', because: 'it holds an expression'};
  return {kind: 'text', text: text.replace(/\$\$\{|%%\{/g, (escaped) => escaped.slice(1))};
}

function unescaped(text: string): string {
  return text.replace(/\\(?:u([\da-fA-F]{4})|U([\da-fA-F]{8})|(.))/g, (whole, short, long, character) => {
    const code = short ?? long;
    return code === undefined ? (ESCAPES[character] ?? whole) : String.fromCodePoint(Number.parseInt(code, 16));
  });
}

/** Without the indentation that all lines have. */
function unindented(text: string): string {
  const lines = text.split('\n');
  const indents = lines.filter((line) => line.trim() !== '').map((line) => line.length - line.trimStart().length);
  const least = Math.min(...indents);
  return lines.map((line) => (line.trim() === '' ? line.trimStart() : line.slice(least))).join('\n');
}

/** Passes a value that is of no interest, over lines while a bracket is open. False: it has no end. */
function skipValue(reader: Reader): boolean {
  let depth = 0;
  while (!reader.isAtEnd) {
    if (depth === 0 && reader.take(REST_OF_LINE)) return true;
    if (reader.take(GAP) || reader.take(HEREDOC) || reader.take(QUOTED)) continue;
    const character = reader.take(/[\s\S]/y)?.[0] ?? '';
    if (character === '"') return false;
    if ('[{('.includes(character)) depth += 1;
    if (']})'.includes(character)) depth -= 1;
  }
  return depth === 0;
}
