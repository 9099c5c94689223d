import {PER_MINUTE} from '../../shared/api/rate-limits';
import {linkToken} from '../../shared/api/session';
import {Secret} from '../../shared/secret';
import {type BuiltPages, buildThePages} from '../builders/built-pages';
import {aSystem, MINUTE, type TestSystem} from '../builders/system';
import {MANAGER_SECRET} from '../emulators/system';

jest.setTimeout(60_000);

const HOUR = 60 * MINUTE;

let pages: BuiltPages;
let system: TestSystem;

beforeAll(() => {
  pages = buildThePages();
});
afterAll(() => pages.remove());

beforeEach(async () => {
  system = await aSystem({pageFiles: pages.read});
});
afterEach(() => system.close());

interface Sent {
  readonly method?: string;
  readonly headers?: Readonly<Record<string, string>>;
  readonly form?: Readonly<Record<string, string>>;
}

/** Asks as a browser does, without following redirects. */
function visit(path: string, {method = 'GET', headers = {}, form}: Sent = {}): Promise<Response> {
  return fetch(new URL(path, system.urls.api), {
    method,
    redirect: 'manual',
    headers: {Accept: 'text/html,application/xhtml+xml,*/*;q=0.8', ...headers},
    ...(form ? {body: new URLSearchParams(form)} : {}),
  });
}

/** Logs in; the value of the cookie, as `name=value`. */
async function logIn(secret = MANAGER_SECRET, to = '/'): Promise<string> {
  const response = await visit('/login', {method: 'POST', form: {secret, to}});
  expect(response.status).toBe(303);
  return (response.headers.get('set-cookie') ?? '').split(';')[0] ?? '';
}

test('a browser without a session gets the form, and scripts get what they got before', async () => {
  const form = await visit('/');
  expect(form.status).toBe(200);
  expect(await form.text()).toContain('type="password"');
  expect(form.headers.get('cache-control')).toBe('no-store');
  expect((await visit('/', {headers: {Accept: 'application/json'}})).status).toBe(401);
  expect((await visit('/', {headers: {Accept: '*/*'}})).status).toBe(401);
});

test('the secret begins a session of eight hours, which reads and changes like the secret', async () => {
  const response = await visit('/login', {method: 'POST', form: {secret: MANAGER_SECRET, to: '/'}});
  expect(response.headers.get('location')).toBe('/');
  const cookie = response.headers.get('set-cookie') ?? '';
  expect(cookie).toMatch(/; HttpOnly/);
  expect(cookie).toMatch(/; SameSite=Strict/);
  // Served on loopback without TLS.
  expect(cookie).not.toMatch(/Secure/);
  expect(cookie).not.toContain(MANAGER_SECRET);
  const session = await logIn();
  expect(await (await visit('/', {headers: {cookie: session}})).text()).toContain('id="app"');
  const headers = {cookie: session, Accept: 'application/json'};
  expect((await visit('/status', {headers})).status).toBe(200);
  await system.pass(8 * HOUR - MINUTE);
  expect((await visit('/status', {headers})).status).toBe(200);
  await system.pass(2 * MINUTE);
  expect((await visit('/status', {headers})).status).toBe(401);
});

test('the cookie is sent over TLS only, unless the page is on the person’s own machine', async () => {
  const form = {secret: MANAGER_SECRET, to: '/'};
  const through = async (origin: string) =>
    (await visit('/login', {method: 'POST', form, headers: {origin, 'sec-fetch-site': 'same-origin'}})).headers.get(
      'set-cookie',
    );
  expect(await through('https://api-abc.run.app')).toMatch(/; Secure/);
  expect(await through('http://localhost:8080')).not.toMatch(/Secure/);
  expect(await through('http://localhost.example.com')).toMatch(/; Secure/);
});

