import {mkdirSync} from 'node:fs';
import {resolve} from 'node:path';
import {readEnvironment} from '../../../shared/config/variables';
import {findChromium, launch} from '../../../test/api/chromium';
import {drawArchitecture} from './architecture';
import {drawCosts} from './costs';
import {keepIn} from './keep';
import {takePages} from './pages';
import {drawPlay} from './play';
import {drawWays} from './ways';

const FOLDER = resolve(__dirname, '..', '..', '..', 'docs', 'pictures');

/** `npm run pictures`: the pictures of the documentation, from the running system, the play of `npm start`, the price table and the benchmark of the ways to a runner. */
async function main(): Promise<void> {
  const found = findChromium(readEnvironment());
  if ('missing' in found) throw new Error(found.missing);
  mkdirSync(FOLDER, {recursive: true});
  const keep = keepIn(FOLDER, (path) => process.stdout.write(`${path}\n`));
  const browser = await launch(found.path);
  try {
    await drawArchitecture(browser, keep);
    await takePages(browser, keep);
  } finally {
    await browser.close();
  }
  await drawCosts(keep);
  await drawPlay(keep);
  await drawWays(keep);
}

main().catch((error: unknown) => {
  process.stderr.write(`${error instanceof Error ? error.message : error}\n`);
  process.exitCode = 1;
});
