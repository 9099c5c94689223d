import {mkdtempSync, rmSync} from 'node:fs';
import {tmpdir} from 'node:os';
import {join} from 'node:path';
import type {Browser, Page} from 'playwright-core';
import {readBuiltPages} from '../../../shared/api/pages/files';
import {linkToken} from '../../../shared/api/session';
import {Secret} from '../../../shared/secret';
import {aSystem, MINUTE, type TestSystem} from '../../../test/builders/system';
import {aSystemWithoutApp} from '../../../test/builders/without-app';
import {MANAGER_SECRET} from '../../../test/emulators/system';
import {buildPages} from '../../build/pages';
import type {Keep} from './keep';

const VIEW = {width: 1280, height: 860};

/** A day at a company: two pools are full or nearly so, and one has nothing to do. */
const POOLS = `
defaults: {idleMinutes: 5}
pools:
  - name: linux
    repos: ["acme/*"]
    requires: [self-hosted, linux]
    maxRunners: 4
    provider: {type: gce, template: runner-arm64, region: us-central1, zones: [us-central1-a, us-central1-b]}
  - name: gpu
    repos: ["acme/*"]
    requires: [self-hosted, gpu]
    maxRunners: 2
    provider: {type: gce, template: runner-gpu, region: us-central1, zones: [us-central1-a, us-central1-b], spot: prefer}
  - name: build
    repo: acme/app
    requires: [self-hosted, build-server]
    provider: {type: gce-vm, instance: build-server, zone: us-central1-a}
`;

/** The live page, one job's way and the set-up page, in light and dark. The same seed gives the same day. */
export async function takePages(browser: Browser, keep: Keep): Promise<void> {
  const folder = mkdtempSync(join(tmpdir(), 'slipway-pages-'));
  const read = () => readBuiltPages(folder);
  await buildPages(folder);
  const system = await aSystem({pools: POOLS, pageFiles: read, seed: 7});
  const bare = await aSystemWithoutApp({folder, read, remove: () => undefined}, {pools: POOLS});
  try {
    await playADay(system);
    for (const scheme of ['light', 'dark'] as const) {
      await takeLivePage(browser, system, scheme, keep);
      await takeSetUpPage(browser, bare, scheme, keep);
    }
  } finally {
    await system.close();
    await bare.close();
    rmSync(folder, {recursive: true, force: true});
  }
}

async function playADay(system: TestSystem): Promise<void> {
  system.compute.addInstance({name: 'build-server', zone: 'us-central1-a'});
  system.sweeper.every(60);
  for (let n = 0; n < 14; n++) {
    system.queueJob({durationMs: (2 + (n % 4)) * MINUTE, repository: n % 3 === 0 ? 'acme/web' : 'acme/app'});
    if (n % 3 === 1) system.queueJob({labels: ['self-hosted', 'gpu'], durationMs: 3 * MINUTE});
    await system.pass(50_000);
  }
  system.sweeper.every(0);
}

type Scheme = 'light' | 'dark';

/** The address of a page with a link that logs in once, as `npm start` prints it. */
function loggedIn({urls, scheduler}: TestSystem, scheme: Scheme): string {
  const token = linkToken(new Secret(MANAGER_SECRET), scheduler.now() + MINUTE, scheme);
  return `${urls.api}login?once=${token}`;
}

async function takeLivePage(browser: Browser, system: TestSystem, colorScheme: Scheme, keep: Keep): Promise<void> {
  const page = await browser.newPage({viewport: VIEW, colorScheme});
  await page.goto(loggedIn(system, colorScheme));
  await page.getByRole('region', {name: 'Jobs'}).getByRole('img').first().waitFor();
  await page.getByText('Costs of the last 14 days').waitFor();
  keep(`live-page-${colorScheme}.png`, await page.screenshot());
  keep(`job-${colorScheme}.png`, await takeJob(page, system));
  await page.context().close();
}

/** What the page answers about the first job, which is over. */
async function takeJob(page: Page, system: TestSystem): Promise<Buffer> {
  const over = system.github.queue.jobs().find(({status}) => status === 'completed');
  await page.getByLabel('Why does this job wait?').fill(`${over?.id}`);
  await page.keyboard.press('Enter');
  await page.locator('.answer').waitFor();
  return page.locator('section', {has: page.locator('.answer')}).screenshot();
}

async function takeSetUpPage(browser: Browser, system: TestSystem, colorScheme: Scheme, keep: Keep): Promise<void> {
  const page = await browser.newPage({viewport: {width: 900, height: 620}, colorScheme});
  await page.goto(loggedIn(system, colorScheme));
  await page.goto(`${system.urls.api}setup`);
  await page.getByRole('button', {name: 'Make the App at GitHub'}).waitFor();
  keep(`set-up-${colorScheme}.png`, await page.screenshot());
  await page.context().close();
}
