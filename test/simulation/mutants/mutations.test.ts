import {markers, readCore} from './core';
import {changesOf, mutate} from './mutate';
import {MUTATIONS} from './mutations';

const CORE = readCore();

test('each mutation has a name of its own', () => {
  expect(new Set(MUTATIONS.map(({name}) => name)).size).toBe(MUTATIONS.length);
});

// What is not there once, changes nothing, cannot be parsed or uses names that are not in scope is refused: mutate.test.ts.
test.each(MUTATIONS)('"$name" changes the core', (mutation) => {
  expect(mutate(CORE, mutation).size).toBeGreaterThan(0);
});

test('every marker in the source is there once, and used by a mutation', () => {
  const changes = MUTATIONS.flatMap(changesOf);
  const used = new Set(changes.flatMap((change) => ('marked' in change ? [change.marked] : [])));
  expect(
    markers(CORE)
      .map(({id}) => id)
      .sort(),
  ).toEqual([...used].sort());
});
