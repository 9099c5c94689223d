import {rmSync} from 'node:fs';
import {SHARED_BUILDS} from './builders/built-once';

/** Ends and removes what global-setup.ts made. */
export default function globalTeardown(): void {
  (globalThis as {slipwayEmulator?: {stop(): void}}).slipwayEmulator?.stop();
  const {env} = process;
  const builds = env[SHARED_BUILDS];
  if (builds) rmSync(builds, {recursive: true, force: true});
}
