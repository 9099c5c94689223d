import {readdirSync, readFileSync} from 'node:fs';
import {join, resolve} from 'node:path';
import ts from 'typescript';

const ROOT = resolve(__dirname, '..', '..', '..');
const FOLDERS = ['functions', 'shared'];
/** Of these folders: what runs on a developer's machine only. */
const NOT_DEPLOYED = /^functions\/(build|local)\//;
const MARKER = /\/\/ mutation:(.*)$/gm;

/** The source of the core: the text of each file, by its path from the repository's root. */
export type Core = ReadonlyMap<string, string>;

/** What a mutation is bound to. */
export interface Target {
  readonly path: string;
  readonly file: ts.SourceFile;
  readonly node: ts.Node;
}

interface Marker {
  readonly id: string;
  readonly path: string;
  /** Of the comment's first character, and after its last. */
  readonly start: number;
  readonly end: number;
  /** From the start of the file, 1 is the first. */
  readonly line: number;
}

/** All that is deployed of `functions` and `shared`, as it is on disk. */
export function readCore(): Core {
  const paths = FOLDERS.flatMap((folder) =>
    readdirSync(join(ROOT, folder), {recursive: true, encoding: 'utf8'}).map((path) => join(folder, path)),
  );
  const sources = paths.filter((path) => path.endsWith('.ts') && !NOT_DEPLOYED.test(path)).sort();
  return new Map(sources.map((path) => [path, readFileSync(join(ROOT, path), 'utf8')]));
}

/** Where a file of the core is on disk. */
export function absolute(path: string): string {
  return join(ROOT, path);
}

export function parse(path: string, text: string): ts.SourceFile {
  return ts.createSourceFile(path, text, ts.ScriptTarget.ES2024, true, ts.ScriptKind.TS);
}

/** Every line `// mutation: <id>`. Throws where such a comment does not have its line for itself, or names nothing. */
export function markers(core: Core): Marker[] {
  return [...core].flatMap(([path, text]) =>
    [...text.matchAll(MARKER)].map(({index, 0: comment, 1: id = ''}) => {
      const line = text.slice(0, index).split('\n');
      const marker = {id: id.trim(), path, start: index, end: index + comment.length, line: line.length};
      if (line.at(-1)?.trim() !== '' || marker.id === '') {
        throw new Error(
          `${path}:${line.length}: found the comment "${comment}", expected a line with nothing but "// mutation: <id>"; put it on a line of its own, before what it marks`,
        );
      }
      return marker;
    }),
  );
}

/** What the marker stands before: the largest piece of syntax that begins there. Throws when there is not exactly one such marker. */
export function findMarked(core: Core, id: string): Target {
  const [marker, ...more] = markers(core).filter((found) => found.id === id);
  if (!marker || more.length > 0) {
    throw new Error(
      `found ${marker ? more.length + 1 : 0} lines "// mutation: ${id}" in ${FOLDERS.join(' and ')}, expected one${placesOf([...(marker ? [marker] : []), ...more])}; mark what the mutation changes, once`,
    );
  }
  const file = parse(marker.path, core.get(marker.path) ?? '');
  const node = firstAfter(file, file, marker);
  if (!node) {
    throw new Error(
      `${marker.path}:${marker.line}: "// mutation: ${id}" marks nothing; expected a statement, a property, an argument, an operand, a function or a method on the next line`,
    );
  }
  return {path: marker.path, file, node};
}

function firstAfter(
  file: ts.SourceFile,
  node: ts.Node,
  {start, end}: Pick<Marker, 'start' | 'end'>,
): ts.Node | undefined {
  return ts.forEachChild(node, (child) => {
    if (child.pos > start || child.end <= end || child === file.endOfFileToken) return undefined;
    return child.getStart(file) >= end ? child : firstAfter(file, child, {start, end});
  });
}

/** The declaration that is exported by the name; of a method, by `Class.method`. Throws when there is not exactly one. */
export function findExported(core: Core, name: string): Target {
  const [exported = '', member] = name.split('.');
  const candidates = [...core].filter(([, text]) => text.includes(exported));
  const found = candidates.flatMap(([path, text]) => {
    const file = parse(path, text);
    const nodes = file.statements.filter(isExported).flatMap((statement) => declarations(statement, exported, member));
    return nodes.map((node) => ({path, file, node}));
  });
  const [target, ...more] = found;
  if (!target || more.length > 0) {
    throw new Error(
      `found ${found.length} exports "${name}" in ${FOLDERS.join(' and ')}, expected one${placesOf(found)}; name an exported function, constant or method, or mark the line`,
    );
  }
  return target;
}

function placesOf(found: readonly {readonly path: string}[]): string {
  return found.length > 0 ? ` (${found.map(({path}) => path).join(', ')})` : '';
}

function isExported(statement: ts.Statement): boolean {
  return ts.canHaveModifiers(statement) && has(statement, ts.SyntaxKind.ExportKeyword);
}

export function has(node: ts.HasModifiers, kind: ts.SyntaxKind): boolean {
  return ts.getModifiers(node)?.some((modifier) => modifier.kind === kind) ?? false;
}

/** Overloads are declared without a body: the one with it is meant. */
function declarations(statement: ts.Statement, name: string, member: string | undefined): ts.Node[] {
  if (ts.isClassDeclaration(statement) && statement.name?.text === name && member !== undefined) {
    return statement.members.filter((each) => each.name?.getText() === member && !isOverload(each));
  }
  if (member !== undefined) return [];
  if (ts.isFunctionDeclaration(statement)) return statement.name?.text === name && statement.body ? [statement] : [];
  if (!ts.isVariableStatement(statement)) return [];
  return statement.declarationList.declarations.filter((each) => ts.isIdentifier(each.name) && each.name.text === name);
}

function isOverload(member: ts.ClassElement): boolean {
  return ts.isMethodDeclaration(member) && member.body === undefined;
}
