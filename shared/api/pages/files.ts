import {readFile} from 'node:fs/promises';
import type {IncomingHttpHeaders} from 'node:http';
import {join} from 'node:path';
import type {Reply} from '../../http/server';

/** A file of the pages, under a name that contains a hash of its content. */
export interface PageFile {
  /** Media type for `Content-Type`. */
  readonly type: string;
  readonly content: Buffer;
  /** The content compressed, by content coding of RFC 9110. */
  readonly compressed: Readonly<Partial<Record<'br' | 'gzip', Buffer>>>;
}

/** Everything that the pages load, by path relative to the page. */
export interface PageFiles {
  readonly files: Readonly<Record<string, PageFile>>;
  /** Paths among `files`. */
  readonly script: string;
  readonly style: string;
  /** Sends the form of a page at once. */
  readonly submit: string;
  readonly icon: string;
}

/** What `npm run build` lists beside the files: the path of each, with its media type, and which of them is what. */
export interface Manifest extends Omit<PageFiles, 'files'> {
  readonly files: Readonly<Record<string, string>>;
}

/** Name of the manifest in the folder of the built pages. */
export const MANIFEST = 'manifest.json';

/** The suffix of a compressed file in the folder of the built pages. */
export const SUFFIXES = {br: '.br', gzip: '.gz'} as const;

/** The path of the folder of the built pages, beside the function's `index.js`. */
export const PAGES_FOLDER = 'pages';

/** Reads the pages that `npm run build` has put beside the function; undefined where they were not built. */
export async function readBuiltPages(folder: string): Promise<PageFiles | undefined> {
  const text = await readFile(join(folder, MANIFEST), 'utf8').catch(() => undefined);
  if (text === undefined) return undefined;
  const {files, ...names} = JSON.parse(text) as Manifest;
  const read = Object.entries(files).map(async ([path, type]): Promise<[string, PageFile]> => {
    const file = join(folder, path.replace(/^.*\//, ''));
    const [content, br, gzip] = await Promise.all([
      readFile(file),
      readFile(file + SUFFIXES.br),
      readFile(file + SUFFIXES.gzip),
    ]);
    return [path, {type, content, compressed: {br, gzip}}];
  });
  return {...names, files: Object.fromEntries(await Promise.all(read))};
}

/** A path names its content, so it may be kept for ever. */
const FOR_EVER = {'Cache-Control': 'public, max-age=31536000, immutable', Vary: 'Accept-Encoding'};

/** Answers a file of the pages; undefined for any other path. `path`: without the leading slash. */
export function servePageFile(
  pages: PageFiles | undefined,
  path: string,
  headers: IncomingHttpHeaders,
): Reply | undefined {
  const file = pages && Object.hasOwn(pages.files, path) ? pages.files[path] : undefined;
  if (!file) return undefined;
  const accepted = String(headers['accept-encoding'] ?? '')
    .split(',')
    .map((coding) => coding.trim());
  const coding = (['br', 'gzip'] as const).find((one) =>
    accepted.some((each) => each === one || (each.startsWith(`${one};`) && !/;q=0(\.0*)?$/.test(each))),
  );
  const packed = coding && file.compressed[coding];
  return {
    status: 200,
    headers: packed && coding ? {...FOR_EVER, 'Content-Encoding': coding} : FOR_EVER,
    body: {type: file.type, content: packed ?? file.content},
  };
}
