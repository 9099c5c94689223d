import {type Document, LineCounter, parseDocument, visit} from 'yaml';
import type {Problems} from './problems';

export type Parsed = {readonly kind: 'value'; readonly value: unknown} | {readonly kind: 'invalid'};

/** The value of a YAML text; JSON is YAML. Reports each syntax error with its line and column, without repeating the text. */
export function parseYaml(text: string, root: string, problems: Problems): Parsed {
  const lines = new LineCounter();
  const source = text.replace(/^\uFEFF/, '');
  const document = parseDocument(source, {lineCounter: lines, prettyErrors: false, merge: true});
  const before = problems.count;
  // An unquoted `!acme/legacy` is a tag, and its value silently nothing.
  const tags = document.warnings.filter(({code}) => code === 'TAG_RESOLVE_FAILED');
  for (const error of [...document.errors, ...tags]) {
    const {line, col} = lines.linePos(error.pos[0]);
    const [found, expected] = mistake(error.code, source, error.pos[0]);
    problems.report(root, `${found} at line ${line}, column ${col}`, expected);
  }
  if (problems.count > before) return {kind: 'invalid'};
  try {
    return {kind: 'value', value: document.toJS()};
  } catch {
    // An alias without its anchor, or so many of them that the text would grow without a bound.
    const {line, col} = lines.linePos(unresolved(document) ?? 0);
    problems.report(
      root,
      `an unquoted * (an alias, *name, that cannot be resolved) at line ${line}, column ${col}`,
      'quotes around a text that begins with *; for an alias, its anchor (&name) before it',
    );
    return {kind: 'invalid'};
  }
}

/** Mistakes of form, in words that need no knowledge of the reader's library. */
const SAID: Readonly<Record<string, readonly [found: string, expected: string]>> = {
  DUPLICATE_KEY: ['a key that is there already', 'each key once'],
  TAB_AS_INDENT: ['a tab in front of a line', 'spaces, as YAML takes no tabs there'],
  MULTIPLE_DOCS: ['a second document', 'one document, without --- between its lines'],
};

/** What is wrong at `at`, in the words of one who writes a text and forgets its quotes. */
function mistake(code: string, source: string, at: number): [found: string, expected: string] {
  const character = source[at] ?? '';
  if (source.startsWith(`\${{`, at - 1)) {
    return [`an expression, \${{ }},`, 'a text in so many words: Slipway does not see what an expression becomes'];
  }
  const isText = code === 'TAG_RESOLVE_FAILED' || code === 'BAD_ALIAS' || code === 'BAD_SCALAR_START';
  const said = Object.hasOwn(SAID, code) ? SAID[code] : undefined;
  if (said) return [...said];
  return isText && /[!*@`%]/.test(character)
    ? [`an unquoted ${character}`, `quotes around a text that begins with ${character}`]
    : [`a syntax error (${code})`, 'YAML or JSON'];
}

/** Where the first alias stands that has no anchor before it. */
function unresolved(document: Document): number | undefined {
  let found: number | undefined;
  visit(document, {
    Alias(_, alias) {
      if (alias.resolve(document) !== undefined) return undefined;
      found = alias.range?.[0];
      return visit.BREAK;
    },
  });
  return found;
}
