import {createHash} from 'node:crypto';
import {existsSync} from 'node:fs';
import {readFile} from 'node:fs/promises';
import {join} from 'node:path';

/** A file of the documentation pages, as it is served. */
export interface Asset {
  readonly type: string;
  readonly content: Buffer;
  /** Strong: a hash of the content. */
  readonly etag: string;
}

interface Origin {
  readonly type: string;
  /** Of the npm package, in development. */
  readonly file: string;
  readonly edit?: (text: string) => string;
}

const SCRIPT = 'text/javascript; charset=utf-8';

/**
 * Every file that the pages load, by its path; nothing else is served. The build copies them from their npm packages to beside the function,
 * under the same path.
 */
export const ASSETS: Readonly<Record<string, Origin>> = {
  'docs/swagger-ui.css': {type: 'text/css; charset=utf-8', file: 'swagger-ui-dist/swagger-ui.css'},
  'docs/swagger-ui-bundle.js': {type: SCRIPT, file: 'swagger-ui-dist/swagger-ui-bundle.js'},
  'docs/favicon-32x32.png': {type: 'image/png', file: 'swagger-ui-dist/favicon-32x32.png'},
  'redoc/redoc.standalone.js': {
    type: SCRIPT,
    file: 'redoc/bundles/redoc.standalone.js',
    // A logo beside the link to Redoc, from another host; Redoc leaves it out when it cannot be loaded.
    edit: (text) => text.replace('https://cdn.redoc.ly/redoc/logo-mini.svg', 'data:,'),
  },
};

/** Reads a file when it is first asked for, and keeps it; undefined when it is none of ours. */
export type Assets = (path: string) => Promise<Asset> | undefined;

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
  const raw = await readFile(existsSync(built) ? built : join(__dirname, '../../../../node_modules', file));
  const content = edit ? Buffer.from(edit(raw.toString('utf8'))) : raw;
  return {type, content, etag: `"${createHash('sha256').update(content).digest('base64url').slice(0, 22)}"`};
}
