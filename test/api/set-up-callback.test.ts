import {type BuiltPages, buildThePages} from '../builders/built-pages';
import {agree, begin, Visitor} from '../builders/set-up';
import {MINUTE} from '../builders/system';
import {APP_SECRETS, aSystemWithoutApp, type SystemWithoutApp} from '../builders/without-app';

jest.setTimeout(60_000);

const HOUR = 60 * MINUTE;

let pages: BuiltPages;
let system: SystemWithoutApp;
let visitor: Visitor;

beforeAll(() => {
  pages = buildThePages();
});
afterAll(() => pages.remove());

beforeEach(async () => {
  system = await aSystemWithoutApp(pages);
  visitor = new Visitor(system);
  await visitor.logIn();
});
afterEach(async () => {
  await system.close();
  expect(system.github.violations).toEqual([]);
});

const kept = () =>
  [APP_SECRETS.id, APP_SECRETS.key, APP_SECRETS.webhook].map((name) => system.secrets.payloads(name).length);

test('key, webhook secret and id are kept in this order, and shown nowhere', async () => {
  const answer = await visitor.get(agree(system, await begin(visitor)));
  const html = await answer.text();
  expect(answer.status).toBe(200);
  expect(html).toContain(`content="0; url=${system.github.webUrl}/apps/slipway-acme/installations/new"`);
  expect(system.secrets.requests.filter((request) => request.startsWith('POST'))).toEqual([
    `POST /v1/${APP_SECRETS.key}:addVersion`,
    `POST /v1/${APP_SECRETS.webhook}:addVersion`,
    `POST /v1/${APP_SECRETS.id}:addVersion`,
  ]);
  expect(system.secrets.payloads(APP_SECRETS.id)).toEqual([String(system.github.app.id)]);
  expect(system.secrets.payloads(APP_SECRETS.key)).toEqual([system.github.app.privateKeyPem]);
  const [hook] = system.github.deliveries.hooks();
  expect(system.secrets.payloads(APP_SECRETS.webhook)).toEqual(['seeded-at-random', hook?.secret]);
  const seen = `${html}${system.log.join('')}`;
  expect(seen).not.toContain('PRIVATE KEY');
  expect(seen).not.toContain(String(hook?.secret));
});

test('an App without a webhook secret gets one', async () => {
  system.github.manifests.makesNoSecret = true;
  expect((await visitor.get(agree(system, await begin(visitor)))).status).toBe(200);
  const [hook] = system.github.deliveries.hooks();
  expect(hook?.secret).toMatch(/^[\w-]{36,}$/);
  expect(system.secrets.payloads(APP_SECRETS.webhook).at(-1)).toBe(hook?.secret);
});

test('one answer of Secret Manager that is lost does not cost the App', async () => {
  system.secrets.refusals.push({httpStatus: 503, status: 'UNAVAILABLE'});
  expect((await visitor.get(agree(system, await begin(visitor)))).status).toBe(200);
  expect(kept()).toEqual([1, 1, 2]);
});

test('where GitHub breaks off, the page says so, and nothing is kept', async () => {
  system.github.fault({match: {method: 'POST', path: /conversions$/}, respond: 'lose-response'});
  const answer = await visitor.get(agree(system, await begin(visitor)));
  expect([answer.status, await answer.text()]).toEqual([503, expect.stringMatching(/delete it[\s\S]*Begin again/)]);
  expect(kept()).toEqual([0, 0, 1]);
});

test('without a session the callback opens itself again, spends nothing, and ends at the form', async () => {
  const path = agree(system, await begin(visitor));
  const stranger = new Visitor(system);
  const again = await stranger.get(path, {'sec-fetch-site': 'cross-site'});
  const url = /http-equiv="refresh" content="0; url=([^"]+)"/.exec(await again.text())?.[1]?.replaceAll('&amp;', '&');
  expect(again.status).toBe(200);
  expect(new URL(url ?? '', new URL(path, system.urls.api)).href).toBe(new URL(path, system.urls.api).href);
  const host = new URL(system.urls.api).origin;
  for (const headers of [{'sec-fetch-site': 'same-origin'}, {referer: `${host}/setup/callback`}]) {
    const form = await (await stranger.get(path, headers as Record<string, string>)).text();
    expect(form).toContain(`name="to" value="${path.replaceAll('&', '&amp;')}"`);
  }
  expect(kept()).toEqual([0, 0, 1]);
  expect((await visitor.get(path)).status).toBe(200);
});

