import {type BuiltPages, buildThePages} from '../builders/built-pages';
import {begin, Visitor} from '../builders/set-up';
import {APP_SECRETS, aSystemWithoutApp, type SystemWithoutApp} from '../builders/without-app';
import {ApiClient} from './client';

jest.setTimeout(60_000);

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

async function reopen(options: Parameters<typeof aSystemWithoutApp>[1]): Promise<void> {
  await system.close();
  system = await aSystemWithoutApp(pages, options);
  visitor = new Visitor(system);
  await visitor.logIn();
}

test('the set-up needs the session of a browser', async () => {
  const stranger = new Visitor(system);
  const form = await stranger.get('/setup');
  expect(await form.text()).toContain('name="to" value="/setup"');
  expect((await stranger.get('/setup', {Accept: 'application/json'})).status).toBe(401);
  expect((await stranger.get('/setup', {Accept: 'application/json, */*;q=0.1'})).status).toBe(401);
  const anything = await stranger.get('/setup', {Accept: '*/*'});
  expect([anything.status, await anything.text()]).toEqual([200, expect.stringContaining('type="password"')]);
  expect(await (await stranger.post('/setup', {owner: 'acme'})).text()).toContain('type="password"');
  expect((await stranger.post('/setup/callback', {})).headers.get('set-cookie')).toBeNull();
});

test('before the set-up nothing that api answers is an error', async () => {
  const api = new ApiClient(system.urls.api);
  expect(await api.get('/health')).toMatchObject({status: 200, json: {status: 'healthy'}});
  expect(await api.get('/status')).toMatchObject({status: 200});
  expect(await api.get('/explain?job=7')).toMatchObject({status: 200});
  const {json} = await api.get('/doctor');
  const findings = json['findings'] as {check: string; status: string; because: string; do: string}[];
  const found = (name: string) => findings.find(({check}) => check === name);
  expect(found('app.key')).toMatchObject({
    status: 'warning',
    because: 'no GitHub App is configured yet',
    do: expect.stringMatching(/^Open http:.*[/]setup in a browser[.]$/),
  });
  expect(found('app.installations')).toMatchObject({status: 'skipped'});
  expect(found('secrets')).toMatchObject({status: 'ok'});
});

test('before the set-up a sweep sees nothing, and nothing fails', async () => {
  expect(await system.sweep()).toMatchObject({status: 'done', failed: {}});
  const {json} = await new ApiClient(system.urls.api).get('/status');
  expect(json).toMatchObject({
    github_app: 'missing',
    last_sweep: {complete: false, because: expect.stringContaining('the list of repositories')},
  });
  const lines = system.log.map((line) => JSON.parse(line) as {severity: string; message: string});
  expect(lines.filter(({severity}) => severity === 'ERROR')).toEqual([]);
});

test.each([
  ['GITHUB_APP_ID', {GITHUB_APP_ID: '17'}],
  ['GITHUB_APP_ID', {GITHUB_APP_ID: `${APP_SECRETS.id}/versions/1`}],
  ['GITHUB_APP_PRIVATE_KEY', {GITHUB_APP_PRIVATE_KEY: 'file:/key.pem'}],
  ['GITHUB_WEBHOOK_SECRET', {GITHUB_WEBHOOK_SECRET: 'the-webhook-secret'}],
  ['WEBHOOK_URL', {WEBHOOK_URL: ''}],
  ['API_URL', {API_URL: ''}],
])('without a fitting %s the page says so and offers nothing', async (name, env) => {
  await reopen({env});
  const html = await (await visitor.get('/setup')).text();
  expect(html).toContain(`<code>${name}</code>`);
  expect(html).not.toContain('<form');
  expect((await visitor.post('/setup', {kind: 'organization', owner: 'acme'})).status).toBe(409);
});

const REPOSITORY = '{repo: acme/app, requires: [linux], provider: {type: gce, template: t, region: us-central1}}';
const ORGANIZATION = REPOSITORY.replace('repo: acme/app', 'org: acme');

test.each([
  ['a repository', REPOSITORY, {actions: 'read', administration: 'write'}],
  ['an organization', ORGANIZATION, {actions: 'read', organization_self_hosted_runners: 'write'}],
  [
    'both, with reruns',
    `${REPOSITORY.replace('{repo', '{name: one, rerunOnPreemption: true, repo')}, ${ORGANIZATION.replace('{org', '{name: two, org')}`,
    {actions: 'write', administration: 'write', organization_self_hosted_runners: 'write'},
  ],
])('the manifest asks for what pools of %s need, and for no more', async (_what, pools, permissions) => {
  await reopen({pools: `pools: [${pools}]`});
  const {manifest, action} = await begin(visitor);
  const root = system.urls.api.replace(/[/]$/, '');
  expect(manifest).toEqual({
    name: 'slipway-acme',
    url: root,
    description: expect.any(String),
    public: false,
    hook_attributes: {url: system.urls.webhook, active: true},
    redirect_url: `${root}/setup/callback`,
    setup_url: `${root}/setup/done`,
    default_permissions: {metadata: 'read', ...permissions},
    default_events: ['workflow_job'],
  });
  expect(action.pathname).toBe('/organizations/acme/settings/apps/new');
});

test('a person’s App is made in the person’s settings, and a long name is cut', async () => {
  const owner = 'a'.repeat(39);
  const {manifest, action} = await begin(visitor, {kind: 'person', owner});
  expect(action.pathname).toBe('/settings/apps/new');
  expect(manifest.name).toBe(`slipway-${'a'.repeat(26)}`);
});

test('GitHub leads back to where the browser is: to the person’s own machine through a proxy, else to API_URL', async () => {
  await reopen({env: {API_URL: 'https://slipway-api.example/'}});
  const through = async (origin: string) =>
    (await begin(visitor, {}, {origin, 'sec-fetch-site': 'same-origin'})).manifest.redirect_url;
  expect(await through('http://localhost:8080')).toBe('http://localhost:8080/setup/callback');
  expect(await through('https://slipway-api.example')).toBe('https://slipway-api.example/setup/callback');
  expect(await through('http://localhost.evil.example')).toBe('https://slipway-api.example/setup/callback');
});

test('the page posts to GitHub alone', async () => {
  const answer = await visitor.post('/setup', {kind: 'organization', owner: 'acme'});
  const csp = answer.headers.get('content-security-policy') ?? '';
  expect(csp).toContain(`form-action ${new URL(system.github.webUrl).origin};`);
  expect(csp).not.toContain('unsafe');
});

test.each([
  ['another site’s page', {owner: 'acme'}, {'sec-fetch-site': 'cross-site', origin: 'https://evil.example'}, 403],
  ['a page that hides where it is from', {owner: 'acme'}, {}, 403],
  ['no owner', {owner: ''}, undefined, 400],
  ['an owner that is no login', {owner: 'acme/../evil'}, undefined, 400],
])('%s begins nothing', async (_what, form, headers, status) => {
  const answer = await visitor.post('/setup', {kind: 'organization', ...form}, headers);
  expect(answer.status).toBe(status);
  expect(await answer.text()).not.toContain('name="manifest"');
});

test.each([
  ['DELETE', '/setup'],
  ['HEAD', '/setup/callback?code=a&state=b'],
  ['POST', '/setup/done'],
])('%s %s is no way in', async (method, path) => {
  const {cookie} = visitor;
  const answer = await fetch(new URL(path, system.urls.api), {method, headers: {cookie, Accept: 'text/html'}});
  expect(answer.status).toBe(405);
});
