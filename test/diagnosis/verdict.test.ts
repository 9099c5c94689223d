import {quoted} from '../../shared/diagnosis/verdict';

test.each([
  ['No capacity.', 'No capacity'],
  [' two\r\nlines . . ', 'two lines'],
  ['a. b', 'a. b'],
  ['...', ''],
  ['', ''],
])('%j stands inside a sentence as %j', (text, expected) => {
  expect(quoted(text)).toBe(expected);
});

test.each([' .', '.', '\n.', ' '])('a megabyte of %j is read at once', (part) => {
  const before = process.cpuUsage();
  expect(quoted(`${part.repeat(1_000_000 / part.length)}x`).endsWith('x')).toBe(true);
  const {user, system} = process.cpuUsage(before);
  // With quadratic time it would take hours.
  expect((user + system) / 1e6).toBeLessThan(3);
});
