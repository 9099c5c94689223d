import type {FirestoreStore} from '../../shared/store/firestore';
import {aSystem, MINUTE} from '../builders/system';
import {emptyFirestore, firestoreHost} from '../emulators/firestore/emulated-firestore';
import {ApiClient} from './client';

(firestoreHost ? describe : describe.skip)('the control API with Firestore as the store', () => {
  test('lists, filters and pages; creates runners once for each key', async () => {
    const opened: FirestoreStore[] = [];
    const system = await aSystem({
      makeStore: (clock) => {
        const store = emptyFirestore(clock);
        opened.push(store);
        return store;
      },
    });
    const api = new ApiClient(system.urls.api);
    try {
      for (const repository of ['acme/app', 'acme/web', 'acme/app']) {
        system.queueJob({repository, durationMs: 60 * MINUTE});
      }
      await system.pass(3 * MINUTE);
      const first = await api.get('/jobs?repository=acme/app&pool=arm&status=in_progress&per_page=1');
      const second = await api.get(
        `/jobs?repository=acme/app&pool=arm&status=in_progress&cursor=${first.json['next']}`,
      );
      expect([first.json['jobs'], second.json['jobs']]).toMatchObject([[{repository: 'acme/app'}], [{}]]);
      expect(second.json['next']).toBeNull();

      const headers = {'idempotency-key': 'k'};
      const made = await api.post('/api/v1/runners', {pool: 'arm', repo: 'acme/app'}, {headers});
      const again = await api.post('/api/v1/runners', {pool: 'arm', repo: 'acme/app'}, {headers});
      expect([made.status, again.json]).toEqual([201, made.json]);
      expect((await api.get('/runners?state=busy,requested')).json['runners']).toHaveLength(4);
      expect((await api.get('/status')).json).toMatchObject({deadletters: 0, last_sweep: null});
      // On a busy machine the emulator may not answer within the doctor's five seconds of real time.
      const asked = expect.stringMatching(/^(ok|skipped)$/);
      expect((await api.get('/health?deep=true')).json).toMatchObject({checks: {store: {status: asked}}});
    } finally {
      await system.close();
      await Promise.all(opened.map((store) => store.close()));
    }
  }, 60_000);
});
