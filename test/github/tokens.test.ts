import {installationTokens, personalToken} from '../../shared/github/tokens';
import {Secret} from '../../shared/secret';
import {VirtualScheduler} from '../emulators/scheduler';

const HOUR_MS = 60 * 60_000;
const MINUTE_MS = 60_000;

function issuing(clock: VirtualScheduler) {
  let issued = 0;
  const tokens = installationTokens(clock, async () => {
    issued += 1;
    return {token: new Secret(`token ${issued}`), expiresAtMs: clock.now() + HOUR_MS};
  });
  return {tokens, issued: () => issued};
}

test('an installation token is used until five minutes before its end', async () => {
  const clock = new VirtualScheduler();
  const {tokens, issued} = issuing(clock);
  await tokens.current();
  clock.advance(55 * MINUTE_MS - 1);
  expect((await tokens.current()).reveal()).toBe('token 1');
  clock.advance(1);
  expect((await tokens.current()).reveal()).toBe('token 2');
  expect(issued()).toBe(2);
});

test('concurrent requests share one token, also after the old one expired', async () => {
  const clock = new VirtualScheduler();
  const {tokens, issued} = issuing(clock);
  await Promise.all(Array.from({length: 20}, () => tokens.current()));
  clock.advance(HOUR_MS);
  await Promise.all(Array.from({length: 20}, () => tokens.current()));
  expect(issued()).toBe(2);
});

test('requests that are refused at the same time get one new token', async () => {
  const {tokens, issued} = issuing(new VirtualScheduler());
  const refused = await tokens.current();
  const renewed = await Promise.all(Array.from({length: 20}, () => tokens.renew(refused)));
  expect(renewed.map((token) => token?.reveal())).toEqual(Array.from({length: 20}, () => 'token 2'));
  expect((await tokens.renew(refused))?.reveal()).toBe('token 2');
  expect(issued()).toBe(2);
});

test('only the age of the current token is known', async () => {
  const clock = new VirtualScheduler();
  const {tokens} = issuing(clock);
  const first = await tokens.current();
  clock.advance(4_000);
  expect(tokens.ageMs(first)).toBe(4_000);
  const second = await tokens.renew(first);
  expect([first, second].map((token) => token && tokens.ageMs(token))).toEqual([Number.POSITIVE_INFINITY, 0]);
});

test('a failed request for a token is repeated at the next use', async () => {
  let tries = 0;
  const tokens = installationTokens(new VirtualScheduler(), async () => {
    tries += 1;
    if (tries === 1) throw new Error('down');
    return {token: new Secret('token'), expiresAtMs: Number.MAX_SAFE_INTEGER};
  });
  await expect(tokens.current()).rejects.toThrow('down');
  expect((await tokens.current()).reveal()).toBe('token');
});

test('a refused personal token is read once more, and given up if it is the same', async () => {
  let kept = 'old';
  let invalidated = 0;
  const tokens = personalToken(
    async () => new Secret(kept),
    () => {
      invalidated += 1;
    },
  );
  const refused = await tokens.current();
  expect(await tokens.renew(refused)).toBeUndefined();
  kept = 'new';
  expect((await tokens.renew(refused))?.reveal()).toBe('new');
  expect(invalidated).toBe(2);
});
