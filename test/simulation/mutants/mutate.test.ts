import {runInNewContext} from 'node:vm';
import ts from 'typescript';
import {markers} from './core';
import {mutate} from './mutate';
import type {Change} from './mutation';

const FILE = 'shared/locks.ts';

/** The file after the change, without comments and white space that make no difference. */
function changed(text: string, change: Change): string {
  const files = mutate(new Map([[FILE, text]]), {name: 'mistake', ...change});
  expect([...files.keys()]).toEqual([FILE]);
  return (files.get(FILE) ?? '')
    .replace(/\/\/.*$/gm, '')
    .replace(/\s+/g, ' ')
    .trim();
}

/** What the module exports as `f`. */
function evaluate(text: string): (a: number) => unknown {
  const {outputText} = ts.transpileModule(text, {
    compilerOptions: {module: ts.ModuleKind.CommonJS, target: ts.ScriptTarget.ES2024},
  });
  const exports: {f?: (a: number) => unknown} = {};
  runInNewContext(outputText, {exports});
  return exports.f ?? (() => 'no f is exported');
}

function marking(statement: string): string {
  return `export function f(a: number, b: number): unknown {\n  // mutation: here\n  // Why.\n  ${statement}\n  return b;\n}\n`;
}

const marked = 'here';

test.each<[what: string, statement: string, change: Change, expected: string]>([
  ['a statement is removed', 'console.log(a);', {marked, remove: true}, '{}'],
  ['an if is removed with its else', 'if (a) b++; else b--;', {marked, remove: true}, '{}'],
  ['a condition is replaced', 'if (a > b) return a;', {marked, condition: 'false'}, 'if ((false)) return a;'],
  [
    'a condition is extended',
    'while (a || b) b--;',
    {marked, condition: (was) => `${was} && a`},
    'while (((a || b) && a)) b--;',
  ],
  ['statements are put before it', 'if (a) b++;', {marked, before: 'return 0;'}, 'return 0; if (a) b++;'],
  ['an initial value is replaced', 'const c = a + b;', {marked, value: '1'}, 'const c = (1);'],
  ['a returned value is replaced', 'return a;', {marked, value: (was) => `-${was}`}, 'return (-(a));'],
  ['a value returned on a condition is replaced', 'if (a) return a;', {marked, value: '1'}, 'if (a) return (1);'],
  ['an assigned value is replaced', 'b ||= a;', {marked, value: '1'}, 'b ||= (1);'],
  ['an expression is replaced', 'f(a, b);', {marked, value: (was) => `a || ${was}`}, '(a || (f(a, b)));'],
  [
    'a list to go through is replaced',
    'for (const c of [a]) f(c, b);',
    {marked, value: '[]'},
    'for (const c of ([])) f(c, b);',
  ],
  [
    'a value is wrapped',
    'const c = (d: number) => d;',
    {marked, wrap: '(was) => () => was(1)'},
    'const c = (((was) => () => was(1))((d: number) => d));',
  ],
])('%s', (_, statement, change, expected) => {
  expect(changed(marking(statement), change)).toBe(
    `export function f(a: number, b: number): unknown { ${expected} return b; }`,
  );
});

test.each<[what: string, text: string, change: Change, expected: string]>([
  [
    'property',
    'const b = 1;\nexport const a = {\n  // mutation: here\n  b,\n};',
    {marked, value: '2'},
    'const b = 1; export const a = { b: (2), };',
  ],
  [
    'property without its value',
    'export const a = {\n  // mutation: here\n  b: 1,\n};',
    {marked, remove: true},
    'export const a = { ...{}, };',
  ],
  [
    'element',
    'export const a = [\n  1,\n  // mutation: here\n  2,\n];',
    {marked, remove: true},
    'export const a = [ 1, ...[], ];',
  ],
  [
    'operand',
    'export const a =\n  Infinity &&\n  // mutation: here\n  isNaN(0);',
    {marked, value: 'true'},
    'export const a = Infinity && (true);',
  ],
  ['exported constant', 'export const A: number = 1;', {exported: 'A', value: '2'}, 'export const A: number = (2);'],
])('a marker or a name binds: %s', (_, text, change, expected) => {
  expect(changed(text, change)).toBe(expected);
});

