import type {IncomingHttpHeaders} from 'node:http';
import type {Reply} from '../../server';
import type {Assets} from './assets';
import {REDOC, SWAGGER_UI} from './pages';

const SCRIPTS: Readonly<Record<string, string>> = {'docs/page.js': SWAGGER_UI.script, 'redoc/page.js': REDOC.script};

/** A new version has a new address. */
const CACHE = {'Cache-Control': 'public, max-age=86400'};

/** Answers a file of a documentation page; undefined when the path is none. `path`: without the first slash. */
export async function serveAsset(
  assets: Assets,
  path: string,
  headers: IncomingHttpHeaders,
): Promise<Reply | undefined> {
  const script = Object.hasOwn(SCRIPTS, path) ? SCRIPTS[path] : undefined;
  if (script !== undefined) {
    return {status: 200, headers: CACHE, body: {type: 'text/javascript; charset=utf-8', content: script}};
  }
  const asset = await assets(path);
  if (!asset) return undefined;
  const cached = {...CACHE, ETag: asset.etag};
  const known = headers['if-none-match']?.split(',').some((etag) => etag.trim().replace(/^W\//, '') === asset.etag);
  if (known) return {status: 304, headers: cached};
  return {status: 200, headers: cached, body: {type: asset.type, content: asset.content}};
}
