import {spawn} from 'node:child_process';
import type {Environment} from '../../shared/config/variables';
import {Failure} from './failure';

/** The command that opens a URL, by platform. `BROWSER` names another one. */
const OPENERS: Readonly<Partial<Record<NodeJS.Platform, string>>> = {darwin: 'open', win32: 'explorer.exe'};

/** Resolves when the browser was started: what becomes of it is its own. */
export function browse(url: string, env: Environment): Promise<void> {
  const opener = env['BROWSER'] || OPENERS[process.platform] || 'xdg-open';
  return new Promise((resolve, reject) => {
    const child = spawn(opener, [url], {env: {...env}, stdio: 'ignore', detached: true});
    child.once('error', () => reject(new Failure(`${opener} cannot be started: open the address above yourself`)));
    child.once('spawn', () => {
      child.unref();
      resolve();
    });
  });
}
