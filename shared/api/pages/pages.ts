import type {Request} from '@google-cloud/functions-framework';
import {Problem} from '../../http/errors';
import type {BodyReader} from '../../http/read-body';
import type {Reply} from '../../http/server';
import {withoutPrefix} from '../operation';
import {endSession, type Sessions} from '../session';
import {pageReply} from './document';
import {type PageFiles, servePageFile} from './files';
import {livePage} from './live';
import {loginPage} from './login';

export interface PagesOptions {
  readonly sessions: Sessions;
  /** Undefined: the pages were not built. */
  readonly files: () => Promise<PageFiles | undefined>;
  readonly bodies: BodyReader;
  /** Whether the text is a secret of the api; a wrong one counts against the client. Throws the problem `rate-limited`. */
  readonly isSecret: (request: Request, given: string) => Promise<boolean>;
}

/** What browsers get: the live page, the form that logs in, and the files that they load. */
export class Pages {
  readonly #options: PagesOptions;

  constructor(options: PagesOptions) {
    this.#options = options;
  }

  /** Answers a request of a browser; undefined: it is none, or not for a page. */
  async answer(request: Request): Promise<Reply | undefined> {
    const path = withoutPrefix(request.path);
    const isRead = request.method === 'GET' || request.method === 'HEAD';
    if (path === '/login') return this.#login(request, isRead);
    if (path === '/logout') return this.#logout(request);
    if (!isRead) return undefined;
    if (path.startsWith('/pages/')) return servePageFile(await this.#options.files(), path.slice(1), request.headers);
    if (path === '/' && wantsPage(request)) return this.#live(request);
    return undefined;
  }

  async #live(request: Request): Promise<Reply> {
    const files = await this.#built();
    if (await this.#options.sessions.isOpen(request.headers.cookie))
      return pageReply(livePage(files, baseOf(request)), 200, NOT_KEPT);
    return this.#form(files, request, {to: request.path, status: 200});
  }

  async #login(request: Request, isRead: boolean): Promise<Reply> {
    const files = await this.#built();
    if (isRead) {
      const {searchParams} = new URL(request.originalUrl, 'http://localhost');
      const once = searchParams.get('once');
      if (once === null) return this.#form(files, request, {to: localPath(searchParams.get('to')), status: 200});
      if (await this.#options.sessions.useLink(once)) return this.#begin(request, './');
      const problem = 'This link was used already, or its time is over.';
      return this.#form(files, request, {to: '/', status: 401, problem});
    }
    if (request.method !== 'POST') throw wrongMethod(request.method, 'GET, HEAD, POST');
    const fields = new URLSearchParams((await this.#options.bodies.open(request).read()).bytes().toString('utf8'));
    const to = localPath(fields.get('to'));
    if (await this.#options.isSecret(request, fields.get('secret') ?? '')) return this.#begin(request, to);
    return this.#form(files, request, {to, status: 401, problem: 'This is not the secret.'});
  }

  async #begin(request: Request, to: string): Promise<Reply> {
    const cookie = await this.#options.sessions.begin(originOf(request));
    return {status: 303, headers: {Location: to, 'Set-Cookie': cookie, ...NOT_KEPT}};
  }

  #logout(request: Request): Reply {
    if (request.method !== 'POST') throw wrongMethod(request.method, 'POST');
    requireOwnPage(request);
    return {status: 303, headers: {Location: './', 'Set-Cookie': endSession(originOf(request)), ...NOT_KEPT}};
  }

  #form(
    files: PageFiles,
    request: Request,
    {to, status, problem}: {to: string; status: number; problem?: string},
  ): Reply {
    return pageReply(loginPage(files, {to, base: baseOf(request), problem}), status, NOT_KEPT);
  }

  async #built(): Promise<PageFiles> {
    const files = await this.#options.files();
    if (!files) throw new Problem('not-found', 'the pages are not built: npm run build makes them');
    return files;
  }
}

/** What depends on the session is neither kept nor shared. */
const NOT_KEPT = {'Cache-Control': 'no-store', Vary: 'Cookie, Accept'};

/** Whether the client prefers a page to JSON, as a browser does when a person opens an address. */
function wantsPage(request: Request): boolean {
  return request.accepts(['json', 'html']) === 'html';
}

/** From the request's path to the root of the function: the relative links of a page start with it. */
function baseOf(request: Request): string {
  return '../'.repeat(Math.max(0, request.path.split('/').length - 2)) || './';
}

/** A path of this function, for the redirect after the login; anything else leads to the live page. */
function localPath(given: string | null): string {
  return given !== null && /^\/(?![/\\])[\w\-./?=&%]*$/.test(given) ? given : '/';
}

/** Where the browser stands. Behind `gcloud run services proxy` the host is the function's, and the browser's own origin is in `Origin`. */
function originOf(request: Request): string {
  const origin = request.get('origin');
  if (origin && origin !== 'null') return origin;
  return `https://${request.get('host') ?? ''}`;
}

/**
 * Refuses a request that changes something and has a session but does not come from a page of this function: another site could have made
 * the browser send it. @see https://www.w3.org/TR/fetch-metadata/
 */
export function requireOwnPage(request: Request): void {
  if (request.get('sec-fetch-site') === 'same-origin') return;
  const origin = request.get('origin');
  if (origin && URL.canParse(origin) && new URL(origin).host === request.get('host')) return;
  throw new Problem(
    'foreign-page',
    'found a session without Sec-Fetch-Site: same-origin and without the Origin of this function; log in there, or send the secret',
  );
}

function wrongMethod(method: string, allow: string): Problem {
  return new Problem('method-not-allowed', `found ${method}, expected one of ${allow}`, {headers: {Allow: allow}});
}
