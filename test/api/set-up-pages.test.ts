import type {Browser, Page} from 'playwright-core';
import {type BuiltPages, buildThePages} from '../builders/built-pages';
import {MINUTE} from '../builders/system';
import {aSystemWithoutApp, type SystemWithoutApp} from '../builders/without-app';
import {MANAGER_SECRET, type SystemOptions} from '../emulators/system';
import {launch, openWatched, requireChromium, violationsOf, type WatchedPage} from './chromium';

jest.setTimeout(120_000);

const {env} = process;
const chromium = requireChromium(env);

const poolsOf = (owner: string) => `
pools:
  - name: small
    repo: ${owner}/app
    requires: [self-hosted, linux]
    provider: {type: gce, template: runner-arm64, region: us-central1, zones: [us-central1-a]}
`;

(chromium ? describe : describe.skip)('the set-up in Chromium', () => {
  let browser: Browser;
  let pages: BuiltPages;
  let system: SystemWithoutApp;
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

  afterEach(async () => {
    await page.context().close();
    await system.close();
    // A page that leads on at once is left before its icon is there.
    expect(watched.trouble.filter((one) => !one.endsWith('net::ERR_ABORTED'))).toEqual([]);
    expect(system.github.violations).toEqual([]);
    const {host} = new URL(system.urls.api);
    for (const asked of watched.hosts) expect([host, new URL(system.github.webUrl).host]).toContain(asked);
  });

  async function open(owner: string, options: Partial<SystemOptions> = {}, screen = {}): Promise<void> {
    system = await aSystemWithoutApp(pages, {pools: poolsOf(owner), ...options});
    watched = await openWatched(browser, screen);
    page = watched.page;
    page.setDefaultTimeout(10_000);
  }

  async function logIn(path = 'setup'): Promise<void> {
    await page.goto(system.urls.api + path);
    await page.getByLabel('Secret of the api').fill(MANAGER_SECRET);
    await page.getByRole('button', {name: 'Log in'}).click();
  }

  /** From the form to the doctor's findings, as a person does it. */
  async function setUp(owner: string): Promise<void> {
    await page.getByRole('button', {name: 'Make the App at GitHub'}).click();
    await page.getByRole('button', {name: `Create GitHub App for ${owner}`}).click();
    await page.getByRole('button', {name: `Install on ${owner}`}).click();
    await page.getByText(`The App is installed on ${owner}.`).waitFor();
  }

  /** A job is queued, and gets a runner. */
  async function runJob(repository: string): Promise<void> {
    const job = system.queueJob({repository, durationMs: MINUTE});
    await system.finish();
    expect(job.conclusion).toBe('success');
  }

  const findings = () => page.getByRole('region', {name: 'What the doctor finds'});

  test('an organization’s deployment gets from nothing to its first job through the page alone', async () => {
    await open('acme');
    await logIn('');
    await page.getByRole('link', {name: 'Set it up'}).click();
    await setUp('acme');
    await findings().getByText('the App is installed on acme').waitFor();
    await runJob('acme/app');
    await page.getByRole('link', {name: 'Watch the runners'}).click();
    await page.getByRole('heading', {name: 'Pools'}).waitFor();
  });

  test('a person’s deployment does, too', async () => {
    await open('octo', {repositories: []});
    system.github.addUser('octo');
    system.github.accounts.addRepository('octo/app');
    await logIn();
    await page.getByLabel('A person: my own account').check();
    await setUp('octo');
    expect(new URL(page.url()).pathname).toBe('/setup/done');
    await runJob('octo/app');
  });

  test('so does a deployment of an Enterprise Server', async () => {
    await open('acme', {enterprise: true});
    await logIn();
    await setUp('acme');
    expect(system.env['GITHUB_API_URL']).toMatch(/[/]api[/]v3$/);
    await runJob('acme/app');
  });

  test('a session that ended at GitHub’s pages is begun again, and the set-up goes on', async () => {
    await open('acme');
    await logIn();
    await page.getByRole('button', {name: 'Make the App at GitHub'}).click();
    const create = page.getByRole('button', {name: 'Create GitHub App for acme'});
    await create.waitFor();
    await page.context().clearCookies();
    await create.click();
    await page.getByLabel('Secret of the api').waitFor();
    expect(system.github.app.installations()).toEqual([]);
    await page.getByLabel('Secret of the api').fill(MANAGER_SECRET);
    await page.getByRole('button', {name: 'Log in'}).click();
    // The set-up was begun by the former session.
    await page.getByRole('alert').getByText('belongs to no set-up that this session began').waitFor();
    const refused = watched.trouble.splice(0).filter((one) => one.includes('403'));
    expect(refused).toHaveLength(2);
    await page.getByRole('link', {name: 'Begin again'}).click();
    await setUp('acme');
  });

  test('without scripts the button leads to GitHub', async () => {
    await open('acme', {}, {javaScriptEnabled: false});
    await logIn();
    await page.getByRole('button', {name: 'Make the App at GitHub'}).click();
    await page.getByRole('button', {name: 'Continue at GitHub'}).click();
    await page.getByRole('button', {name: 'Create GitHub App for acme'}).waitFor();
  });

  test('the keyboard alone is enough', async () => {
    await open('acme');
    await page.goto(`${system.urls.api}setup`);
    await page.keyboard.type(MANAGER_SECRET);
    await page.keyboard.press('Enter');
    await page.getByRole('button', {name: 'Make the App at GitHub'}).waitFor();
    await page.keyboard.press('Tab');
    await page.keyboard.press('Tab');
    await page.keyboard.press('Enter');
    await page.getByRole('button', {name: 'Create GitHub App for acme'}).waitFor();
  });

  test.each([
    ['a phone in the dark', {viewport: {width: 390, height: 844}, colorScheme: 'dark' as const}],
    ['a wide screen in the light', {viewport: {width: 1600, height: 900}, colorScheme: 'light' as const}],
  ])('on %s every page fits and can be read', async (_what, screen) => {
    await open('acme', {}, screen);
    await logIn();
    const fits = async (name: string) => {
      const widths = await page.evaluate(
        '[document.documentElement.scrollWidth, document.documentElement.clientWidth]',
      );
      const [scroll, client] = widths as [number, number];
      if (env['SHOTS']) await page.screenshot({path: `${env['SHOTS']}/set-up-${name}-${client}.png`, fullPage: true});
      expect(scroll).toBeLessThanOrEqual(client);
      expect(await violationsOf(page)).toEqual([]);
    };
    await page.getByRole('button', {name: 'Make the App at GitHub'}).waitFor();
    await fits('start');
    await setUp('acme');
    await fits('done');
    await page.goto(`${system.urls.api}setup`);
    await page.getByLabel('Replace it by a new App').waitFor();
    await fits('replace');
  });

  test('what is missing fits and can be read', async () => {
    await open('acme', {env: {API_URL: ''}}, {viewport: {width: 390, height: 844}});
    await logIn();
    await page.getByText('the URL of api').waitFor();
    expect(await violationsOf(page)).toEqual([]);
  });
});
