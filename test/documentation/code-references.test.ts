import {existsSync, readFileSync} from 'node:fs';
import {join} from 'node:path';

const ROOT = join(__dirname, '../..');
const PAGES = ['docs/architecture.md', 'docs/CONTRIBUTING.md'];

/** A path as the pages write it: from the root, in one of the folders of code, without a placeholder. */
const PATH = /^(?:functions|shared|test|terraform|docs)\/[\w./-]+$/;

interface Reference {
  readonly page: string;
  readonly path: string;
  /** Named right after the path, as in "`path` `one`, `other`: …". */
  readonly names: readonly string[];
}

function referencesOf(page: string): Reference[] {
  const text = readFileSync(join(ROOT, page), 'utf8').replaceAll(/^```[\s\S]*?^```/gm, '');
  const spans = text.matchAll(/`([^`\n]+)`(?: ((?:`\w+`(?:, )?)+))?/g);
  return [...spans]
    .filter(([, path = '']) => PATH.test(path))
    .map(([, path = '', names = '']) => ({page, path, names: [...names.matchAll(/\w+/g)].map(([name]) => name)}));
}

/** What is wrong with a reference. `read`: a file's text, undefined when it is not there. */
function mistakesOf({page, path, names}: Reference, read: (path: string) => string | undefined): string[] {
  const text = read(path);
  if (text === undefined) return [`${page}: found no ${path}; correct the path`];
  return names
    .filter((name) => !new RegExp(`\\b${name}\\b`).test(text))
    .map((name) => `${page}: found no ${name} in ${path}; name what is there`);
}

function readFile(path: string): string | undefined {
  const file = join(ROOT, path);
  if (!existsSync(file)) return undefined;
  return path.endsWith('.ts') ? readFileSync(file, 'utf8') : '';
}

test.each(PAGES)('%s names files that are there, and what is in them', (page) => {
  expect(referencesOf(page).flatMap((reference) => mistakesOf(reference, readFile))).toEqual([]);
});

test('the architecture page names the functions of its flows', () => {
  const named = referencesOf('docs/architecture.md').filter(({names}) => names.length > 0);
  expect(named.length).toBeGreaterThan(100);
});

test.each([
  ['a file that is not there', {path: 'shared/a.ts', names: []}, ['page: found no shared/a.ts; correct the path']],
  [
    'a name that is not in its file',
    {path: 'shared/b.ts', names: ['gone']},
    ['page: found no gone in shared/b.ts; name what is there'],
  ],
  [
    'a part of a longer name',
    {path: 'shared/b.ts', names: ['create']},
    ['page: found no create in shared/b.ts; name what is there'],
  ],
  ['a name that is in its file', {path: 'shared/b.ts', names: ['createIt']}, []],
])('%s is noticed', (_, reference, mistakes) => {
  const read = (path: string) => (path === 'shared/b.ts' ? 'function createIt() {}' : undefined);
  expect(mistakesOf({page: 'page', ...reference}, read)).toEqual(mistakes);
});
