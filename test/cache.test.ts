import {TtlCache} from '../shared/cache';
import {VirtualScheduler} from './emulators/scheduler';

const MINUTE_MS = 60_000;

type Answer = string | undefined;

function counted(answers: (() => Promise<Answer>)[]) {
  const clock = new VirtualScheduler();
  const cache = new TtlCache<Answer>(clock);
  const asked: string[] = [];
  const ask = (key: string) => () => {
    asked.push(key);
    const answer = answers[asked.length - 1] ?? answers.at(-1);
    return answer ? answer() : Promise.reject(new RangeError('no answer'));
  };
  return {
    clock,
    cache,
    asked,
    read: (key: string) => cache.load(key, ask(key), MINUTE_MS),
    readAfresh: (key: string) => cache.reload(key, ask(key), MINUTE_MS),
  };
}

/** A promise and what settles it. */
function held(): {readonly answer: () => Promise<Answer>; readonly settle: (value: Answer) => void} {
  let settle: (value: Answer) => void = () => undefined;
  const promise = new Promise<Answer>((resolve) => {
    settle = resolve;
  });
  return {answer: () => promise, settle};
}

test('an answer is kept for its time by key', async () => {
  const {clock, asked, read} = counted([async () => 'x']);
  await read('a');
  await read('a');
  await read('b');
  clock.advance(MINUTE_MS);
  await read('a');
  expect(asked).toEqual(['a', 'b', 'a']);
});

test('readers at the same time share one call', async () => {
  const {asked, read} = counted([async () => 'x']);
  expect(await Promise.all([read('a'), read('a'), read('a')])).toEqual(['x', 'x', 'x']);
  expect(asked).toEqual(['a']);
});

test('a read that never ends holds up only the readers of its first half minute', async () => {
  const clock = new VirtualScheduler();
  const cache = new TtlCache<string>(clock);
  void cache.load('a', () => new Promise<string>(() => undefined), MINUTE_MS);
  clock.advance(30_000);
  await expect(cache.load('a', async () => 'read again', MINUTE_MS)).resolves.toBe('read again');
  expect(cache.get('a')).toBe('read again');
});

test('readers at the same time share one failure, and the next one asks again', async () => {
  const {asked, read} = counted([async () => Promise.reject(new Error('down')), async () => 'up']);
  const results = await Promise.allSettled([read('a'), read('a')]);
  expect(results.map(({status}) => status)).toEqual(['rejected', 'rejected']);
  expect(await read('a')).toBe('up');
  expect(asked).toEqual(['a', 'a']);
});

test('neither a failure nor a missing thing is kept', async () => {
  const {read} = counted([async () => Promise.reject(new Error('down')), async () => undefined, async () => 'there']);
  await expect(read('a')).rejects.toThrow('down');
  expect(await read('a')).toBeUndefined();
  expect(await read('a')).toBe('there');
});

test('a failed read leaves the value that is current', async () => {
  const {cache, read, readAfresh} = counted([async () => 'old', async () => Promise.reject(new Error('down'))]);
  await read('a');
  await expect(readAfresh('a')).rejects.toThrow('down');
  expect(cache.get('a')).toBe('old');
});

test('the current value stays for others while a new one is read', async () => {
  const {answer, settle} = held();
  const {cache, read, readAfresh} = counted([async () => 'old', answer]);
  await read('a');
  const afresh = readAfresh('a');
  expect(await read('a')).toBe('old');
  settle('new');
  expect(await afresh).toBe('new');
  expect(cache.get('a')).toBe('new');
});

test.each(['expire', 'delete'] as const)(
  'after %s a read under way is good for those who wait for it only',
  async (drop) => {
    const {answer, settle} = held();
    const {asked, cache, read} = counted([answer, async () => 'new']);
    const waiting = read('a');
    cache[drop]('a');
    expect(await read('a')).toBe('new');
    settle('old');
    expect(await waiting).toBe('old');
    expect(cache.get('a')).toBe('new');
    expect(asked).toEqual(['a', 'a']);
  },
);

test('a value whose time is over is known as the former one, a dropped one is not', () => {
  const clock = new VirtualScheduler();
  const cache = new TtlCache<string>(clock);
  cache.set('timed', 'x', clock.now() + MINUTE_MS);
  cache.set('expired', 'y', clock.now() + MINUTE_MS);
  cache.set('deleted', 'z', clock.now() + MINUTE_MS);
  cache.expire('expired');
  cache.delete('deleted');
  expect(['timed', 'expired', 'deleted'].map((key) => cache.get(key))).toEqual(['x', undefined, undefined]);
  clock.advance(MINUTE_MS);
  expect(cache.get('timed')).toBeUndefined();
  expect(['timed', 'expired', 'deleted'].map((key) => cache.former(key))).toEqual(['x', 'y', undefined]);
});

test('the value itself can say until when it is current', async () => {
  const clock = new VirtualScheduler();
  const cache = new TtlCache<{readonly expiresAtMs: number}>(clock);
  const expiresAtMs = clock.now() + MINUTE_MS;
  await cache.load(
    'token',
    async () => ({expiresAtMs}),
    (token) => token.expiresAtMs - 1_000,
  );
  clock.advance(MINUTE_MS - 1_001);
  expect(cache.get('token')).toEqual({expiresAtMs});
  clock.advance(1);
  expect(cache.get('token')).toBeUndefined();
});

test('beyond the limit the entry that was made first is dropped', () => {
  const clock = new VirtualScheduler();
  const cache = new TtlCache<number>(clock, {maxEntries: 2});
  const untilMs = clock.now() + MINUTE_MS;
  for (const [value, key] of ['a', 'b', 'a', 'c'].entries()) cache.set(key, value, untilMs);
  expect(['a', 'b', 'c'].map((key) => cache.get(key))).toEqual([2, undefined, 3]);
});

test('a copy has the same values until the same time, and its own ones from then on', () => {
  const clock = new VirtualScheduler();
  const cache = new TtlCache<string>(clock);
  cache.set('a', 'first', clock.now() + MINUTE_MS);
  const copy = cache.copy();
  copy.set('b', 'second', clock.now() + MINUTE_MS);
  cache.delete('a');
  expect([copy.get('a'), copy.get('b')]).toEqual(['first', 'second']);
  expect([cache.get('a'), cache.get('b')]).toEqual([undefined, undefined]);
});
