import ts from 'typescript';
import {type Core, findExported, findMarked, has, type Target} from './core';
import type {Change, Code, Mutation} from './mutation';
import {unknownNames} from './unknown-names';

/** A piece of a file's text, and what comes in its place. */
interface Edit {
  readonly start: number;
  readonly end: number;
  readonly text: string;
}

/**
 * The text of each file that the mutation changes, by its path from the repository's root. Throws when what it is bound to is not there
 * exactly once, when it changes nothing, and when what comes out cannot be parsed or uses names that are not in scope: such a mutation
 * would look like one that nobody catches, or that everybody does.
 */
export function mutate(core: Core, mutation: Mutation): ReadonlyMap<string, string> {
  const changed = new Map<string, string>();
  for (const change of changesOf(mutation)) {
    try {
      const [path, text] = apply(new Map([...core, ...changed]), change);
      changed.set(path, text);
    } catch (error) {
      throw new Error(`mutation "${mutation.name}": ${error instanceof Error ? error.message : error}`);
    }
  }
  return changed;
}

/** All of its changes. */
export function changesOf(mutation: Mutation): readonly Change[] {
  return [mutation, ...[mutation.also ?? []].flat()];
}

function apply(core: Core, change: Change): [path: string, text: string] {
  const target = 'marked' in change ? findMarked(core, change.marked) : findExported(core, change.exported);
  const {path} = target;
  const before = core.get(path) ?? '';
  const after = [...editsOf(target, change)]
    .sort((a, b) => b.start - a.start)
    .reduce((text, edit) => text.slice(0, edit.start) + edit.text + text.slice(edit.end), before);
  if (bare(after) === bare(before))
    throw new Error(`${path} is the same after it; write it anew for the code as it is`);
  const {diagnostics = []} = ts.transpileModule(after, {fileName: path, reportDiagnostics: true});
  const [wrong] = diagnostics.map(({messageText}) => ts.flattenDiagnosticMessageText(messageText, ' '));
  if (wrong) throw new Error(`${path} cannot be parsed after it: ${wrong}; write it anew for the code as it is`);
  const names = unknownNames(path, before, after);
  if (names.length > 0) {
    throw new Error(
      `it uses ${names.join(', ')} in ${path}, where nothing has that name; write it anew for the code as it is`,
    );
  }
  return [path, after];
}

/** Without what makes no difference. */
function bare(text: string): string {
  return ts.transpileModule(text, {compilerOptions: {target: ts.ScriptTarget.ESNext, removeComments: true}}).outputText;
}

function editsOf({file, node, path}: Target, change: Change): Edit[] {
  const place = 'marked' in change ? `what "// mutation: ${change.marked}" marks` : `the export "${change.exported}"`;
  const refuse = (expected: string): Error => {
    const line = file.getLineAndCharacterOfPosition(node.getStart(file)).line + 1;
    return new Error(`${path}:${line}: ${place} is a ${ts.SyntaxKind[node.kind]}, expected ${expected}`);
  };
  const replace = (part: ts.Node, text: string): Edit => ({start: part.getStart(file), end: part.end, text});
  const code = (given: Code, part: ts.Node): string => {
    const original = part.getText(file);
    const text = typeof given === 'string' ? given : given(`(${original})`);
    return text === original ? text : `(${text})`;
  };

  if ('remove' in change) {
    const nothing = nothingFor(node);
    if (nothing === undefined) throw refuse('a statement that declares nothing, a property, an element or an argument');
    return [replace(node, nothing)];
  }
  if ('condition' in change) {
    const condition = conditionPart(node);
    if (!condition) throw refuse('an if, a loop or a conditional expression');
    return [replace(condition, code(change.condition, condition))];
  }
  if ('before' in change) {
    if (!isInBlock(node)) throw refuse('a statement in a block');
    return [{start: node.getStart(file), end: node.getStart(file), text: `${change.before}\n`}];
  }
  if ('wrap' in change) {
    const wrapped = wrap(file, node, change.wrap);
    if (wrapped) return wrapped;
  }
  const value = valuePart(node);
  if (!value) throw refuse('wrap' in change ? 'a function with a body, or a value' : 'a value');
  const text = 'wrap' in change ? `((${change.wrap})(${value.getText(file)}))` : code(change.value, value);
  return [replace(value, ts.isShorthandPropertyAssignment(node) ? `${node.name.text}: ${text}` : text)];
}

