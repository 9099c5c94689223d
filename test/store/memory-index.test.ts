import {IndexedCollection} from '../../shared/store/memory';

const collection = new IndexedCollection<{state: string; pool: string}>();
const found = (where: object) => [...collection.where({...where})].map(([id]) => id).sort();

test('a query finds the documents that have the values now, after writes, changes and deletions', () => {
  collection.set('before', {state: 'idle', pool: 'arm'});
  expect(found({state: 'idle'})).toEqual(['before']);
  collection.set('after', {state: 'idle', pool: 'spot'});
  expect(found({state: 'idle'})).toEqual(['after', 'before']);
  collection.set('before', {state: 'busy', pool: 'arm'});
  expect(found({state: 'idle'})).toEqual(['after']);
  expect(found({state: 'busy', pool: 'arm'})).toEqual(['before']);
  expect(found({state: 'busy', pool: 'spot'})).toEqual([]);
  expect(found({})).toEqual(['after', 'before']);
  collection.delete('before');
  expect(found({state: 'busy'})).toEqual([]);
});

test('a query reads the documents with the rarest of its values, not all documents', () => {
  let looked = 0;
  const counted = new IndexedCollection<object>();
  for (let n = 0; n < 1_000; n += 1) {
    const document = {state: n < 3 ? 'idle' : 'gone', pool: 'arm'};
    counted.set(String(n), document);
  }
  // The first query creates the index.
  expect([...counted.where({state: 'idle', pool: 'arm'})]).toHaveLength(3);
  const watched: ProxyHandler<object> = {
    get(target, field) {
      looked += 1;
      return Reflect.get(target, field);
    },
  };
  for (const [id, document] of counted.documents) counted.documents.set(id, new Proxy(document, watched));
  expect([...counted.where({state: 'idle', pool: 'arm'})]).toHaveLength(3);
  expect(looked).toBe(6);
});
