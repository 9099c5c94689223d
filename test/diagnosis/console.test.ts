import {consoleLine} from '../../shared/diagnosis/console';
import {LookUps} from '../../shared/diagnosis/look-ups';
import {Unavailable} from '../../shared/errors';
import {holdTimeouts, pass, releaseTimeouts} from '../builders/held-timeouts';
import {VirtualScheduler} from '../emulators/scheduler';

describe('the line of a console in a sentence', () => {
  test.each([
    [
      'is as it was',
      '2026-11-01T12:00:07Z slipway: installing nftables',
      '2026-11-01T12:00:07Z slipway: installing nftables',
    ],
    ['has no full stop and no spaces around it', '  E: no space  left. ', 'E: no space left'],
    ['is one line', 'a\r\nb\u2028c\td', 'a bc d'],
    ['has no control characters', '\u001b]0;title\u0007\u001b[31mred\u001b[0m\u0000 \u202egnorw', 'red gnorw'],
    ['has no token', `curl -H Bearer ${'a1'.repeat(20)}`, 'curl -H ***'],
    ['has no token that is split by invisible characters', `ghp_${'A1'.repeat(6)}\u200b${'B2'.repeat(12)}`, '***'],
    ['has no JIT config, not even its beginning', `jit: ${'eyJhbGci'.repeat(50)}`, 'jit: ***'],
  ])('%s', (_, text, expected) => {
    expect(consoleLine(text)).toBe(expected);
  });

  test.each([
    ['200 characters are whole', '0123456789 '.repeat(20).slice(0, 200), 200],
    ['201 are cut', `${'0123456789 '.repeat(19).slice(0, 200)}x`, 200],
    ['a megabyte is cut', 'ab '.repeat(350_000), 200],
    ['no half of a character is left', `x${'😀'.repeat(150)}`, 200],
  ])('%s', (_, text, most) => {
    const line = consoleLine(text);
    expect(line.length).toBeLessThanOrEqual(most);
    expect(line.length).toBeGreaterThanOrEqual(most - 2);
    expect(line.isWellFormed()).toBe(true);
    expect(line.endsWith('…')).toBe(text.length > most);
  });
});

describe('a question about a console', () => {
  afterEach(releaseTimeouts);
  const clock = new VirtualScheduler();
  const lookUps = () =>
    new LookUps({
      clock,
      discovery: () => {
        throw new Error('GitHub was asked');
      },
      github: () => {
        throw new Error('GitHub was asked');
      },
    });

  test('is asked once in 60 seconds, whoever asks', async () => {
    const looks = lookUps();
    let asked = 0;
    const read = async () => `line ${++asked}`;
    expect(await Promise.all([looks.console('a', read), looks.console('a', read)])).toEqual(['line 1', 'line 1']);
    expect(await looks.console('b', read)).toBe('line 2');
    clock.advance(59_999);
    expect(await looks.console('a', read)).toBe('line 1');
    clock.advance(1);
    expect(await looks.console('a', read)).toBe('line 3');
  });

  test('without an answer is nothing, and not asked again at once', async () => {
    const looks = lookUps();
    let asked = 0;
    const read = async () => {
      asked++;
      throw new Unavailable('no answer', 10);
    };
    expect(await looks.console('a', read)).toBeUndefined();
    expect(await looks.console('a', read)).toBeUndefined();
    expect(asked).toBe(1);
  });

  test('waits 5 seconds and no longer', async () => {
    holdTimeouts();
    let answer: string | undefined | 'open' = 'open';
    const asked = lookUps()
      .console('a', () => new Promise(() => undefined))
      .then((line) => {
        answer = line;
      });
    await pass(4_999, () => true);
    expect(answer).toBe('open');
    await pass(1, () => true);
    expect(answer).toBeUndefined();
    await asked;
  });
});
