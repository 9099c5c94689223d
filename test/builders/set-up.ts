import type {Manifest} from '../emulators/github/manifests';
import {MANAGER_SECRET} from '../emulators/system';
import type {TestSystem} from './system';

/** A browser without its screen: keeps the cookie of its session, follows nothing. */
export class Visitor {
  #cookie = '';

  constructor(private readonly system: TestSystem) {}

  get(path: string, headers: Readonly<Record<string, string>> = {}): Promise<Response> {
    return this.#visit(path, {headers});
  }

  /** From a page of the function, unless `headers` say otherwise. */
  post(
    path: string,
    form: Readonly<Record<string, string>>,
    headers: Readonly<Record<string, string>> = {'sec-fetch-site': 'same-origin'},
  ): Promise<Response> {
    return this.#visit(path, {method: 'POST', headers, body: new URLSearchParams(form)});
  }

  async logIn(): Promise<void> {
    const answer = await this.post('/login', {secret: MANAGER_SECRET, to: '/'});
    this.#cookie = (answer.headers.get('set-cookie') ?? '').split(';')[0] ?? '';
  }

  /** As the header has it. */
  get cookie(): string {
    return this.#cookie;
  }

  #visit(
    path: string,
    {headers, ...init}: RequestInit & {headers: Readonly<Record<string, string>>},
  ): Promise<Response> {
    return fetch(new URL(path, this.system.urls.api), {
      ...init,
      redirect: 'manual',
      headers: {Accept: 'text/html,*/*;q=0.8', ...(this.#cookie ? {cookie: this.#cookie} : {}), ...headers},
    });
  }
}

/** What the page would post to GitHub. */
export interface Posted {
  readonly action: URL;
  readonly state: string;
  readonly manifest: Manifest;
}

/** Sends the form for an App of `acme`, unless `form` says otherwise. */
export async function begin(
  by: Visitor,
  form: Readonly<Record<string, string>> = {},
  headers?: Readonly<Record<string, string>>,
): Promise<Posted> {
  const answer = await by.post('/setup', {kind: 'organization', owner: 'acme', ...form}, headers);
  const html = await answer.text();
  expect([answer.status, html]).toEqual([200, expect.stringContaining('name="manifest"')]);
  const text = (pattern: RegExp) =>
    (pattern.exec(html)?.[1] ?? '').replaceAll('&quot;', '"').replaceAll('&#39;', "'").replaceAll('&amp;', '&');
  const action = new URL(text(/<form method="post" action="([^"]+)"/));
  const state = action.searchParams.get('state') ?? '';
  return {action, state, manifest: JSON.parse(text(/name="manifest" value="([^"]+)"/))};
}

/** GitHub's part: the owner agrees to the manifest. The path to which the browser is led. */
export function agree({github: {accounts, manifests}}: TestSystem, {manifest, state}: Posted): string {
  const code = manifests.agree(manifests.read(JSON.stringify(manifest)), accounts.organization('acme'));
  return `/setup/callback?code=${code}&state=${state}`;
}
