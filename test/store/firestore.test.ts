import type {FirestoreStore} from '../../shared/store/firestore';
import {coverageContract} from '../contracts/coverage';
import {storeContract} from '../contracts/store';
import {emptyFirestore, firestoreHost} from '../emulators/firestore/emulated-firestore';
import type {VirtualScheduler} from '../emulators/scheduler';

const opened: FirestoreStore[] = [];
afterAll(() => Promise.all(opened.map((store) => store.close())));

const make = (clock: VirtualScheduler) => {
  const store = emptyFirestore(clock);
  opened.push(store);
  return store;
};

(firestoreHost ? describe : describe.skip)('with Google’s emulator', () => {
  storeContract('in Firestore', make);
  // The emulator answers REST with a few threads, which wait for locks: 50 concurrent transactions would wait for threads instead of
  // documents.
  coverageContract('in Firestore', make, {takers: 12, slots: 5});
});
