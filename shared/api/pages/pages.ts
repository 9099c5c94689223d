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
import {
  baseOf,
  localPath,
  NOT_KEPT,
  originOf,
  refuseForeignPage,
  requireOwnPage,
  wantsJson,
  wantsPage,
  wrongMethod,
} from './request';
import type {SetUp, SetUpOptions} from './set-up/set-up';

export interface PagesOptions extends Pick<SetUpOptions, 'base' | 'services'> {
  readonly sessions: Sessions;
  /** Undefined: the pages were not built. */
  readonly files: () => Promise<PageFiles | undefined>;
  readonly bodies: BodyReader;
  /** Whether the text is a secret of the api; a wrong one counts against the client. Throws the problem `rate-limited`. */
  readonly isSecret: (request: Request, given: string) => Promise<boolean>;
}

/** The form that logs in, as it is answered. */
interface Form {
  readonly to: string;
  readonly status: 200 | 401 | 429;
  readonly problem?: string;
  readonly headers?: Readonly<Record<string, string>>;
}

/** What browsers get: the live page, the set-up, the form that logs in, and the files that they load. */
export class Pages {
  readonly #options: PagesOptions;
  #setUp: SetUp | undefined;

  constructor(options: PagesOptions) {
    this.#options = options;
  }

  /** Answers a request of a browser; undefined: it is none, or not for a page. */
  async answer(request: Request): Promise<Reply | undefined> {
    const path = withoutPrefix(request.path);
    const isRead = request.method === 'GET' || request.method === 'HEAD';
    if (path === '/login') return this.#login(request, isRead);
    if (path === '/logout') return this.#logout(request);
    if (path === '/setup' || path.startsWith('/setup/')) return this.#settingUp(request, path);
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

  /** The set-up is for sessions alone, not for scripts with the secret. */
  async #settingUp(request: Request, path: string): Promise<Reply | undefined> {
    const session = await this.#options.sessions.idOf(request.headers.cookie);
    if (session !== undefined) return this.#loadSetUp().answer(request, path, session);
    if (wantsJson(request))
      throw new Problem('unauthenticated', 'the set-up needs the session of a browser; log in first');
    const again = await this.#loadSetUp().withoutSession(request, path);
    if (again) return again;
    const {pathname, search} = new URL(request.originalUrl, 'http://localhost');
    return this.#form(await this.#built(), request, {to: localPath(pathname + search), status: 200});
  }

  /** Few requests are for the set-up, so none of it is loaded at the start. */
  #loadSetUp(): SetUp {
    const {base, services} = this.#options;
    const {SetUp}: typeof import('./set-up/set-up') = require('./set-up/set-up');
    this.#setUp ??= new SetUp({
      base,
      services,
      fields: (request) => this.#fields(request),
      files: () => this.#built(),
    });
    return this.#setUp;
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
    // Before the secret is looked at: another site must not use up this address's tries.
    refuseForeignPage(request);
    const fields = await this.#fields(request);
    const to = localPath(fields.get('to'));
    try {
      if (await this.#options.isSecret(request, fields.get('secret') ?? '')) return await this.#begin(request, to);
    } catch (error) {
      if (!isRateLimited(error) || wantsJson(request)) throw error;
      const {headers = {}} = error.extras;
      return this.#form(files, request, {to, status: 429, problem: laterText(headers), headers});
    }
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

  #form(files: PageFiles, request: Request, {to, status, problem, headers}: Form): Reply {
    return pageReply(loginPage(files, {to, base: baseOf(request), problem}), status, {...headers, ...NOT_KEPT});
  }

  /** The fields of a form. */
  async #fields(request: Request): Promise<URLSearchParams> {
    return new URLSearchParams((await this.#options.bodies.open(request).read()).bytes().toString('utf8'));
  }

  async #built(): Promise<PageFiles> {
    const files = await this.#options.files();
    if (!files) throw new Problem('not-found', 'the pages are not built: npm run build makes them');
    return files;
  }
}

function isRateLimited(error: unknown): error is Problem {
  return error instanceof Problem && error.kind === 'rate-limited';
}

/** The wait that the header `Retry-After` says, for a person. */
function laterText({'Retry-After': seconds}: Readonly<Record<string, string>>): string {
  const minutes = Math.ceil(Number(seconds) / 60);
  const wait = minutes > 1 ? `${minutes} minutes` : `${seconds} seconds`;
  return `Too many wrong secrets were sent, and none is looked at now. Try again in ${wait}.`;
}
