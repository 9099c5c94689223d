import {mutated} from './build-mutant';
import {MUTATIONS} from './mutations';

test('each mutation has a name of its own', () => {
  expect(new Set(MUTATIONS.map(({name}) => name)).size).toBe(MUTATIONS.length);
});

test.each(MUTATIONS)('the text that "$name" changes is in the core, once', (mutation) => {
  for (const change of [mutation, ...(mutation.also ? [mutation.also] : [])]) {
    expect(mutated(change)).toContain(change.replace);
  }
});

test('a mutation whose text is not found is refused aloud', () => {
  const gone = {file: 'shared/clock.ts', find: 'no such text', replace: ''};
  expect(() => mutated(gone, 'gone')).toThrow(
    'mutation "gone": found its text 0 times in shared/clock.ts, expected once',
  );
});
