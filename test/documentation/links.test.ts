import {existsSync, statSync} from 'node:fs';
import {join} from 'node:path';
import {listPages, ROOT, readPage, targetOf} from './pages';

const pages = new Map(listPages().map((path) => [path, readPage(path)]));

/** What is wrong with a link of a page; undefined: it leads to something. */
function mistakeOf(page: string, link: string): string | undefined {
  const target = targetOf(page, link);
  if (!target) return undefined;
  const file = join(ROOT, target.path);
  if (target.path.startsWith('..') || !existsSync(file))
    return `${page}: found ${link}, expected a file of this project`;
  if (!target.anchor) return undefined;
  const to = pages.get(statSync(file).isDirectory() ? join(target.path, 'README.md') : target.path);
  return to?.anchors.has(target.anchor) ? undefined : `${page}: found ${link}, expected a heading of ${target.path}`;
}

test.each([...pages.keys()])('every link of %s leads to a file, and to a heading of it', (page) => {
  const {links = []} = pages.get(page) ?? {};
  expect(links.map((link) => mistakeOf(page, link)).filter((mistake) => mistake !== undefined)).toEqual([]);
});

test('the pages are found, with their links', () => {
  expect(pages.has('README.md') && pages.has('docs/operate.md') && pages.has('terraform/README.md')).toBe(true);
  expect([...pages.values()].flatMap(({links}) => links).length).toBeGreaterThan(150);
});

test.each([
  ['a file that is not there', 'docs/api.md', 'gone.md'],
  ['a heading that is not there', 'README.md', 'docs/operate.md#no-such-heading'],
  ['a file outside of the project', 'README.md', '../elsewhere.md'],
])('a link to %s is a mistake', (_, page, link) => {
  expect(mistakeOf(page, link)).toContain(link);
});
