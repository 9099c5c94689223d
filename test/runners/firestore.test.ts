import type {FirestoreStore} from '../../shared/store/firestore';
import {aSystem, expectClean, MINUTE, type TestSystem} from '../builders/system';
import {emptyFirestore, firestoreHost} from '../emulators/firestore/emulated-firestore';

let system: TestSystem;
const opened: FirestoreStore[] = [];

(firestoreHost ? describe : describe.skip)('with Firestore as the store', () => {
  beforeEach(async () => {
    system = await aSystem({
      makeStore: (clock) => {
        const store = emptyFirestore(clock);
        opened.push(store);
        return store;
      },
    });
  });
  // Also after a time-out, so that nothing of the system goes on.
  afterEach(async () => {
    await system.close();
    await Promise.all(opened.map((store) => store.close()));
  });

  test('12 jobs on 5 slots all run, never on more than five VMs, and every slot is free in the end', async () => {
    let most = 0;
    system.compute.observe(() => {
      const alive = system.compute.instances().filter(({status}) => status !== 'STOPPING').length;
      most = Math.max(most, alive);
    });
    for (let i = 0; i < 12; i++) system.queueJob();
    await system.finish(2 * 60 * MINUTE);
    expect(most).toBe(5);
    expect(system.jobs.map(({conclusion}) => conclusion)).toEqual(Array(12).fill('success'));
    expect(await system.store.count('slots', {pool: 'arm', holder: null})).toBe(5);
    expect(await system.store.count('runners', {state: 'gone'})).toBe(12);
    expectClean(system);
  }, 60_000);
});
