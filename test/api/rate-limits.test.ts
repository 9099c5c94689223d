import {createApi} from '../../functions/api/index';
import {RateLimits} from '../../shared/api/rate-limits';
import {createLogger} from '../../shared/telemetry/create-logger';
import {aSystem, MINUTE, type TestSystem} from '../builders/system';
import {VirtualScheduler} from '../emulators/scheduler';
import {type Served, serve} from '../emulators/serve';
import {MANAGER_SECRET} from '../emulators/system';

jest.setTimeout(60_000);

let system: TestSystem;
let served: Served;

/** `api` with the limits of a deployment; behind Google's front end, so that a test chooses the addresses. */
beforeEach(async () => {
  system = await aSystem();
  const {env, scheduler: clock, store} = system;
  const logger = createLogger({level: 'error', destination: {write: () => undefined}});
  served = await serve(createApi({env: {...env, K_SERVICE: 'slipway-api'}, clock, store, logger}));
});
afterEach(async () => {
  await served.close();
  await system.close();
});

interface Sent {
  readonly secret?: string;
  readonly from?: string;
}

async function get(path: string, {secret, from = '198.51.100.1'}: Sent = {}) {
  const headers = {'x-forwarded-for': from, ...(secret === undefined ? {} : {'x-runner-secret': secret})};
  const response = await fetch(served.url + path, {headers});
  const text = await response.text();
  return {status: response.status, retryAfter: Number(response.headers.get('retry-after')), text};
}

/** How often each status was answered. */
async function statuses(count: number, path: string, sent: Sent = {}): Promise<Record<number, number>> {
  const counts: Record<number, number> = {};
  for (let i = 0; i < count; i++) {
    const {status} = await get(path, sent);
    counts[status] = (counts[status] ?? 0) + 1;
  }
  return counts;
}

describe('without valid credentials', () => {
  test('an address gets 60 answers a minute, whatever it asks for, and the next minute again', async () => {
    expect(await statuses(29, 'ping')).toEqual({200: 29});
    expect(await statuses(29, 'nowhere')).toEqual({404: 29});
    expect(await statuses(2, 'status', {secret: 'wrong'})).toEqual({401: 2});
    await system.pass(20_000);
    for (const path of ['health', 'status', 'nowhere']) {
      const {status, retryAfter, text} = await get(path);
      expect([status, retryAfter]).toEqual([429, 40]);
      expect(JSON.parse(text)).toMatchObject({type: 'urn:slipway:problem:rate-limited'});
    }
    await system.pass(40_000);
    expect((await get('ping')).status).toBe(200);
  });

  test('a client is its real address, whatever headers it sends; an IPv6 one its network', async () => {
    await statuses(60, 'ping');
    const from = async (address: string) => (await get('ping', {from: address})).status;
    expect(await from('198.51.100.2')).toBe(200);
    expect(await from('203.0.113.9, 198.51.100.1')).toBe(429);
    await statuses(60, 'ping', {from: '2001:db8:1:2::1'});
    expect(await from('2001:db8:1:2:ffff::2')).toBe(429);
    expect(await from('2001:db8:1:3::1')).toBe(200);
  });

  test('a client without a front end is its connection, because it can set the header', async () => {
    const {env, scheduler: clock, store} = system;
    const logger = createLogger({level: 'error', destination: {write: () => undefined}});
    const direct = await serve(createApi({env, clock, store, logger, perMinute: {nobody: 1}}));
    const from = async (forwarded: string) =>
      (await fetch(`${direct.url}ping`, {headers: {'x-forwarded-for': forwarded}})).status;
    expect([await from('198.51.100.1'), await from('198.51.100.2')]).toEqual([200, 429]);
    await direct.close();
  });
});

test('a valid secret gets 300 answers a minute from all addresses together, apart from those without one', async () => {
  await statuses(60, 'ping');
  expect(await statuses(200, 'deadletters', {secret: MANAGER_SECRET})).toEqual({200: 200});
  const there = {secret: MANAGER_SECRET, from: '198.51.100.2'};
  expect(await statuses(101, 'deadletters', there)).toEqual({200: 100, 429: 1});
  expect((await get('ping', {from: there.from})).status).toBe(200);
  await system.pass(MINUTE);
  expect((await get('deadletters', there)).status).toBe(200);
});

test('hosts have 120 a minute each, and never share a bucket', () => {
  const limits = new RateLimits(new VirtualScheduler());
  for (let i = 0; i < 120; i++) for (const id of ['a', 'b']) limits.count({kind: 'host', id});
  for (const id of ['a', 'b'])
    expect(() => limits.count({kind: 'host', id})).toThrow('more than 120 requests a minute');
  limits.count({kind: 'nobody', id: 'a'});
});

describe('wrong secrets', () => {
  test('10 in 10 minutes of an address: no secret of it is looked at until the first is 10 minutes old', async () => {
    expect(await statuses(5, 'deadletters', {secret: 'a-guess'})).toEqual({401: 5});
    await system.pass(4 * MINUTE);
    expect(await statuses(5, 'deadletters', {secret: 'a-guess'})).toEqual({401: 5});
    for (const secret of ['a-guess', MANAGER_SECRET]) {
      const {status, retryAfter, text} = await get('deadletters', {secret});
      expect([status, retryAfter]).toEqual([429, 6 * 60]);
      expect(text).toContain('10 wrong secrets');
      expect(text).not.toContain(MANAGER_SECRET);
    }
    expect((await get('ping')).status).toBe(200);
    expect((await get('deadletters', {secret: MANAGER_SECRET, from: '198.51.100.2'})).status).toBe(200);
    await system.pass(6 * MINUTE);
    expect((await get('deadletters', {secret: MANAGER_SECRET})).status).toBe(200);
  });

  test('100 in all slow down addresses that were not seen before, and lock nobody out', async () => {
    const known = {secret: MANAGER_SECRET, from: '192.0.2.1'};
    const unknown = {secret: MANAGER_SECRET, from: '192.0.2.2'};
    expect((await get('deadletters', known)).status).toBe(200);
    for (let i = 0; i < 12; i++) await statuses(9, 'deadletters', {secret: 'a-guess', from: `203.0.113.${i}`});

    expect(await statuses(5, 'deadletters', known)).toEqual({200: 5});
    expect(await get('deadletters', unknown)).toMatchObject({status: 429, retryAfter: 10});
    await system.pass(9_000);
    expect(await get('deadletters', unknown)).toMatchObject({status: 429, retryAfter: 1});
    await system.pass(1_000);
    expect(await statuses(5, 'deadletters', unknown)).toEqual({200: 5});

    const guesser = {secret: 'a-guess', from: '192.0.2.3'};
    await get('deadletters', guesser);
    await system.pass(10_000);
    expect((await get('deadletters', guesser)).status).toBe(401);
    expect((await get('deadletters', guesser)).status).toBe(429);
    await system.pass(10 * MINUTE);
    expect((await get('deadletters', guesser)).status).toBe(401);
  });
});
