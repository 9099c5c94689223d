import {Unavailable} from '../../shared/errors';
import {newSlot, slotId} from '../../shared/model/slot';
import type {Context} from '../../shared/ports';
import {type Assignment, assignRunner} from '../../shared/runners/demand';
import {findFreeSlot} from '../../shared/runners/slots';
import type {Store} from '../../shared/store/store';
import {anEvent, aPool, NOW} from '../builders/lifecycle';
import {VirtualScheduler} from '../emulators/scheduler';
import {SeededRandom} from '../emulators/seeded-random';

const MAX_RUNNERS = 20;
const DELIVERIES = 10;

/** Slots as a hard limit, and one creation for one job, on any store. `takers` at once want the slots of a pool that has fewer. */
export function coverageContract(
  name: string,
  make: (clock: VirtualScheduler) => Store,
  {takers, slots: some} = {takers: 50, slots: MAX_RUNNERS},
): void {
  describe(`covering jobs with the store ${name}`, () => {
    function setUp(maxRunners = MAX_RUNNERS) {
      const clock = new VirtualScheduler(NOW);
      const store = make(clock);
      const random = new SeededRandom(7);
      // Nothing else of the context is used to cover a job.
      const context = {deployment: 'slipway', pools: [aPool({maxRunners})], store, clock, random} as unknown as Context;
      // A store may give up under contention, as Firestore does; then the queue delivers the task again.
      const cover = async (jobId: number, holder: string = `holder-${jobId}`): Promise<Assignment> => {
        for (let delivery = 1; ; delivery++) {
          try {
            return await assignRunner(context, 'arm', {event: anEvent({jobId})}, holder);
          } catch (error) {
            if (!(error instanceof Unavailable) || delivery === DELIVERIES) throw error;
          }
        }
      };
      return {store, random, cover};
    }

    test(`${takers} takers at once get exactly maxRunners slots, and the others stay open demand`, async () => {
      const {store, cover} = setUp(some);
      const coverages = await Promise.all(Array.from({length: takers}, (_, i) => cover(1000 + i)));
      const kinds = coverages.map(({kind}) => kind);
      expect(kinds.filter((kind) => kind === 'create')).toHaveLength(some);
      expect(kinds.filter((kind) => kind === 'open')).toHaveLength(takers - some);
      const slots = await store.find('slots', {where: {pool: 'arm'}, limit: 100});
      expect(new Set(slots.map(({data}) => data.holder)).size).toBe(some);
      expect(await store.count('jobs', {pool: 'arm', demand: 'open'})).toBe(takers - some);
    }, 120_000);

    test('ten dispatches at once of one job make one creation', async () => {
      const {store, cover} = setUp();
      const settled = await Promise.allSettled(Array.from({length: 10}, (_, i) => cover(1001, `holder-${i}`)));
      const created = settled.filter((result) => result.status === 'fulfilled' && result.value.kind === 'create');
      expect(created).toHaveLength(1);
      expect(await store.count('runners', {pool: 'arm'})).toBe(1);
    });

    test('a spare runner is used before a slot is taken', async () => {
      const {store, cover} = setUp();
      await cover(1001);
      await store.transaction(async (transaction) => {
        const runner = await transaction.get('runners', 'slipway-arm-1001-1');
        if (runner) transaction.set('runners', runner.name, {...runner, state: 'idle', spare: true, covers: null});
      });
      expect(await cover(1002)).toEqual({kind: 'covered', by: 'slipway-arm-1001-1'});
      expect(await store.count('slots', {pool: 'arm'})).toBe(1);
    });

    test('free slots above a limit that was lowered do not hide the free ones below it', async () => {
      const {store, random} = setUp();
      await store.transaction(async (transaction) => {
        for (let n = 0; n < 60; n++) {
          transaction.set('slots', slotId('arm', n), newSlot({pool: 'arm', n}, n < 4 ? `runner-${n}` : null, NOW));
        }
      });
      const find = (maxRunners: number) => findFreeSlot(store, {pool: 'arm', maxRunners, random});
      expect(await find(5)).toEqual({id: 'arm.4', pool: 'arm', n: 4});
      expect(await find(4)).toBeUndefined();
      expect(await store.count('slots', {pool: 'arm'})).toBe(4);
    });
  });
}
