import {mutated} from './build-mutant';
import {MUTATIONS} from './mutations';

test('each mutation has a name of its own', () => {
  expect(new Set(MUTATIONS.map(({name}) => name)).size).toBe(MUTATIONS.length);
});

test.each(MUTATIONS)('the text that "$name" changes is in the core, once', (mutation) => {
  const text = [...mutated(mutation).values()].join('\n');
  for (const {replace} of mutation.also ? [mutation, mutation.also] : [mutation]) expect(text).toContain(replace);
});

test('a mutation whose text is not found is refused aloud', () => {
  const gone = {name: 'gone', file: 'shared/clock.ts', find: 'no such text', replace: ''};
  expect(() => mutated(gone)).toThrow('mutation "gone": found its text 0 times in shared/clock.ts, expected once');
});