test.each([
  ['another secret', 'wrong'],
  ['no secret', ''],
])('with %s the form says so', async (_what, secret) => {
  const response = await visit('/login', {method: 'POST', form: {secret, to: '/'}});
  expect(response.status).toBe(401);
  expect(response.headers.get('set-cookie')).toBeNull();
  expect(await response.text()).toContain('This is not the secret.');
});

test.each(['https://evil.example/', '//evil.example/', '/\\evil.example', 'javascript:alert(1)', '/"><script>'])(
  'the login does not lead to %s',
  async (to) => {
    const response = await visit('/login', {method: 'POST', form: {secret: MANAGER_SECRET, to}});
    expect(response.headers.get('location')).toBe('/');
    const form = await visit(`/login?to=${encodeURIComponent(to)}`);
    expect(await form.text()).toContain('name="to" value="/"');
  },
);

test('a session changes nothing for a page of another site', async () => {
  const session = await logIn();
  const retry = (headers: Record<string, string>) =>
    visit('/pools/arm/test', {method: 'POST', headers: {cookie: session, Accept: 'application/json', ...headers}});
  const own = new URL(system.urls.api).origin;
  expect((await retry({})).status).toBe(403);
  expect((await retry({'sec-fetch-site': 'cross-site', origin: 'https://evil.example'})).status).toBe(403);
  expect((await retry({'sec-fetch-site': 'same-site', origin: `${own}0`})).status).toBe(403);
  // The pool serves many repositories, so that the request is understood and refused for another reason.
  expect((await retry({'sec-fetch-site': 'same-origin'})).status).toBe(400);
  expect((await retry({origin: own})).status).toBe(400);
  expect((await visit('/logout', {method: 'POST', headers: {cookie: session}})).status).toBe(403);
});

test.each([{'sec-fetch-site': 'cross-site'}, {origin: 'https://evil.example'}])(
  'the form of another page is refused before its secret is looked at: %j',
  async (headers) => {
    for (let n = 0; n < 12; n++) {
      const response = await visit('/login', {method: 'POST', form: {secret: 'wrong', to: '/'}, headers});
      expect(response.status).toBe(403);
    }
    // It has used up no try of this address.
    expect(await logIn()).toContain('slipway_session=');
  },
);

test('a wrong secret is not made good by a session', async () => {
  const session = await logIn();
  const headers = {cookie: session, 'x-runner-secret': 'wrong', Accept: 'application/json'};
  expect((await visit('/status', {headers})).status).toBe(401);
});

test.each([
  ['a longer life', (value: string) => value.replace(/^\d+/, (end) => String(Number(end) + 1))],
  ['another nonce', (value: string) => value.replace(/\.[^.]+\./, '.another.')],
  ['no signature', (value: string) => value.replace(/\.[^.]+$/, '')],
  ['the token of a link', () => linkToken(new Secret(MANAGER_SECRET), system.scheduler.now() + MINUTE, 'n')],
])('a session with %s is none', async (_what, forge) => {
  const [name, value = ''] = (await logIn()).split('=');
  const forged = forge(decodeURIComponent(value));
  const headers = {cookie: `${name}=${encodeURIComponent(forged)}`, Accept: 'application/json'};
  expect((await visit('/status', {headers})).status).toBe(401);
});

test('logging out ends the session in the browser', async () => {
  const session = await logIn();
  const response = await visit('/logout', {
    method: 'POST',
    headers: {cookie: session, origin: new URL(system.urls.api).origin},
  });
  expect(response.status).toBe(303);
  expect(response.headers.get('set-cookie')).toMatch(/^slipway_session=; Max-Age=0/);
});

test('a link logs in once, and not after its time', async () => {
  const now = system.scheduler.now();
  const secret = new Secret(MANAGER_SECRET);
  const link = (untilMs: number, by = secret) => visit(`/login?once=${linkToken(by, untilMs, 'nonce')}`);
  const first = await link(now + 10 * MINUTE);
  expect([first.status, first.headers.get('location')]).toEqual([303, './']);
  expect(first.headers.get('set-cookie')).toContain('slipway_session=');
  expect((await link(now + 10 * MINUTE)).status).toBe(401);
  expect((await link(now - 1)).status).toBe(401);
  expect((await link(now + 2 * HOUR)).status).toBe(401);
  expect(await link(now + 9 * MINUTE, new Secret('another')).then(({status}) => status)).toBe(401);
});

