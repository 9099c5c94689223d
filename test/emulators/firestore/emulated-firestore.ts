import {randomUUID} from 'node:crypto';
import type {Clock} from '../../../shared/clock';
import {createFirestoreStore, type FirestoreStore} from '../../../shared/store/firestore';

/** `host:port` of the emulator that global-setup.ts found or started; undefined when there is none. */
// biome-ignore lint/style/noProcessEnv: jest hands what the set-up started to the tests by the environment alone
export const firestoreHost = process.env['SLIPWAY_TEST_FIRESTORE'];

/** An empty store: a project of its own isolates it in the one emulator. */
export function emptyFirestore(clock: Clock): FirestoreStore {
  const emulator = firestoreHost ? {emulatorHost: firestoreHost} : {};
  return createFirestoreStore({clock, project: `test-${randomUUID()}`, ...emulator});
}
