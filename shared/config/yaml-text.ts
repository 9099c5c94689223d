import {LineCounter, parseDocument} from 'yaml';
import type {Problems} from './problems';

export type Parsed = {readonly kind: 'value'; readonly value: unknown} | {readonly kind: 'invalid'};

/** The value of a YAML text; JSON is YAML. Reports each syntax error with its line and column, without repeating the text. */
export function parseYaml(text: string, root: string, problems: Problems): Parsed {
  const lines = new LineCounter();
  const document = parseDocument(text.replace(/^\uFEFF/, ''), {lineCounter: lines, prettyErrors: false, merge: true});
  const before = problems.count;
  // An unquoted `!acme/legacy` is a tag, and its value silently nothing.
  const tags = document.warnings.filter(({code}) => code === 'TAG_RESOLVE_FAILED');
  for (const error of [...document.errors, ...tags]) {
    const {line, col} = lines.linePos(error.pos[0]);
    const isTag = error.code === 'TAG_RESOLVE_FAILED';
    problems.report(
      root,
      `${isTag ? 'an unquoted !' : `a syntax error (${error.code})`} at line ${line}, column ${col}`,
      isTag ? 'quotes around a text that begins with !' : 'YAML or JSON',
    );
  }
  if (problems.count > before) return {kind: 'invalid'};
  try {
    return {kind: 'value', value: document.toJS()};
  } catch {
    // An alias without its anchor, or so many of them that the text would grow without a bound.
    problems.report(
      root,
      'an alias (*name) that cannot be resolved',
      'its anchor (&name) before it; quotes around a text that begins with *',
    );
    return {kind: 'invalid'};
  }
}
