import {Refused} from '../../shared/errors';
import {readEach, readOnRecord} from '../../shared/providers/on-record';
import type {Machine} from '../../shared/providers/provider';
import {machine} from '../builders/sweep';

const one = (name: string, id = name): Machine => {
  const {provider: _, ...listed} = machine({name}, {id, place: 'here'});
  return listed;
};

test('many things are read a few at a time, and answered in their order', async () => {
  let running = 0;
  let most = 0;
  const read = async (item: number) => {
    most = Math.max(most, ++running);
    await Promise.resolve();
    running -= 1;
    return item * 2;
  };
  const items = Array.from({length: 30}, (_, index) => index);
  expect(await readEach(items, read)).toEqual(items.map((item) => item * 2));
  expect(most).toBe(8);
});

test('only what no list has is read: by its id, by its name where none is on record, and not without a place', async () => {
  const asked: string[] = [];
  const onRecord = [
    {name: 'a', id: 'm-1', place: 'here'},
    {name: 'b', place: 'here'},
    {name: 'a', id: 'm-2', place: 'here'},
    {name: 'c', place: 'here'},
    {name: 'd', id: 'm-4'},
  ];
  const read = await readOnRecord(onRecord, [one('a', 'm-1'), one('b', 'm-3')], async ({name, id}) => {
    asked.push(`${name} ${id}`);
    return id === undefined ? undefined : one(name, id);
  });
  expect(asked).toEqual(['a m-2', 'c undefined']);
  expect(read).toEqual({machines: [one('a', 'm-2')], unreadPlaces: []});
});

test('what cannot be read makes its place unread once; an error of our own comes out', async () => {
  const onRecord = ['a', 'b', 'c'].map((name) => ({name, id: name, place: name === 'c' ? 'there' : 'here'}));
  const read = await readOnRecord(onRecord, [], async ({name}) => {
    if (name === 'c') return one(name);
    throw new Refused('no');
  });
  expect(read).toEqual({machines: [one('c')], unreadPlaces: ['here']});
  await expect(readOnRecord(onRecord, [], () => Promise.reject(new RangeError('ours')))).rejects.toThrow('ours');
});
