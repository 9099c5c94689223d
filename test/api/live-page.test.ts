import type {Browser, Page} from 'playwright-core';
import {type BuiltPages, buildThePages} from '../builders/built-pages';
import {aSystem, MINUTE, type TestSystem} from '../builders/system';
import {MANAGER_SECRET} from '../emulators/system';
import {launch, openWatched, requireChromium, violationsOf, type WatchedPage} from './chromium';

jest.setTimeout(120_000);

const {env} = process;
const chromium = requireChromium(env);

const POOLS = `
pools:
  - name: small
    repo: acme/app
    requires: [self-hosted, linux]
    maxRunners: 1
    provider: {type: gce, template: runner-arm64, region: us-central1, zones: [us-central1-a]}
  - name: build
    repo: acme/app
    requires: [self-hosted, build]
    provider: {type: gce-vm, instance: builder, zone: us-central1-a}
`;

(chromium ? describe : describe.skip)('the live page in Chromium', () => {
  let browser: Browser;
  let pages: BuiltPages;
  let system: TestSystem;
  let watched: WatchedPage;
  let page: Page;

  beforeAll(async () => {
    pages = buildThePages();
    if (chromium) browser = await launch(chromium);
  });
  afterAll(async () => {
    await browser.close();
    pages.remove();
  });

  beforeEach(async () => {
    system = await aSystem({pools: POOLS, pageFiles: pages.read, env: {TASK_MAX_ATTEMPTS: '2'}});
    await open();
  });
  afterEach(async () => {
    // Before the page is closed, which aborts what it asks just then.
    const trouble = [...watched.trouble];
    await page.context().close();
    await system.close();
    expect(trouble).toEqual([]);
    expect([...watched.hosts]).toEqual([new URL(system.urls.api).host]);
  });

  async function open(options: Parameters<typeof openWatched>[1] = {}): Promise<void> {
    watched = await openWatched(browser, options);
    page = watched.page;
    page.setDefaultTimeout(10_000);
    // Its timers run when the test says so.
    await page.clock.install({time: new Date(system.scheduler.now())});
  }

  async function reopen(options: Parameters<typeof openWatched>[1]): Promise<void> {
    await page.context().close();
    await open(options);
  }

  async function logIn(): Promise<void> {
    await page.goto(system.urls.api);
    await page.getByLabel('Secret of the api').fill(MANAGER_SECRET);
    await page.getByRole('button', {name: 'Log in'}).click();
    await page.getByRole('heading', {name: 'Pools'}).waitFor();
  }

  /** Lets the time pass for the system and the page, which then asks again. */
  async function pass(ms: number): Promise<void> {
    await system.pass(ms);
    const asked = page.waitForResponse((response) => response.url().endsWith('/status'));
    await page.clock.fastForward(Math.max(ms, 3_100));
    await asked;
  }

  const section = (name: string | RegExp) => page.getByRole('region', {name});

  const violations = () => violationsOf(page);

  test('a wrong secret is refused, and the right one leads to the page', async () => {
    await page.goto(system.urls.api);
    expect(await violations()).toEqual([]);
    await page.getByLabel('Secret of the api').fill('wrong');
    await page.getByRole('button', {name: 'Log in'}).click();
    await page.getByRole('alert').getByText('This is not the secret.').waitFor();
    // The browser says so, too.
    expect(watched.trouble.splice(0)).toEqual([expect.stringContaining('401'), expect.stringContaining('401')]);
    await logIn();
    expect(await page.getByRole('heading', {level: 1}).allTextContents()).toEqual(['Slipway']);
    await page.getByText('Nothing has run yet').waitFor();
    await page.getByRole('button', {name: 'Log out'}).click();
    await page.getByLabel('Secret of the api').waitFor();
  });

  test('a job begins, waits with its reason and ends while the page is open', async () => {
    await logIn();
    const [first, second] = [system.queueJob(), system.queueJob()];
    await pass(MINUTE);
    const waiting = section(/^Waiting jobs/);
    await waiting
      .getByText(/1 of 1/)
      .first()
      .waitFor();
    const [link] = await waiting.getByRole('link').all();
    const waits = await link?.getAttribute('href');
    expect([first.id, second.id].map((id) => `/job/${id}`)).toContain(`/job/${waits?.split('/').at(-1)}`);
    await section('Jobs').getByText('in progress').first().waitFor();
    expect(await section('Jobs').getByRole('img').first().getAttribute('aria-label')).toMatch(
      /queued .*, booting .*, running/,
    );
    await system.finish();
    await pass(10_000);
    await waiting.getByText('No job waits.').waitFor();
    await section('Jobs').getByText('completed').nth(1).waitFor();
    expect(await violations()).toEqual([]);
  });

  test('the field tells why a job waits', async () => {
    await logIn();
    system.queueJob();
    const {id} = system.queueJob();
    await pass(MINUTE);
    await page.getByLabel('Why does this job wait?').fill(`${id}`);
    await page.getByRole('button', {name: 'Explain'}).click();
    await section('A job')
      .getByText(/waiting for slot|booting|running/)
      .first()
      .waitFor();
    await page.getByLabel('Why does this job wait?').fill('no job');
    await page.keyboard.press('Enter');
    await section('A job')
      .getByText(/expected/)
      .waitFor();
    expect(watched.trouble.splice(0)).toEqual([expect.stringContaining('400'), expect.stringContaining('400')]);
  });

  test('a dead letter is retried after a confirmation, with the keyboard alone', async () => {
    system.compute.failLate({
      times: 50,
      error: {code: 'PERMISSIONS_ERROR', message: 'Required permission is missing.'},
    });
    const {id} = system.queueJob();
    await system.pass(20 * MINUTE);
    await logIn();
    const retry = section(/^Given up/).getByRole('button', {name: `Retry ${id}-1`});
    await retry.focus();
    await page.keyboard.press('Enter');
    const dialog = page.getByRole('dialog');
    await dialog.getByText('the job needs a runner again').waitFor();
    expect(await violations()).toEqual([]);
    await page.keyboard.press('Escape');
    await dialog.waitFor({state: 'detached'});
    expect(await system.store.count('deadletters', {})).toBe(1);
    await retry.focus();
    await page.keyboard.press('Enter');
    await dialog.waitFor();
    await page.keyboard.press('Enter');
    await dialog.getByText('The task is in its queue.').waitFor();
    await page.keyboard.press('Escape');
    expect(await system.store.count('deadletters', {})).toBe(0);
  });

  test('a pool is tested, a VM started and a runner ended', async () => {
    system.compute.addInstance({name: 'builder', zone: 'us-central1-a'});
    await logIn();
    const dialog = page.getByRole('dialog');
    const confirm = async (name: string, title: string, result: RegExp) => {
      await page.getByRole('button', {name}).click();
      await dialog.getByRole('button', {name: title}).click();
      await dialog.getByText(result).waitFor();
      await dialog.getByRole('button', {name: 'Close'}).click();
    };
    await confirm('Test small', 'Test pool small', /Would be tried: us-central1-a/);
    await confirm('Start build', 'Start the VM of build', /It is starting/);
    system.queueJob({durationMs: 60 * MINUTE});
    await pass(MINUTE);
    await confirm('End slipway-small', 'End slipway-small', /^runner .* runs a job/);
    // The api refuses to end a busy runner.
    expect(watched.trouble.splice(0)).toEqual([expect.stringContaining('409'), expect.stringContaining('409')]);
  });

  test('what is old is marked as old when the api does not answer', async () => {
    await logIn();
    await page.route('**/status', (route) => route.abort());
    await page.clock.runFor(3_100);
    await page
      .getByRole('alert')
      .getByText(/What you see is from .*cannot be reached/)
      .waitFor();
    await page.unroute('**/status');
    await page.clock.runFor(3_100);
    await page.getByRole('alert').waitFor({state: 'detached'});
    expect(watched.trouble.splice(0).length).toBeGreaterThan(0);
  });

  test.each([
    ['a phone in the dark', {viewport: {width: 390, height: 844}, colorScheme: 'dark' as const}],
    ['a wide screen in the light', {viewport: {width: 1600, height: 900}, colorScheme: 'light' as const}],
  ])('on %s everything fits and can be read', async (_what, options) => {
    await reopen(options);
    for (let n = 0; n < 3; n++) system.queueJob({durationMs: 5 * MINUTE});
    await system.pass(3 * MINUTE);
    await logIn();
    await section('Jobs').getByRole('img').first().waitFor();
    const widths = await page.evaluate('[document.documentElement.scrollWidth, document.documentElement.clientWidth]');
    const [scroll, client] = widths as [number, number];
    if (env['SHOTS']) await page.screenshot({path: `${env['SHOTS']}/${client}.png`, fullPage: true});
    expect(scroll).toBeLessThanOrEqual(client);
    expect(await violations()).toEqual([]);
  });

  test('a hidden page asks nothing', async () => {
    await logIn();
    let asked = 0;
    page.on('request', (request) => {
      if (request.url().endsWith('/status')) asked++;
    });
    await page.evaluate(`Object.defineProperty(document, 'visibilityState', {value: 'hidden', configurable: true})`);
    await page.clock.runFor(60_000);
    expect(asked).toBeLessThanOrEqual(1);
  });
});
