import type {AnySchema} from 'ajv/dist/2020';
import Ajv2020 from 'ajv/dist/2020';
import type {Browser} from 'playwright-core';
import {aSystem, type TestSystem} from '../builders/system';
import {MANAGER_SECRET} from '../emulators/system';
import {launch, openWatched, requireChromium, type WatchedPage} from './chromium';
import {ApiClient} from './client';

jest.setTimeout(120_000);

const {env} = process;
const chromium = requireChromium(env);

let system: TestSystem;
let api: ApiClient;

beforeAll(async () => {
  system = await aSystem();
  api = new ApiClient(system.urls.api);
});
afterAll(() => system.close());

test('the document is OpenAPI 3.1, and each operation has a unique id and a description', async () => {
  const document = (await api.get('/openapi.json', {secret: null})).json as unknown as {
    openapi: string;
    paths: Record<
      string,
      Record<string, {operationId: string; summary: string; tags: string[]; responses: object; security: object[]}>
    >;
  };
  expect(document.openapi).toMatch(/^3\.1\./);
  const operations = Object.values(document.paths).flatMap((path) => Object.values(path));
  const ids = operations.map(({operationId}) => operationId);
  expect(new Set(ids).size).toBe(ids.length);
  for (const {operationId, summary, tags, responses} of operations) {
    expect([operationId, summary.length > 3, tags.length, Object.keys(responses).length > 2]).toEqual([
      operationId,
      true,
      1,
      true,
    ]);
  }
  const named = Object.entries(document.paths).flatMap(([path, methods]) =>
    Object.keys(methods).map((method) => `${method} ${path}`),
  );
  for (const operation of [
    'get /',
    'get /health',
    'get /ping',
    'post /health_check',
    'get /status',
    'post /runner/start',
    'post /runner/stop',
    'get /runners',
    'get /runners/{id}',
    'get /api/v1/runners',
    'post /api/v1/runners',
    'delete /api/v1/runners/{id}',
    'get /jobs',
    'get /deadletters',
    'post /api/v1/deadletters/{id}/retry',
    'get /openapi.json',
  ]) {
    expect(named).toContain(operation);
  }
  expect(document.paths['/status']?.['get']?.security).toEqual([{secret: []}]);
  expect(document.paths['/health']?.['get']?.security).toEqual([{}, {secret: []}]);
});

test('the schemas of the document are JSON Schemas', async () => {
  const document = (await api.document()) as {components: {schemas: Record<string, AnySchema>}};
  const ajv = new Ajv2020({strict: false, allErrors: true});
  const schemas = Object.entries(document.components.schemas);
  expect(schemas.length).toBeGreaterThan(20);
  for (const [name, schema] of schemas)
    expect([name, ajv.validateSchema(schema), ajv.errors]).toEqual([name, true, null]);
});

test.each(['docs/swagger-ui-bundle.js', 'redoc/redoc.standalone.js', 'docs/swagger-ui.css', 'docs/page.js'])(
  'browsers may cache %s',
  async (path) => {
    const first = await fetch(system.urls.api + path);
    expect(first.status).toBe(200);
    expect(first.headers.get('cache-control')).toBe('public, max-age=86400');
    const etag = first.headers.get('etag');
    if (!etag) return;
    expect((await fetch(system.urls.api + path, {headers: {'if-none-match': etag}})).status).toBe(304);
  },
);

test.each(['docs', 'redoc'])('/%s/ redirects to the page', async (name) => {
  const response = await fetch(`${system.urls.api}${name}/`);
  expect([response.status, response.url]).toEqual([200, `${system.urls.api}${name}`]);
});

const describeInBrowser = chromium ? describe : describe.skip;

describeInBrowser('in a browser', () => {
  let browser: Browser;
  let watched: WatchedPage;

  beforeAll(async () => {
    if (chromium) browser = await launch(chromium);
  });
  afterAll(() => browser.close());

  beforeEach(async () => {
    watched = await openWatched(browser);
  });
  afterEach(async () => {
    expect(watched.trouble).toEqual([]);
    expect([...watched.hosts]).toEqual([new URL(system.urls.api).host]);
    await watched.page.close();
  });

  test('Swagger UI shows the operations, and sends GET /health, and GET /status with the secret', async () => {
    const {page} = watched;
    const answer = await page.goto(`${system.urls.api}docs`);
    expect(answer?.headers()['content-security-policy']).toContain("default-src 'none'");

    const health = page.locator('#operations-health-getHealth');
    await health.locator('.opblock-summary').first().click();
    await health.getByRole('button', {name: 'Try it out'}).click();
    await health.getByRole('button', {name: 'Execute'}).click();
    const live = health.locator('.live-responses-table');
    await live.waitFor();
    expect(await live.locator('.response-col_status').last().textContent()).toContain('200');
    expect(await live.textContent()).toContain('healthy');

    await page.locator('.auth-wrapper .authorize').click();
    const secret = page.locator('.auth-container', {hasText: 'X-Runner-Secret'});
    await secret.locator('input').fill(MANAGER_SECRET);
    await secret.locator('.auth-btn-wrapper .authorize').click();
    await secret.locator('.auth-btn-wrapper .btn-done').click();
    const status = page.locator('#operations-overview-getStatus');
    await status.locator('.opblock-summary').first().click();
    await status.getByRole('button', {name: 'Try it out'}).click();
    await status.getByRole('button', {name: 'Execute'}).click();
    const answered = status.locator('.live-responses-table');
    await answered.waitFor();
    expect(await answered.textContent()).toContain('max_concurrent');
  });

  test('Redoc shows the operations', async () => {
    const {page} = watched;
    await page.goto(`${system.urls.api}redoc`);
    await page.getByRole('heading', {name: 'Gets runners, queued jobs, limits and failures'}).first().waitFor();
    expect(await page.getByText('X-Runner-Secret').count()).toBeGreaterThan(0);
    await page.waitForLoadState('networkidle');
  });
});
