import type {Request} from '@google-cloud/functions-framework';
import {Problem} from '../../http/errors';

/** What depends on the session is neither kept nor shared. */
export const NOT_KEPT = {'Cache-Control': 'no-store', Vary: 'Cookie, Accept'};

/** Whether the client prefers a page to JSON, as a browser does when a person opens an address. */
export function wantsPage(request: Request): boolean {
  return request.accepts(['json', 'html']) === 'html';
}

/** Whether the client asks for JSON where there is only a page: whoever takes anything gets the page. */
export function wantsJson(request: Request): boolean {
  return request.accepts(['html', 'json']) === 'json';
}

/** From the request's path to the root of the function: the relative links of a page start with it. */
export function baseOf(request: Request): string {
  return '../'.repeat(Math.max(0, request.path.split('/').length - 2)) || './';
}

/** A path of this function, for the redirect after the login; anything else leads to the live page. */
export function localPath(given: string | null): string {
  return given !== null && /^\/(?![/\\])[\w\-./?=&%]*$/.test(given) ? given : '/';
}

/** Where the browser stands. Behind `gcloud run services proxy` the host is the function's, and the browser's own origin is in `Origin`. */
export function originOf(request: Request): string {
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
  if (isOwnHost(request, request.get('origin'))) return;
  throw new Problem(
    'foreign-page',
    'found a session without Sec-Fetch-Site: same-origin and without the Origin of this function; log in there, or send the secret',
  );
}

/** Refuses the form of a page of another site, by what the browser says. What is no browser says nothing, and passes. */
export function refuseForeignPage(request: Request): void {
  const [site, origin] = [request.get('sec-fetch-site'), request.get('origin')];
  const isOwn =
    site === undefined ? origin === undefined || isOwnHost(request, origin) : /^(same-origin|none)$/.test(site);
  if (isOwn) return;
  throw new Problem(
    'foreign-page',
    'found the form of another page; open the address of this function and log in there',
  );
}

/** Whether a page of this function sent the browser here; browsers without fetch metadata show it in `Referer`. */
export function comesFromOwnPage(request: Request): boolean {
  const site = request.get('sec-fetch-site');
  return site === undefined ? isOwnHost(request, request.get('referer')) : site === 'same-origin';
}

function isOwnHost(request: Request, url: string | undefined): boolean {
  return url !== undefined && URL.canParse(url) && new URL(url).host === request.get('host');
}

export function wrongMethod(method: string, allow: string): Problem {
  return new Problem('method-not-allowed', `found ${method}, expected one of ${allow}`, {headers: {Allow: allow}});
}
