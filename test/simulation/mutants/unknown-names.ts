import ts from 'typescript';
import {parse} from './core';

/** TypeScript's codes for a name that it cannot find: with no suggestion, with one, for a shorthand property, and of Node.js or a library. */
const CANNOT_FIND = new Set([2304, 2552, 2580, 2583, 2584, 2591, 2592, 2593, 18004]);

/** Names that nothing declares after a change of the file, and that are no globals. Looks at this file alone, and at no types. */
export function unknownNames(path: string, before: string, after: string): string[] {
  const known = new Set(undeclared(path, before));
  return [...new Set(undeclared(path, after))].filter((name) => !known.has(name) && !(name in globalThis));
}

function undeclared(path: string, text: string): string[] {
  const file = parse(path, text);
  const options: ts.CompilerOptions = {noLib: true, noResolve: true, types: [], target: ts.ScriptTarget.ES2024};
  const program = ts.createProgram([path], options, {
    getSourceFile: (name) => (name === path ? file : undefined),
    getDefaultLibFileName: () => 'lib.d.ts',
    getCurrentDirectory: () => '',
    getCanonicalFileName: (name) => name,
    useCaseSensitiveFileNames: () => true,
    getNewLine: () => '\n',
    fileExists: (name) => name === path,
    readFile: () => undefined,
    writeFile: () => undefined,
  });
  const found = program.getSemanticDiagnostics(file).filter(({code}) => CANNOT_FIND.has(code));
  return found.map(({start, length}) => text.slice(start, (start ?? 0) + (length ?? 0)));
}
