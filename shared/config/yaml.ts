import {readFileSync} from 'node:fs';
import {type Document, LineCounter, parseDocument, visit} from 'yaml';
import type {core} from 'zod';
import type {Problems, Variables} from './variables';

export type Parsed = {readonly kind: 'value'; readonly value: unknown} | {readonly kind: 'invalid'};

/** The value of a YAML text; JSON is YAML. Reports each syntax error with its line and column, without repeating the text. */
export function parseYaml(text: string, root: string, problems: Problems): Parsed {
  const lines = new LineCounter();
  const source = text.replace(/^\uFEFF/, '');
  const document = parseDocument(source, {lineCounter: lines, prettyErrors: false, merge: true});
  const before = problems.count;
  // YAML reads an unquoted `!acme/legacy` as a tag with an empty value, and only warns.
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
    // An alias without its anchor, or so many aliases that the value would grow without bound.
    const {line, col} = lines.linePos(unresolved(document) ?? 0);
    problems.report(
      root,
      `an unquoted * (an alias, *name, that cannot be resolved) at line ${line}, column ${col}`,
      'quotes around a text that begins with *; for an alias, its anchor (&name) before it',
    );
    return {kind: 'invalid'};
  }
}

/** Messages for syntax errors that do not require knowledge of the YAML library. */
const SYNTAX_MESSAGES: Readonly<Record<string, readonly [found: string, expected: string]>> = {
  DUPLICATE_KEY: ['a key that is there already', 'each key once'],
  TAB_AS_INDENT: ['a tab in front of a line', 'spaces, as YAML takes no tabs there'],
  MULTIPLE_DOCS: ['a second document', 'one document, without --- between its lines'],
};

