import {remember} from '../../shared/compute/remember';
import {VirtualScheduler} from '../emulators/scheduler';

function counted<T>(answers: (() => Promise<T>)[]) {
  const clock = new VirtualScheduler();
  const asked: string[] = [];
  const read = remember(
    clock,
    60_000,
    (key: string) => key,
    (key) => {
      asked.push(key);
      const answer = answers[asked.length - 1] ?? answers.at(-1);
      return answer ? answer() : Promise.reject(new RangeError('no answer'));
    },
  );
  return {clock, asked, read};
}

test('an answer is kept for its time by key', async () => {
  const {clock, asked, read} = counted([async () => 'x']);
  await read('a');
  await read('a');
  await read('b');
  clock.advance(60_000);
  await read('a');
  expect(asked).toEqual(['a', 'b', 'a']);
});

test('readers at the same time share one call', async () => {
  const {asked, read} = counted([async () => 'x']);
  expect(await Promise.all([read('a'), read('a'), read('a')])).toEqual(['x', 'x', 'x']);
  expect(asked).toEqual(['a']);
});

test('neither a failure nor a missing thing is kept', async () => {
  const {read} = counted<string | undefined>([
    async () => Promise.reject(new Error('down')),
    async () => undefined,
    async () => 'there',
  ]);
  await expect(read('a')).rejects.toThrow('down');
  expect(await read('a')).toBeUndefined();
  expect(await read('a')).toBe('there');
});