test.each<[string, (path: string) => Promise<Response>]>([
  ['a reused state', async (path) => (await visitor.get(path)) && visitor.get(path)],
  ['a made-up state', (path) => visitor.get(path.replace(/state=.*/, 'state=made-up'))],
  ['no state', (path) => visitor.get(path.replace(/&state=.*/, ''))],
  ['no code', (path) => visitor.get(path.replace(/code=[^&]+&/, ''))],
  ['a state that is older than an hour', (path) => system.pass(HOUR).then(() => visitor.get(path))],
  [
    'the state of another session',
    async (path) => {
      const other = new Visitor(system);
      await other.logIn();
      return other.get(path);
    },
  ],
])('%s changes nothing', async (what, visit) => {
  const answer = await visit(agree(system, await begin(visitor)));
  expect(answer.status).toBe(403);
  expect(await answer.text()).toContain('Begin again');
  expect(kept()).toEqual(what === 'a reused state' ? [1, 1, 2] : [0, 0, 1]);
});

test('a foreign session does not use the state up', async () => {
  const path = agree(system, await begin(visitor));
  const other = new Visitor(system);
  await other.logIn();
  expect((await other.get(path)).status).toBe(403);
  expect((await visitor.get(path)).status).toBe(200);
});

test('a code that GitHub does not know ends in words, and nothing is kept', async () => {
  const {state} = await begin(visitor);
  const answer = await visitor.get(`/setup/callback?code=unknown&state=${state}`);
  expect([answer.status, await answer.text()]).toEqual([502, expect.stringContaining('GitHub answered 404')]);
  expect(kept()).toEqual([0, 0, 1]);
});

test.each([
  ['GITHUB_APP_PRIVATE_KEY', APP_SECRETS.key],
  ['GITHUB_WEBHOOK_SECRET', APP_SECRETS.webhook],
  ['GITHUB_APP_ID', APP_SECRETS.id],
])('where %s cannot be written, the page names it and leads to the App’s deletion', async (variable, secret) => {
  system.secrets.sealed.add(secret);
  const answer = await visitor.get(agree(system, await begin(visitor)));
  const html = await answer.text();
  expect(answer.status).toBe(502);
  expect(html).toContain(`${variable} cannot be kept in ${secret}`);
  expect(html).toContain('roles/secretmanager.secretVersionAdder');
  expect(html).toContain(`${system.github.webUrl}/organizations/acme/settings/apps/slipway-acme/advanced`);
  expect(`${html}${system.log.join('')}`).not.toContain('PRIVATE KEY');
  expect(system.secrets.payloads(APP_SECRETS.id)).toEqual([]);
  // It can be begun again.
  system.secrets.sealed.clear();
  expect((await visitor.get(agree(system, await begin(visitor)))).status).toBe(200);
});

test('a configured App is replaced on purpose alone', async () => {
  const late = agree(system, await begin(visitor));
  expect((await visitor.get(agree(system, await begin(visitor)))).status).toBe(200);
  const first = system.github.app.id;
  expect(await (await visitor.get('/setup')).text()).toContain('name="replace"');
  const refused = await visitor.post('/setup', {kind: 'organization', owner: 'acme'});
  expect([refused.status, await refused.text()]).toEqual([409, expect.stringContaining('Tick the box')]);
  expect((await visitor.get(late)).status).toBe(409);
  expect((await visitor.get(agree(system, await begin(visitor, {replace: 'yes'})))).status).toBe(200);
  expect(system.secrets.payloads(APP_SECRETS.id)).toEqual([String(first), String(system.github.app.id)]);
});

test('a secret that cannot be looked at offers nothing', async () => {
  system.secrets.failure = {httpStatus: 503, status: 'UNAVAILABLE'};
  const answer = await visitor.get('/setup');
  expect([answer.status, await answer.text()]).toEqual([503, expect.not.stringContaining('<form')]);
});

test('what is installed is read as the App, whatever the query says', async () => {
  expect((await visitor.get(agree(system, await begin(visitor)))).status).toBe(200);
  const none = await (await visitor.get('/setup/done?installation_id=7&setup_action=install')).text();
  expect(none).toContain('The App is installed on no account yet');
  system.github.app.install(system.github.accounts.organization('acme'));
  const done = await (await visitor.get('/setup/done?installation_id=7')).text();
  expect(done).toContain('The App is installed on acme.');
  expect(done).toContain('app.installations');
});
