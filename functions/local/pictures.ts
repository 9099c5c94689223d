import {mkdirSync, mkdtempSync, rmSync} from 'node:fs';
import {tmpdir} from 'node:os';
import {join, resolve} from 'node:path';
import type {Browser} from 'playwright-core';
import {readBuiltPages} from '../../shared/api/pages/files';
import {linkToken} from '../../shared/api/session';
import {readEnvironment} from '../../shared/config/variables';
import {Secret} from '../../shared/secret';
import {findChromium, launch} from '../../test/api/chromium';
import {aSystem, MINUTE, type TestSystem} from '../../test/builders/system';
import {MANAGER_SECRET} from '../../test/emulators/system';
import {buildPages} from '../build/pages';

const FOLDER = resolve(__dirname, '..', '..', 'docs', 'pictures');
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

/** `npm run pictures`: the pictures of the documentation, taken from the running system in Chromium. The same seed gives the same day. */
async function takePictures(): Promise<void> {
  const found = findChromium(readEnvironment());
  if ('missing' in found) throw new Error(found.missing);
  const pages = mkdtempSync(join(tmpdir(), 'slipway-pages-'));
  await buildPages(pages);
  mkdirSync(FOLDER, {recursive: true});
  const system = await aSystem({pools: POOLS, pageFiles: () => readBuiltPages(pages), seed: 7});
  const browser = await launch(found.path);
  try {
    await playADay(system);
    for (const scheme of ['light', 'dark'] as const) await takeLivePage(browser, system, scheme);
  } finally {
    await browser.close();
    await system.close();
    rmSync(pages, {recursive: true, force: true});
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

async function takeLivePage(browser: Browser, system: TestSystem, colorScheme: 'light' | 'dark'): Promise<void> {
  const page = await browser.newPage({viewport: VIEW, colorScheme});
  const token = linkToken(new Secret(MANAGER_SECRET), system.scheduler.now() + MINUTE, colorScheme);
  await page.goto(`${system.urls.api}login?once=${token}`);
  await page.getByRole('region', {name: 'Jobs'}).getByRole('img').first().waitFor();
  await page.getByText('Costs of the last 14 days').waitFor();
  const path = join(FOLDER, `live-page-${colorScheme}.png`);
  await page.screenshot({path});
  process.stdout.write(`${path}\n`);
  await page.context().close();
}

void takePictures();
