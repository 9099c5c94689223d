import {existsSync} from 'node:fs';
import {readFile} from 'node:fs/promises';
import type {IncomingHttpHeaders} from 'node:http';
import {join} from 'node:path';
import {version} from '../../../package.json';
import {etagOf, isKnownEtag} from '../../http/etag';
import type {Reply} from '../../http/server';
import {htmlPage, policy, type ScriptedPage} from './document';

/**
 * The hashes of Redoc's inline styles, so that the policy needs no `unsafe-inline`. The first is the hash of the empty string: Redoc's
 * styled-components creates empty <style> elements and fills them through the CSSOM, which the policy allows. The second is the hash of the
 * only <style> element with content in the installed version of Redoc.
 */
const REDOC_STYLES = [
  "'sha256-47DEQpj8HBSa+/TImW+5JCeuQeRkm5NMpJWZG3hSuFU='",
  "'sha256-QMIg+bpjm3JdElJ388KYke01izlUW0UoNOeKjpMxdgc='",
].join(' ');

/** @see https://github.com/swagger-api/swagger-ui/blob/master/docs/usage/configuration.md */
export const SWAGGER_UI: ScriptedPage = {
  html: htmlPage(
    'Slipway API',
    'docs/favicon-32x32.png',
    `<link rel="stylesheet" href="docs/swagger-ui.css?${version}">\n`,
    `<div id="swagger-ui"></div>
<script src="docs/swagger-ui-bundle.js?${version}"></script>
<script src="docs/page.js?${version}"></script>
`,
  ),
  script: `window.ui = SwaggerUIBundle({
  url: 'openapi.json',
  dom_id: '#swagger-ui',
  deepLinking: true,
  docExpansion: 'list',
  tryItOutEnabled: false,
  displayRequestDuration: true,
  persistAuthorization: false,
  validatorUrl: null,
});
`,
  csp: policy({'style-src': "'self'"}),
};

/** @see https://github.com/Redocly/redoc/blob/main/docs/config.md */
export const REDOC: ScriptedPage = {
  html: htmlPage(
    'Slipway API',
    'docs/favicon-32x32.png',
    '',
    `<div id="redoc"></div>
<script src="redoc/redoc.standalone.js?${version}"></script>
<script src="redoc/page.js?${version}"></script>
`,
  ),
  script: `Redoc.init('openapi.json', {hideDownloadButton: false, scrollYOffset: 0}, document.getElementById('redoc'));\n`,
  // Redoc's search runs in a worker that Redoc creates from a string.
  csp: policy({'style-src': `'self' ${REDOC_STYLES}`, 'worker-src': 'blob:'}),
};

/** A file of the documentation pages, as it is served. */
export interface Asset {
  readonly type: string;
  readonly content: Buffer;
  /** A strong ETag: a hash of the content. */
  readonly etag: string;
}

interface Origin {
  readonly type: string;
  /** Path below `node_modules`, read in development. */
  readonly file: string;
  readonly edit?: (text: string) => string;
}

const SCRIPT = 'text/javascript; charset=utf-8';

/**
 * Every file that the pages load, by its path; no other file is served. The build copies the files from their npm packages into the
 * function's folder, under the same path.
 */
export const ASSETS: Readonly<Record<string, Origin>> = {
  'docs/swagger-ui.css': {type: 'text/css; charset=utf-8', file: 'swagger-ui-dist/swagger-ui.css'},
  'docs/swagger-ui-bundle.js': {type: SCRIPT, file: 'swagger-ui-dist/swagger-ui-bundle.js'},
  'docs/favicon-32x32.png': {type: 'image/png', file: 'swagger-ui-dist/favicon-32x32.png'},
  'redoc/redoc.standalone.js': {
    type: SCRIPT,
    file: 'redoc/bundles/redoc.standalone.js',
    // Redoc would load a logo from another host. Redoc leaves out a logo that cannot be loaded.
    edit: (text) => text.replace('https://cdn.redoc.ly/redoc/logo-mini.svg', 'data:,'),
  },
};

/** Reads a file on the first request and keeps it in memory; undefined for any path that is not in `ASSETS`. */
type Assets = (path: string) => Promise<Asset> | undefined;

export function createAssets(): Assets {
  const read = new Map<string, Promise<Asset>>();
  return (path) => {
    const origin = Object.hasOwn(ASSETS, path) ? ASSETS[path] : undefined;
    if (!origin) return undefined;
    const asset = read.get(path) ?? readFrom(path, origin);
    read.set(path, asset);
    return asset;
  };
}

async function readFrom(path: string, {type, file, edit}: Origin): Promise<Asset> {
  const built = join(__dirname, path);
  const raw = await readFile(existsSync(built) ? built : join(__dirname, '../../../node_modules', file));
  const content = edit ? Buffer.from(edit(raw.toString('utf8'))) : raw;
  return {type, content, etag: etagOf(content)};
}

const SCRIPTS: Readonly<Record<string, string>> = {'docs/page.js': SWAGGER_UI.script, 'redoc/page.js': REDOC.script};

/** The pages add the version to each address, so that a new version is not served from a cache. */
const CACHE = {'Cache-Control': 'public, max-age=86400'};

/** Answers a file of a documentation page; undefined for any other path. `path`: without the leading slash. */
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
  if (isKnownEtag(headers, asset.etag)) return {status: 304, headers: cached};
  return {status: 200, headers: cached, body: {type: asset.type, content: asset.content}};
}