describe('a wrapped function is called by everybody, and calls the original', () => {
  test.each<[what: string, text: string, change: Change]>([
    [
      'exported',
      'export function f(a: number) { return a + 1; }',
      {exported: 'f', wrap: '(original) => (a) => original(a) * 10'},
    ],
    [
      'with overloads',
      'export function f(a: number): number;\nexport function f(a: string): number;\nexport function f(a: unknown) { return Number(a) + 1; }',
      {exported: 'f', wrap: '(original) => (a) => original(a) * 10'},
    ],
    [
      'marked',
      '// mutation: here\nfunction g(a: number) { return a + 1; }\nexport const f = (a: number) => g(a);',
      {marked, wrap: '(original) => (a) => original(a) * 10'},
    ],
    [
      'a method',
      'export class A {\n  #one = 1;\n  add(a: number) { return a + this.#one; }\n}\nexport const f = (a: number) => new A().add(a);',
      {exported: 'A.add', wrap: '(original) => (a) => original(a) * 10'},
    ],
    [
      'a private method',
      'class A {\n  #one = 1;\n  /** Adds. */\n  // mutation: here\n  #add(a: number) { return a + this.#one; }\n  plus(a: number) { return this.#add(a); }\n}\nexport const f = (a: number) => new A().plus(a);',
      {marked, wrap: '(original) => (a) => original(a) * 10'},
    ],
    [
      'a method of an object',
      'const o = {\n  // mutation: here\n  g(a: number) { return a + 1; },\n};\nexport const f = (a: number) => o.g(a);',
      {marked, wrap: '(original) => (a) => original(a) * 10'},
    ],
  ])('%s', (_, text, change) => {
    const code = mutate(new Map([[FILE, text]]), {name: 'mistake', ...change}).get(FILE) ?? '';
    expect(evaluate(code)(1)).toBe(20);
  });
});

describe('refused aloud', () => {
  const twice = '// mutation: here\nf();\nfunction f() {}\n// mutation: here\nf();\n';

  test.each<[why: string, text: string, change: Change, message: string]>([
    [
      'a marker that is gone',
      'f();',
      {marked, remove: true},
      'found 0 lines "// mutation: here" in functions and shared, expected one; mark what',
    ],
    [
      'a marker that is doubled',
      twice,
      {marked, remove: true},
      'found 2 lines "// mutation: here" in functions and shared, expected one (shared/locks.ts, shared/locks.ts)',
    ],
    [
      'a marker before nothing',
      'f();\n// mutation: here\n',
      {marked, remove: true},
      'shared/locks.ts:2: "// mutation: here" marks nothing',
    ],
    [
      'a marker behind code',
      'f(); // mutation: here',
      {marked, remove: true},
      'expected a line with nothing but "// mutation: <id>"',
    ],
    [
      'an export that is gone',
      'function f() {}',
      {exported: 'f', wrap: '() => () => 1'},
      'found 0 exports "f" in functions and shared, expected one',
    ],
    ['a method that is gone', 'export class A {}', {exported: 'A.f', wrap: '() => () => 1'}, 'found 0 exports "A.f"'],
    [
      'a change that changes nothing',
      marking('const c = 1;'),
      {marked, value: '1'},
      'shared/locks.ts is the same after it',
    ],
    [
      'text that cannot be parsed',
      marking('const c = 1;'),
      {marked, value: '1 +'},
      'shared/locks.ts cannot be parsed after it',
    ],
    [
      'a name that is not in scope',
      marking('const c = 1;'),
      {marked, value: 'd + a'},
      'it uses d in shared/locks.ts, where nothing has that name',
    ],
    [
      'a removed declaration',
      marking('const c = 1;'),
      {marked, remove: true},
      'shared/locks.ts:4: what "// mutation: here" marks is a ',
    ],
    [
      'a condition of what has none',
      marking('return 1;'),
      {marked, condition: 'true'},
      'expected an if, a loop or a conditional expression',
    ],
    ['a value of what has none', marking('if (a) b++;'), {marked, value: 'true'}, 'expected a value'],
  ])('%s', (_, text, change, message) => {
    expect(() => changed(text, change)).toThrow('mutation "mistake": ');
    expect(() => changed(text, change)).toThrow(message);
  });

  test('an export of two files', () => {
    const core = new Map([
      ['shared/a.ts', 'export const A = 1;'],
      ['shared/b.ts', 'export function A() {}'],
    ]);
    expect(() => mutate(core, {name: 'mistake', exported: 'A', value: '2'})).toThrow(
      'mutation "mistake": found 2 exports "A" in functions and shared, expected one (shared/a.ts, shared/b.ts)',
    );
  });
});

test('two changes of one file are both made', () => {
  const core = new Map([[FILE, 'export const A = 1;\n// mutation: here\nexport const B = 2;\n']]);
  const text = mutate(core, {name: 'mistake', exported: 'A', value: '3', also: {marked, value: '4'}}).get(FILE);
  expect(text).toBe('export const A = (3);\n// mutation: here\nexport const B = (4);\n');
});

test('a marker is found in whichever file it is', () => {
  const core = new Map([
    ['functions/a.ts', 'export const A = 1;\n'],
    ['shared/deep/b.ts', 'export const B = 1;\n  // mutation: here\nexport const C = 2;\n'],
  ]);
  expect(markers(core)).toMatchObject([{id: 'here', path: 'shared/deep/b.ts', line: 2}]);
  expect([...mutate(core, {name: 'mistake', marked, value: '3'}).keys()]).toEqual(['shared/deep/b.ts']);
});
