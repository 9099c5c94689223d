import {randomUUID} from 'node:crypto';
import {createFirestoreStore, type FirestoreStore} from '../../shared/store/firestore';
import {coverageContract} from '../contracts/coverage';
import {storeContract} from '../contracts/store';

// biome-ignore lint/style/noProcessEnv: jest hands what global-setup.ts started to the tests by the environment alone
const host = process.env['SLIPWAY_TEST_FIRESTORE'];
const opened: FirestoreStore[] = [];
afterAll(() => Promise.all(opened.map((store) => store.close())));

/** A project of its own for each test isolates it in the one emulator. */
const make = (clock: Parameters<typeof createFirestoreStore>[0]['clock']) => {
  const store = createFirestoreStore({clock, project: `test-${randomUUID()}`, ...(host ? {emulatorHost: host} : {})});
  opened.push(store);
  return store;
};

(host ? describe : describe.skip)('with Google’s emulator', () => {
  storeContract('in Firestore', make);
  coverageContract('in Firestore', make);
});
