import {url} from './variables';

const API = 'https://api.github.com';

/** The addresses of github.com or of a GitHub Enterprise. */
export interface GitHubAddress {
  /** URL of the REST API, without a trailing slash. */
  readonly apiUrl: string;
  /** URL of the pages, at which runners are registered. Without a trailing slash. */
  readonly webUrl: string;
}

export const GITHUB_COM: GitHubAddress = {apiUrl: API, webUrl: 'https://github.com'};

/**
 * The addresses for the URL of a REST API. `expected`: the URL is wrong, and this was expected.
 *
 * @see https://docs.github.com/en/enterprise-server@latest/rest/using-the-rest-api/getting-started-with-the-rest-api
 * @see https://docs.github.com/en/enterprise-cloud@latest/admin/data-residency/network-details-for-ghecom
 */
export function gitHubAddress(text: string): GitHubAddress | {readonly expected: string} {
  if (url(text) === undefined) return {expected: 'an http or https URL without credentials and fragment'};
  const apiUrl = text.replace(/\/+$/, '');
  const {origin, hostname, pathname, protocol, host} = new URL(apiUrl);
  if (apiUrl.includes('?')) return {expected: 'a URL without a query: paths of the REST API are put behind it'};
  if (isLoopback(hostname)) return {apiUrl, webUrl: apiUrl.replace(/\/api\/v3$/, '')};
  if (hostname === 'api.github.com') return apiUrl === API ? GITHUB_COM : {expected: API};
  if (hostname === 'github.com' || hostname === 'www.github.com')
    return {expected: `${API}, the REST API of github.com`};
  if (hostname.endsWith('.ghe.com')) {
    const name = /^api\.([a-z0-9-]{1,63})\.ghe\.com$/.exec(hostname)?.[1];
    if (name && pathname === '/' && protocol === 'https:') return {apiUrl, webUrl: `https://${name}.ghe.com`};
    return {expected: 'https://api.NAME.ghe.com, with the NAME of the enterprise and nothing behind it'};
  }
  if (pathname !== '/api/v3') {
    return {
      expected: `${protocol}//${host}/api/v3: the REST API of a GitHub Enterprise Server is below /api/v3`,
    };
  }
  return {apiUrl, webUrl: origin};
}

/** A loopback address is that of an emulator. */
function isLoopback(hostname: string): boolean {
  return (
    hostname === 'localhost' ||
    hostname.endsWith('.localhost') ||
    hostname === '[::1]' ||
    /^127(\.\d{1,3}){3}$/.test(hostname)
  );
}
