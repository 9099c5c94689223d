import {Unavailable} from '../../shared/errors';
import {
  type BootTimesDocument,
  bootTimesId,
  RUNNER_VERSIONS,
  type RunnerVersionsDocument,
} from '../../shared/model/facts';
import {claimKey, keyId} from '../../shared/model/lease';
import {closeBreaker, openBreaker} from '../../shared/runners/breaker-failures';
import {tryPass} from '../../shared/runners/breakers';
import type {Store} from '../../shared/store/store';
import {createLogger} from '../../shared/telemetry/create-logger';
import {aJob, NOW} from '../builders/lifecycle';
import {VirtualScheduler} from '../emulators/scheduler';

const MINUTE = 60_000;
const logger = createLogger({level: 'error', destination: {write: () => undefined}});

/** What every store does. `make` gives an empty one on the clock. */
export function storeContract(name: string, make: (clock: VirtualScheduler) => Store): void {
  describe(`the store ${name}`, () => {
    let clock: VirtualScheduler;
    let store: Store;
    beforeEach(() => {
      clock = new VirtualScheduler(NOW);
      store = make(clock);
    });

    const put = (id: string, overrides = {}) =>
      store.transaction(async (transaction) =>
        transaction.set('jobs', id, aJob({expireAt: NOW + MINUTE, ...overrides})),
      );
    const claim = (holder: string, now: number) =>
      store.transaction(async (transaction) => {
        const existing = await transaction.get('keys', keyId('create/a/1'));
        const result = claimKey(existing, {key: 'create/a/1', holder, leaseMs: 45_000, now});
        if (result.kind === 'claimed') transaction.set('keys', keyId('create/a/1'), result.document);
        return result.kind;
      });

    test('gives back what was put in, and nothing for what was not', async () => {
      await put('1-1', {creations: 3, runner: null});
      expect(await store.get('jobs', '1-1')).toEqual(
        aJob({expireAt: NOW + MINUTE, creations: 3, openings: expect.anything()}),
      );
      expect(await store.get('jobs', '2-1')).toBeUndefined();
    });

    test('keeps facts of both kinds beside each other, with their lists', async () => {
      const boots: BootTimesDocument = {
        kind: 'boot_times',
        boots: Array.from({length: 50}, (_, n) => ({runner: `slipway-arm-${n}-1`, ms: 30_000 + n, at: NOW + n})),
        expireAt: NOW + MINUTE,
      };
      const ends = {registrationEndsAt: null, runtimeEndsAt: NOW + MINUTE};
      const versions: RunnerVersionsDocument = {
        kind: 'runner_versions',
        readAt: NOW,
        latest: '2.338.0',
        downloads: [{platform: 'linux-arm64', version: '2.338.0', sha256: null}],
        inUse: [{version: '2.335.0', runners: 3, seenAt: NOW, askedAt: NOW, toldAt: null, ...ends}],
        expireAt: NOW + MINUTE,
      };
      await store.transaction(async (transaction) => {
        transaction.set('facts', bootTimesId('arm'), boots);
        transaction.set('facts', RUNNER_VERSIONS, versions);
      });
      expect(await store.get('facts', bootTimesId('arm'))).toEqual(boots);
      expect(await store.get('facts', RUNNER_VERSIONS)).toEqual(versions);
      expect(await store.get('facts', bootTimesId('spot'))).toBeUndefined();
    });

    test('forgets what is deleted', async () => {
      await put('1-1');
      await store.transaction(async (transaction) => transaction.delete('jobs', '1-1'));
      expect(await store.get('jobs', '1-1')).toBeUndefined();
    });

    test('finds by equality of every field, in order, up to the limit', async () => {
      await put('1-1', {jobId: 1, demand: 'open', queuedAt: 30});
      await put('2-1', {jobId: 2, demand: 'open', queuedAt: 10});
      await put('3-1', {jobId: 3, demand: 'open', queuedAt: 20});
      await put('4-1', {jobId: 4, demand: 'covered', queuedAt: 5});
      await put('5-1', {jobId: 5, demand: 'open', pool: 'x64', queuedAt: 1});
      const found = await store.find('jobs', {where: {pool: 'arm', demand: 'open'}, orderBy: 'queuedAt', limit: 2});
      expect(found.map(({id}) => id)).toEqual(['2-1', '3-1']);
      expect(await store.count('jobs', {pool: 'arm', demand: 'open'})).toBe(3);
    });

    test('finds fields that are null', async () => {
      await put('1-1', {runner: null});
      await put('2-1', {runner: 'slipway-arm-2-1'});
      expect((await store.find('jobs', {where: {runner: null}, limit: 5})).map(({id}) => id)).toEqual(['1-1']);
    });

    test('treats a document that expired as absent, though nothing has removed it', async () => {
      await put('1-1');
      clock.advance(MINUTE);
      expect(await store.get('jobs', '1-1')).toBeUndefined();
      expect(await store.find('jobs', {where: {pool: 'arm'}, limit: 5})).toEqual([]);
      expect(await store.transaction((transaction) => transaction.get('jobs', '1-1'))).toBeUndefined();
    });

    test('lets no expired document take a place within the limit', async () => {
      for (const n of [1, 2, 3]) await put(`${n}-1`, {queuedAt: n, expireAt: NOW - 1});
      for (const n of [4, 5, 6]) await put(`${n}-1`, {queuedAt: n});
      const oldest = await store.find('jobs', {where: {pool: 'arm'}, orderBy: 'queuedAt', limit: 2});
      expect(oldest.map(({id}) => id)).toEqual(['4-1', '5-1']);
      const any = await store.find('jobs', {where: {pool: 'arm'}, limit: 3});
      expect(any.map(({id}) => id)).toEqual(['4-1', '5-1', '6-1']);
    });

    test('lists page by page, by id, after the last one that was seen', async () => {
      for (const n of [3, 1, 5, 2, 4]) await put(`${n}-1`, {demand: n === 3 ? 'covered' : 'open'});
      await put('2-2', {demand: 'open', expireAt: NOW - 1});
      const page = async (after: string) =>
        (await store.find('jobs', {where: {demand: 'open'}, after, limit: 2})).map(({id}) => id);
      expect(await page('0')).toEqual(['1-1', '2-1']);
      expect(await page('2-1')).toEqual(['4-1', '5-1']);
      expect(await page('5-1')).toEqual([]);
    });

    test('goes on behind a value and an id, up to and including the last value', async () => {
      for (const [id, queuedAt] of [
        ['1-1', 30],
        ['2-1', 10],
        ['3-1', 20],
        ['4-1', 20],
        ['5-1', 40],
      ] as const)
        await put(id, {queuedAt});
      await put('6-1', {queuedAt: 20, expireAt: NOW - 1});
      const ids = async (after: {value: number; id: string} | undefined, last: number, limit = 5) => {
        const between = {...(after ? {after} : {}), last};
        const found = await store.find('jobs', {where: {pool: 'arm'}, orderBy: 'queuedAt', between, limit});
        return found.map(({id}) => id);
      };
      expect(await ids(undefined, 30)).toEqual(['2-1', '3-1', '4-1', '1-1']);
      expect(await ids(undefined, 29, 2)).toEqual(['2-1', '3-1']);
      expect(await ids({value: 20, id: '3-1'}, 29)).toEqual(['4-1']);
      expect(await ids({value: 20, id: '4-1'}, 40)).toEqual(['1-1', '5-1']);
      // The document behind which it goes on may be gone.
      expect(await ids({value: 20, id: '3-5'}, 30)).toEqual(['4-1', '1-1']);
      expect(await ids({value: 40, id: '5-1'}, 50)).toEqual([]);
      // Every document with the value comes after an empty id.
      expect(await ids({value: 20, id: ''}, 30)).toEqual(['3-1', '4-1', '1-1']);
    });

    test('orders by text as well as by number', async () => {
      for (const [id, repository] of [
        ['1-1', 'acme/b'],
        ['2-1', 'acme/a'],
      ] as const)
        await put(id, {repository});
      const found = await store.find('jobs', {where: {pool: 'arm'}, orderBy: 'repository', limit: 5});
      expect(found.map(({id}) => id)).toEqual(['2-1', '1-1']);
    });

    test('loses no update of transactions at once', async () => {
      await put('1-1', {creations: 0});
      const increment = () =>
        store.transaction(async (transaction) => {
          const job = await transaction.get('jobs', '1-1');
          if (!job) throw new Unavailable('the job is missing', 1);
          transaction.set('jobs', '1-1', {...job, creations: job.creations + 1});
        });
      // A store may give up under contention, as Firestore does; then it says so, and nothing was written.
      const results = await Promise.allSettled(Array.from({length: 4}, increment));
      const done = results.filter(({status}) => status === 'fulfilled').length;
      expect((await store.get('jobs', '1-1'))?.creations).toBe(done);
      expect(done).toBeGreaterThan(0);
    }, 30_000);

    test('writes nothing of a transaction that fails', async () => {
      const failing = store.transaction(async (transaction) => {
        transaction.set('jobs', '1-1', aJob());
        throw new Unavailable('half way', 1);
      });
      await expect(failing).rejects.toThrow('half way');
      expect(await store.get('jobs', '1-1')).toBeUndefined();
    });

    test('refuses a read after a write', async () => {
      const late = store.transaction(async (transaction) => {
        transaction.set('jobs', '1-1', aJob());
        return transaction.get('jobs', '2-1');
      });
      await expect(late).rejects.toThrow();
    });

    test('keeps a key claimed for its lease, then lets another take over; done is done', async () => {
      expect(await claim('first', NOW)).toBe('claimed');
      expect(await claim('second', NOW + 44_000)).toBe('held');
      expect(await claim('second', NOW + 45_000)).toBe('claimed');
      expect(await claim('first', NOW + 45_001)).toBe('held');
      await store.transaction(async (transaction) => {
        const key = await transaction.get('keys', keyId('create/a/1'));
        if (key) transaction.set('keys', keyId('create/a/1'), {...key, state: 'done'});
      });
      expect(await claim('third', NOW + 10 * MINUTE)).toBe('done');
    });

    test('lets exactly one of ten at once claim a key', async () => {
      const claims = await Promise.all(Array.from({length: 10}, (_, i) => claim(`holder-${i}`, NOW)));
      expect(claims.filter((kind) => kind === 'claimed')).toHaveLength(1);
    });

    test('passes one probe a minute through an open breaker, until it is closed', async () => {
      expect(await tryPass(store, 'quota.r', NOW)).toEqual({kind: 'closed'});
      await openBreaker({store, clock, logger}, 'quota.r', 'CPUS', 60);
      expect(await tryPass(store, 'quota.r', NOW + 1_000)).toEqual({
        kind: 'open',
        retryAfterSeconds: 59,
        reason: 'CPUS',
      });
      const passages = await Promise.all(Array.from({length: 5}, () => tryPass(store, 'quota.r', NOW + MINUTE)));
      expect(passages.filter(({kind}) => kind === 'probe')).toHaveLength(1);
      await closeBreaker(store, 'quota.r');
      expect(await tryPass(store, 'quota.r', NOW + MINUTE)).toEqual({kind: 'closed'});
    });

    test('does not shorten the time of a breaker that is opened again', async () => {
      await openBreaker({store, clock, logger}, 'github.acme', 'limit', 600);
      await openBreaker({store, clock, logger}, 'github.acme', 'limit', 60);
      expect((await tryPass(store, 'github.acme', NOW + 2 * MINUTE)).kind).toBe('open');
    });
  });
}