/** The mistake at the offset `at`. Most often the quotes around a text are missing. */
function mistake(code: string, source: string, at: number): [found: string, expected: string] {
  const character = source[at] ?? '';
  if (source.startsWith(`\${{`, at - 1)) {
    return [`an expression, \${{ }},`, 'a text in so many words: Slipway does not see what an expression becomes'];
  }
  const isText = code === 'TAG_RESOLVE_FAILED' || code === 'BAD_ALIAS' || code === 'BAD_SCALAR_START';
  const said = Object.hasOwn(SYNTAX_MESSAGES, code) ? SYNTAX_MESSAGES[code] : undefined;
  if (said) return [...said];
  return isText && /[!*@`%]/.test(character)
    ? [`an unquoted ${character}`, `quotes around a text that begins with ${character}`]
    : [`a syntax error (${code})`, 'YAML or JSON'];
}

/** The offset of the first alias without an anchor before it. */
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

/** The candidate that is most similar to `word`; undefined if none is similar. */
function nearest(word: string, candidates: readonly string[]): string | undefined {
  const limit = Math.max(2, Math.floor(word.length / 3));
  let best: {readonly candidate: string; readonly distance: number} | undefined;
  for (const candidate of candidates) {
    const distance = editDistance(word.toLowerCase(), candidate.toLowerCase());
    if (distance <= limit && (!best || distance < best.distance)) best = {candidate, distance};
  }
  return best?.candidate;
}

/** Levenshtein distance, one row at a time. */
function editDistance(a: string, b: string): number {
  let row = Array.from({length: b.length + 1}, (_, column) => column);
  for (let i = 1; i <= a.length; i++) {
    const next = [i];
    for (let j = 1; j <= b.length; j++) {
      const substituted = (row[j - 1] ?? 0) + (a[i - 1] === b[j - 1] ? 0 : 1);
      next.push(Math.min(substituted, (row[j] ?? 0) + 1, (next[j - 1] ?? 0) + 1));
    }
    row = next;
  }
  return row[b.length] ?? 0;
}

/** The text of the pools, and the variable (`root`) from which it was read. */
export interface RunnerConfigText {
  readonly root: string;
  readonly text: string;
}

const EXPECTED = 'the pools as YAML or JSON in RUNNER_CONFIG, or the path of a file with them in RUNNER_CONFIG_FILE';

/** Reads the text of the pools. The file is read synchronously, because it is needed at the start. */
export function readRunnerConfig(variables: Variables, problems: Problems): RunnerConfigText | undefined {
  const text = variables.text('RUNNER_CONFIG');
  const path = variables.text('RUNNER_CONFIG_FILE');
  if (text !== undefined && path !== undefined) {
    problems.report('RUNNER_CONFIG_FILE', 'RUNNER_CONFIG as well', 'only one of the two');
  }
  if (text !== undefined) return {root: 'RUNNER_CONFIG', text};
  if (path === undefined) {
    if (variables.isRequired('RUNNER_CONFIG')) problems.report('RUNNER_CONFIG', 'nothing', EXPECTED);
    return undefined;
  }
  try {
    return {root: 'RUNNER_CONFIG_FILE', text: readFileSync(path, 'utf8')};
  } catch (error) {
    const code = (error as NodeJS.ErrnoException).code ?? 'an error';
    problems.report('RUNNER_CONFIG_FILE', `${problems.describe(path)} (${code})`, 'the path of a readable file');
    return undefined;
  }
}

/** The path as text: `['pools', 0, 'provider']` in `RUNNER_CONFIG` is `RUNNER_CONFIG.pools[0].provider`. */
export function pathText(root: string, path: readonly PropertyKey[]): string {
  return path.reduce<string>((text, key) => {
    if (typeof key === 'number') return `${text}[${key}]`;
    return /^[\w$-]+$/.test(String(key)) ? `${text}.${String(key)}` : `${text}[${JSON.stringify(String(key))}]`;
  }, root);
}

/** What was expected, for errors of zod without a message in the schema. For an unknown key: the known keys. */
export const expectedText: core.$ZodErrorMap = (issue) => {
  if (issue.code === 'unrecognized_keys') return knownKeys(issue.inst).join(', ');
  if (issue.code !== 'invalid_type') return undefined;
  return issue.expected === 'array' ? 'a list' : issue.expected === 'object' ? 'an object' : `a ${issue.expected}`;
};

/** Reports zod's issues of `value`, one for each path. `root`: the variable that holds the value. */
export function reportIssues(
  issues: readonly core.$ZodIssue[],
  value: unknown,
  root: string,
  problems: Problems,
): void {
  const reported = new Set<string>();
  for (const issue of issues.flatMap((nested) => unnested(nested, value))) {
    if (issue.code === 'unrecognized_keys') {
      for (const key of issue.keys) {
        const known = issue.message.split(', ');
        const near = nearest(key, known);
        const expected = near
          ? `${near} (or another of ${known.filter((other) => other !== near).join(', ')})`
          : `one of ${issue.message}`;
        // The unknown key may be any text, even a secret in the wrong line. The keys above it are known.
        problems.report(pathText(root, [...issue.path, problems.mask(key)]), 'an unknown key', expected);
      }
      continue;
    }
    const path = pathText(root, issue.path);
    if (reported.has(path)) continue;
    reported.add(path);
    const given = valueAt(value, issue.path);
    // The expected text may quote the given text.
    const hasNoSecret = typeof given !== 'string' || problems.mask(given) === given;
    problems.report(path, problems.describe(given), hasNoSecret ? issue.message : problems.mask(issue.message));
  }
}

/** The errors of a union of a number and a list: if a list was given, the errors inside the list. */
function unnested(issue: core.$ZodIssue, value: unknown): readonly core.$ZodIssue[] {
  if (issue.code !== 'invalid_union' || !Array.isArray(valueAt(value, issue.path))) return [issue];
  const inside = issue.errors.find((errors) => errors.every((error) => error.path.length > 0));
  return inside?.map((error) => ({...error, path: [...issue.path, ...error.path]})) ?? [issue];
}

function knownKeys(schema: unknown): string[] {
  const definition = (schema as {_zod?: {def?: {shape?: object}}} | undefined)?._zod?.def;
  return Object.keys(definition?.shape ?? {});
}

function valueAt(value: unknown, path: readonly PropertyKey[]): unknown {
  return path.reduce<unknown>((inner, key) => (isObject(inner) ? inner[key] : undefined), value);
}

function isObject(value: unknown): value is Record<PropertyKey, unknown> {
  return typeof value === 'object' && value !== null;
}
