import {mkdtempSync} from 'node:fs';
import {tmpdir} from 'node:os';
import {join} from 'node:path';
import {SHARED_BUILDS} from './builders/built-once';
import {writeComputeProtos} from './compute-protos';
import {findEmulator, startEmulator} from './emulators/firestore/firestore-emulator';
import {newPrivateKey, SHARED_KEY} from './emulators/github/app-key';

/** What all suites share: Compute Engine's descriptions, the App's key, a folder for builds, and one Firestore emulator. */
export default async function globalSetup(): Promise<void> {
  const {env} = process;
  env['SLIPWAY_TEST_COMPUTE_PROTOS'] = writeComputeProtos();
  env[SHARED_BUILDS] = mkdtempSync(join(tmpdir(), 'slipway-builds-'));
  env[SHARED_KEY] = newPrivateKey();
  await shareFirestore();
}

/** Without an emulator the suites that need it are skipped, aloud; in CI the run fails. */
async function shareFirestore(): Promise<void> {
  const {env} = process;
  if (env['FIRESTORE_EMULATOR_HOST']) {
    env['SLIPWAY_TEST_FIRESTORE'] = env['FIRESTORE_EMULATOR_HOST'];
    return;
  }
  const found = findEmulator(env['PATH'] ?? '');
  if ('missing' in found) {
    const isCi = ['true', '1'].includes(env['CI'] ?? '');
    if (isCi) throw new Error(`${found.missing}. In CI the Firestore tests must run.`);
    process.stderr.write(`\nWARNING: the Firestore tests are skipped. ${found.missing}.\n\n`);
    return;
  }
  const emulator = await startEmulator(found.script);
  env['SLIPWAY_TEST_FIRESTORE'] = emulator.host;
  (globalThis as {slipwayEmulator?: {stop(): void}}).slipwayEmulator = emulator;
}
