import {readdirSync, readFileSync} from 'node:fs';
import {dirname, join, relative, resolve} from 'node:path';
import Slugger from 'github-slugger';
import MarkdownIt from 'markdown-it';

export const ROOT = resolve(__dirname, '..', '..');

/** Folders with pages of the documentation, and whether what lies below them counts too. */
const FOLDERS = [
  {folder: '.', deep: false},
  {folder: 'docs', deep: true},
  {folder: 'terraform', deep: true},
  {folder: 'test/emulators', deep: false},
] as const;

/** The paths of all pages from the root. */
export function listPages(): string[] {
  return FOLDERS.flatMap(({folder, deep}) =>
    readdirSync(join(ROOT, folder), {recursive: deep, encoding: 'utf8'})
      .filter((file) => file.endsWith('.md') && !/(^|\/)(node_modules|\.terraform|\.vitepress)\//.test(file))
      .map((file) => join(folder, file)),
  ).sort();
}

/** One page as its reader sees it. */
export interface DocumentationPage {
  readonly path: string;
  /** Targets of links and pictures. */
  readonly links: readonly string[];
  /** As GitHub makes them from headings, and those that the page sets itself. */
  readonly anchors: ReadonlySet<string>;
  /** Blocks of code with the language that stands beside them. */
  readonly blocks: readonly {readonly language: string; readonly text: string}[];
}

const markdown = new MarkdownIt({html: true});

export function readPage(path: string): DocumentationPage {
  const text = readFileSync(join(ROOT, path), 'utf8');
  const tokens = markdown.parse(text, {});
  const slugger = new Slugger();
  const headings = tokens.flatMap(({type}, index) => (type === 'heading_open' ? [tokens[index + 1]] : []));
  const inline = tokens.flatMap(({children}) => children ?? []);
  const html = [...tokens, ...inline].filter(({type}) => type.startsWith('html')).map(({content}) => content);
  return {
    path,
    links: [
      ...inline.flatMap((token) => token.attrGet('href') ?? token.attrGet('src') ?? []),
      ...html.flatMap((one) => [...one.matchAll(/(?:src|srcset|href)="([^"]+)"/g)].map(([, target = '']) => target)),
    ],
    anchors: new Set([
      ...headings.map((one) => slugger.slug(plainText(one?.children ?? []))),
      ...html.flatMap((one) => [...one.matchAll(/(?:id|name)="([^"]+)"/g)].map(([, id = '']) => id)),
    ]),
    blocks: tokens.filter(({type}) => type === 'fence').map(({info, content}) => ({language: info, text: content})),
  };
}

function plainText(children: readonly {readonly type: string; readonly content: string}[]): string {
  return children.map(({type, content}) => (type === 'text' || type === 'code_inline' ? content : '')).join('');
}

/** Where a link of a page leads to in this repository: the path from the root, and the anchor. Undefined: to somewhere else. */
export function targetOf(page: string, link: string): {readonly path: string; readonly anchor: string} | undefined {
  if (/^[a-z]+:/.test(link)) return undefined;
  const [path = '', anchor = ''] = decodeURI(link).split('#');
  return {path: path ? relative(ROOT, resolve(ROOT, dirname(page), path)) : page, anchor};
}
