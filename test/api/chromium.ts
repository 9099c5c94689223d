import {existsSync} from 'node:fs';
import {type Browser, chromium} from 'playwright-core';

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