function nothingFor(node: ts.Node): string | undefined {
  if (ts.isObjectLiteralElementLike(node) && ts.isObjectLiteralExpression(node.parent)) return '...{}';
  if (ts.isExpression(node) && isListed(node)) return '...[]';
  const isAction =
    ts.isExpressionStatement(node) ||
    ts.isIfStatement(node) ||
    ts.isReturnStatement(node) ||
    ts.isThrowStatement(node) ||
    ts.isIterationStatement(node, false) ||
    ts.isBreakOrContinueStatement(node) ||
    ts.isTryStatement(node) ||
    ts.isSwitchStatement(node) ||
    ts.isBlock(node);
  return isAction ? '{}' : undefined;
}

function isListed(node: ts.Expression): boolean {
  const {parent} = node;
  if (ts.isArrayLiteralExpression(parent)) return true;
  return (ts.isCallExpression(parent) || ts.isNewExpression(parent)) && (parent.arguments?.includes(node) ?? false);
}

function conditionPart(node: ts.Node): ts.Expression | undefined {
  if (ts.isIfStatement(node) || ts.isWhileStatement(node) || ts.isDoStatement(node)) return node.expression;
  if (ts.isForStatement(node) || ts.isConditionalExpression(node)) return node.condition;
  const value = valuePart(node);
  return value && ts.isConditionalExpression(value) ? value.condition : undefined;
}

function isInBlock(node: ts.Node): boolean {
  const {parent} = node;
  return ts.isBlock(parent) || ts.isSourceFile(parent) || ts.isCaseOrDefaultClause(parent) || ts.isModuleBlock(parent);
}

function valuePart(node: ts.Node): ts.Expression | undefined {
  if (ts.isVariableStatement(node)) {
    const [declaration, ...more] = node.declarationList.declarations;
    return more.length === 0 ? declaration?.initializer : undefined;
  }
  if (ts.isVariableDeclaration(node) || ts.isPropertyDeclaration(node) || ts.isPropertyAssignment(node)) {
    return node.initializer;
  }
  if (ts.isParameter(node)) return node.initializer;
  if (ts.isShorthandPropertyAssignment(node)) return node.name;
  if (ts.isReturnStatement(node) || ts.isThrowStatement(node) || ts.isForOfStatement(node)) return node.expression;
  if (ts.isSpreadElement(node) || ts.isSpreadAssignment(node)) return node.expression;
  if (ts.isExpressionStatement(node)) {
    const {expression} = node;
    return ts.isBinaryExpression(expression) && isAssignment(expression.operatorToken) ? expression.right : expression;
  }
  if (ts.isIfStatement(node)) return onlyResult(node.thenStatement);
  return ts.isExpression(node) ? node : undefined;
}

function isAssignment({kind}: ts.BinaryOperatorToken): boolean {
  return kind >= ts.SyntaxKind.FirstAssignment && kind <= ts.SyntaxKind.LastAssignment;
}

/** What `if (…) return x` returns, or throws. */
function onlyResult(then: ts.Statement): ts.Expression | undefined {
  const only = ts.isBlock(then) && then.statements.length === 1 ? then.statements[0] : then;
  return only && (ts.isReturnStatement(only) || ts.isThrowStatement(only)) ? only.expression : undefined;
}

/** The function gets another name, and one that calls it through the wrapper gets its own. Undefined: it is no function, or has no body. */
function wrap(file: ts.SourceFile, node: ts.Node, wrapper: string): Edit[] | undefined {
  if (!(ts.isFunctionDeclaration(node) || ts.isMethodDeclaration(node)) || !node.body || !node.name) return undefined;
  const name = node.name.getText(file);
  if (!/^#?[\w$]+$/.test(name)) return undefined;
  const original = name.startsWith('#') ? `#original_${name.slice(1)}` : `original_${name}`;
  const edits = overloads(node, name).map((each) => ({start: each.getStart(file), end: each.end, text: original}));

  const isMethod = ts.isMethodDeclaration(node);
  const kept = isMethod ? ts.SyntaxKind.StaticKeyword : ts.SyntaxKind.ExportKeyword;
  const modifier = has(node, kept) ? ts.tokenToString(kept) : '';
  const callee = isMethod ? `(...own) => this.${original}(...own)` : original;
  const head = isMethod ? name : `function ${name}`;
  const separator = ts.isObjectLiteralExpression(node.parent) ? ',' : '';
  const text = `${separator}\n${modifier} ${head}(...given) { return (${wrapper})(${callee})(...given); }`;
  return [...edits, {start: node.end, end: node.end, text}];
}

/** The names of all declarations of the function: its overloads come before it. */
function overloads(node: ts.FunctionDeclaration | ts.MethodDeclaration, name: string): ts.Node[] {
  const names: ts.Node[] = [];
  ts.forEachChild(node.parent, (each) => {
    const isAlike = (ts.isFunctionDeclaration(each) || ts.isMethodDeclaration(each)) && each.name?.getText() === name;
    if (isAlike && each.name) names.push(each.name);
  });
  return names;
}
