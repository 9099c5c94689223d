import {existsSync, readFileSync} from 'node:fs';
import {type Browser, type BrowserContextOptions, chromium, type Page} from 'playwright-core';

const ARGUMENTS = [
  '--headless',
  '--no-sandbox',
  '--disable-gpu',
  '--disable-quic',
  '--no-first-run',
  '--disable-background-networking',
  '--disable-component-update',
  '--disable-sync',
];
const USUAL = ['/usr/bin/chromium', '/usr/bin/chromium-browser', '/usr/bin/google-chrome'];

/** The browser's path, or the reason why none was found. */
export function findChromium(env: Readonly<Record<string, string | undefined>>): {path: string} | {missing: string} {
  const named = env['CHROMIUM_PATH'];
  const path = named ? [named].find(existsSync) : USUAL.find(existsSync);
  if (path) return {path};
  const looked = named ? `CHROMIUM_PATH is ${named}, which is no file` : `it is at none of ${USUAL.join(', ')}`;
  return {missing: `Chromium is missing: ${looked}. Install it (apt-get install chromium), or set CHROMIUM_PATH`};
}

export function launch(path: string): Promise<Browser> {
  return chromium.launch({executablePath: path, args: ARGUMENTS, chromiumSandbox: false});
}

/** A page that is watched: everything that a person would find in the browser's console, and whom it asked. */
export interface WatchedPage {
  readonly page: Page;
  /** Console errors and warnings, exceptions, failed requests and answers from 400 on; empty in a healthy page. */
  readonly trouble: string[];
  /** Hosts of all requests. */
  readonly hosts: ReadonlySet<string>;
}

export async function openWatched(browser: Browser, options: BrowserContextOptions = {}): Promise<WatchedPage> {
  const page = await browser.newPage(options);
  const trouble: string[] = [];
  const hosts = new Set<string>();
  page.on('console', (message) => {
    if (['error', 'warning'].includes(message.type())) trouble.push(`${message.type()}: ${message.text()}`);
  });
  page.on('pageerror', (error) => trouble.push(`exception: ${error.message}`));
  page.on('requestfailed', (request) => trouble.push(`failed: ${request.url()} ${request.failure()?.errorText}`));
  page.on('response', (response) => {
    if (response.status() >= 400) trouble.push(`${response.status()} ${response.url()}`);
  });
  page.on('request', (request) => {
    const {protocol, host} = new URL(request.url());
    if (protocol.startsWith('http')) hosts.add(host);
  });
  return {page, trouble, hosts};
}

/** What axe-core finds wrong for people who see badly or use no mouse. */
export async function violationsOf(page: Page): Promise<string[]> {
  await page.evaluate(readFileSync(require.resolve('axe-core/axe.min.js'), 'utf8'));
  return page.evaluate(async () => {
    type Axe = {run(): Promise<{violations: readonly {id: string; nodes: readonly {html: string}[]}[]}>};
    const {axe} = globalThis as unknown as {axe: Axe};
    const found = await axe.run();
    return found.violations.map(({id, nodes}) => `${id}: ${nodes.map(({html}) => html).join(' ')}`);
  });
}

/** The browser's path. In CI it must be there; elsewhere the tests in it are skipped, and the process says so. */
export function requireChromium(env: Readonly<Record<string, string | undefined>>): string | undefined {
  const found = findChromium(env);
  if ('path' in found) return found.path;
  if (['true', '1'].includes(env['CI'] ?? '')) throw new Error(`${found.missing}. In CI the pages must be opened.`);
  process.stderr.write(`\nWARNING: the pages are not opened. ${found.missing}.\n\n`);
  return undefined;
}
