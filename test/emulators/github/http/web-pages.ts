import type {Account} from '../account';
import type {GitHubWorld} from '../model';
import {GitHubRefusal, notFound} from '../refusal';
import type {ReceivedRequest} from './answer';
import type {Answer} from './call';

/**
 * GitHub's pages that make an App from a manifest and install it, for a browser in which somebody is logged in: an owner of every organization.
 * Undefined: no such page.
 */
export function webPage(world: GitHubWorld, request: ReceivedRequest): Answer | undefined {
  const {pathname} = request.url;
  const [, org] = /^\/organizations\/([^/]+)\/settings\/apps\/new$/.exec(pathname) ?? [];
  const [, slug] = /^\/apps\/([^/]+)\/installations\/new$/.exec(pathname) ?? [];
  try {
    if (org !== undefined) return newApp(world, request, world.accounts.organization(org));
    if (pathname === '/settings/apps/new') return newApp(world, request, world.accounts.person());
    if (slug !== undefined) return installApp(world, request, slug);
  } catch (error) {
    if (!(error instanceof GitHubRefusal)) throw error;
    return page(error.status, 'GitHub refuses', `<p>${escaped(error.message)}</p>`);
  }
  return undefined;
}

/** A posted manifest is shown first; the button makes the App and leads back with a code. */
function newApp(world: GitHubWorld, {method, url, body}: ReceivedRequest, owner: Account): Answer {
  if (method !== 'POST') throw notFound();
  const fields = new URLSearchParams(body.toString('utf8'));
  const manifest = world.manifests.read(fields.get('manifest') ?? 'null');
  const state = url.searchParams.get('state');
  if (!fields.has('agreed')) {
    return page(
      200,
      `Create GitHub App for ${owner.login}`,
      `<form method="post">
<input type="hidden" name="manifest" value="${escaped(JSON.stringify(manifest))}">
<input type="hidden" name="agreed" value="yes">
<button>Create GitHub App for ${escaped(owner.login)}</button>
</form>`,
    );
  }
  const back = new URL(manifest.redirect_url);
  back.searchParams.set('code', world.manifests.agree(manifest, owner));
  if (state !== null) back.searchParams.set('state', state);
  return {status: 302, headers: {location: back.href}, body: ''};
}

function installApp(world: GitHubWorld, {method, body}: ReceivedRequest, slug: string): Answer {
  if (slug !== world.app.slug) throw notFound();
  if (method === 'POST') {
    const login = new URLSearchParams(body.toString('utf8')).get('account') ?? '';
    return {status: 302, headers: {location: world.manifests.install(login)}, body: ''};
  }
  const buttons = world.accounts
    .all()
    .map(({login}) => `<button name="account" value="${escaped(login)}">Install on ${escaped(login)}</button>`);
  return page(200, `Install ${slug}`, `<form method="post">${buttons.join('\n')}</form>`);
}

function page(status: number, title: string, body: string): Answer {
  return {
    status,
    headers: {'content-type': 'text/html; charset=utf-8'},
    body: `<!doctype html><html lang="en"><head><title>${escaped(title)}</title><link rel="icon" href="data:,"></head><body><h1>${escaped(title)}</h1>${body}</body></html>`,
  };
}

function escaped(text: string): string {
  return text.replaceAll('&', '&amp;').replaceAll('"', '&quot;').replaceAll('<', '&lt;');
}