test('the pages load nothing from elsewhere, and their files may be kept for ever', async () => {
  const form = await visit('/');
  const csp = form.headers.get('content-security-policy') ?? '';
  expect(csp).toContain("default-src 'none'");
  expect(csp).not.toContain('unsafe');
  const page = await visit('/', {headers: {cookie: await logIn()}});
  const html = await page.text();
  expect(html).not.toMatch(/(src|href)="(https?:)?\/\//);
  const paths = [...html.matchAll(/(?:src|href)="([^"]+)"/g)].map(([, path = '']) => path);
  expect(paths.length).toBe(3);
  for (const path of paths) {
    const packed = await visit(path, {headers: {'accept-encoding': 'br'}});
    expect([packed.status, packed.headers.get('content-encoding')]).toEqual([200, 'br']);
    expect(packed.headers.get('cache-control')).toContain('immutable');
    const plain = await visit(path, {headers: {'accept-encoding': 'identity'}});
    expect(plain.headers.get('content-encoding')).toBeNull();
    expect(await plain.text()).toBe(await packed.text());
  }
});

test('the script of the first paint has at most 100 KB compressed', async () => {
  const built = await pages.read();
  const script = built?.files[built.script]?.compressed.gzip?.length ?? Number.POSITIVE_INFINITY;
  expect(script).toBeLessThan(100 * 1024);
});

test('without built pages a browser is told what to do, and everything else works', async () => {
  const bare = await aSystem();
  try {
    const headers = {Accept: 'text/html'};
    const answer = await fetch(bare.urls.api, {headers});
    expect(answer.status).toBe(404);
    expect(await answer.text()).toContain('npm run build');
  } finally {
    await bare.close();
  }
});

test('wrong secrets of the form count with those of the header: after ten none is looked at', async () => {
  const guess = async () => (await visit('/login', {method: 'POST', form: {secret: 'a-guess', to: '/'}})).status;
  for (let i = 0; i < 5; i++) expect(await guess()).toBe(401);
  const headers = {'x-runner-secret': 'a-guess', Accept: 'application/json'};
  for (let i = 0; i < 5; i++) expect((await visit('/jobs', {headers})).status).toBe(401);
  expect(await guess()).toBe(429);
  const right = await visit('/login', {method: 'POST', form: {secret: MANAGER_SECRET, to: '/'}});
  expect([right.status, right.headers.get('retry-after')]).toEqual([429, '600']);
  const form = await right.text();
  expect(form).toContain('Too many wrong secrets were sent, and none is looked at now. Try again in 10 minutes.');
  expect(form).toContain('type="password"');
  const headersOfScript = {Accept: 'application/json'};
  const script = await visit('/login', {method: 'POST', form: {secret: 'a-guess', to: '/'}, headers: headersOfScript});
  expect([script.status, script.headers.get('content-type')]).toEqual([429, expect.stringContaining('problem+json')]);
  await system.pass(10 * MINUTE);
  expect(await logIn()).not.toBe('');
});

test('sessions have 300 requests a minute each, whatever else their browsers send', async () => {
  const limited = await aSystem({pageFiles: pages.read, perMinute: PER_MINUTE});
  await system.close();
  system = limited;
  const [one, two] = [await logIn(), await logIn()];
  const status = async (cookie: string, i: number) =>
    (await visit('/jobs', {headers: {cookie: `other=${i}; ${cookie}`}})).status;
  for (let i = 0; i < 300; i++) expect(await status(one, i)).toBe(200);
  expect([await status(one, 300), await status(two, 0)]).toEqual([429, 200]);
});
