import {type FailedEvent, failureOfDeliveries, type HookReading} from '../../../shared/model/deliveries';
import {FailedEvents} from '../../../shared/sweep/deliveries/failed-events';
import {healthAfter, planRedeliveries, redeliveryAllowance, tried} from '../../../shared/sweep/deliveries/schedule';
import {NOW} from '../../builders/lifecycle';
import {delivery} from '../../builders/sweep';

const MINUTE = 60_000;
const HOUR = 60 * MINUTE;
const UP: HookReading = {since: NOW, unread: [], isDown: false, probedAt: 0, recoveredAt: 0};
const DOWN: HookReading = {...UP, isDown: true};

const event = (overrides: Partial<FailedEvent> = {}): FailedEvent => ({
  hook: 'app',
  id: 1,
  action: 'queued',
  at: NOW,
  last: NOW,
  listed: NOW,
  tries: 0,
  isOver: false,
  ...overrides,
});

function sent(events: readonly FailedEvent[], reading = UP, now = NOW, calls = 171): string[] {
  const named = events.map((one, index) => [`g${index}`, one] as const);
  const {send} = planRedeliveries(named, new Map([['app', reading]]), {now, calls});
  return send.map(({guid, isProbe}) => `${guid}${isProbe ? ' probe' : ''}`);
}

describe('a hook', () => {
  const at = (seconds: number, overrides: object = {}) => delivery({deliveredAt: NOW + seconds * 1000, ...overrides});

  test.each([
    ['its only delivery failed', [at(0)], true],
    ['the deliveries after the last success failed', [at(60), at(0, {ok: true})], true],
    ['a delivery failed at the time of a success', [at(3), at(0, {ok: true})], false],
    ['the newest delivery succeeded', [at(60, {ok: true}), at(0)], false],
    ['only an old event fails again', [at(60, {redelivery: true}), at(0, {ok: true}), at(-60)], false],
    [
      'nothing but redeliveries is in sight, and they fail',
      [at(60, {redelivery: true}), at(0, {redelivery: true})],
      true,
    ],
  ])('when %s', (_, newest, isDown) => {
    expect(healthAfter(UP, newest).isDown).toBe(isDown);
    expect(healthAfter(DOWN, newest).isDown).toBe(isDown);
  });

  test('without deliveries keeps its health', () => {
    expect(healthAfter(DOWN, [])).toEqual(DOWN);
  });

  test('that is down keeps what it answered to the newest attempt, as long as it is down', () => {
    const down = healthAfter(UP, [at(60, {statusCode: 401}), at(0)]);
    expect(failureOfDeliveries(down)).toContain('answered 401: the webhook’s secret');
    expect(failureOfDeliveries(healthAfter(down, [at(120)]))).toMatch(/answered 502$/);
    expect(failureOfDeliveries(healthAfter(down, [at(120, {statusCode: null})]))).toMatch(/all failed$/);
    expect(healthAfter(down, [at(120, {ok: true, statusCode: 200})])).not.toHaveProperty('failedWith');
  });

  test('is up from its first success on', () => {
    expect(healthAfter(DOWN, [at(60, {ok: true}), at(0)]).recoveredAt).toBe(NOW + 60_000);
  });
});

describe('an event that did not arrive', () => {
  test.each([
    [0, 0],
    [1, MINUTE],
    [2, 5 * MINUTE],
    [3, 30 * MINUTE],
    [4, 3 * HOUR],
  ])('after %i tries is due after its pause', (tries, pause) => {
    expect(sent([event({tries})], UP, NOW + pause)).toEqual(['g0']);
    if (pause > 0) expect(sent([event({tries})], UP, NOW + pause - 10_000)).toEqual([]);
  });

  test('is given up after five tries, when the last one has had its time', () => {
    const plan = (now: number) => planRedeliveries([['g', event({tries: 5})]], new Map([['app', UP]]), {now, calls: 9});
    expect(plan(NOW + 9 * MINUTE)).toEqual({send: [], givenUp: []});
    expect(plan(NOW + 10 * MINUTE).givenUp).toHaveLength(1);
  });

  test('is given up when GitHub no longer redelivers it, whatever the health of its hook', () => {
    const plan = planRedeliveries([['g', event()]], new Map(), {now: NOW + 72 * HOUR, calls: 9});
    expect(plan.givenUp).toHaveLength(1);
  });

  test('is due as soon as its hook is up again', () => {
    expect(sent([event({tries: 4})], {...UP, recoveredAt: NOW + MINUTE}, NOW + MINUTE)).toEqual(['g0']);
  });

  test('is not redelivered when its hook could not be read', () => {
    expect(planRedeliveries([['g', event()]], new Map(), {now: NOW, calls: 9}).send).toEqual([]);
  });
});

describe('while the hook is down', () => {
  test('one event is redelivered per minute', () => {
    const events = [event({last: NOW}), event({last: NOW - 1}), event({last: NOW - 2, tries: 5})];
    expect(sent(events, DOWN)).toEqual(['g2 probe']);
    expect(sent(events, {...DOWN, probedAt: NOW - 50_000})).toEqual([]);
    expect(sent(events, {...DOWN, probedAt: NOW - 60_000})).toEqual(['g2 probe']);
  });

  test('a probe does not count as a try of the event', () => {
    expect(tried(event({tries: 2}), {isProbe: true}, NOW + 1)).toMatchObject({tries: 2, last: NOW + 1});
    expect(tried(event({tries: 2}), {isProbe: false}, NOW + 1)).toMatchObject({tries: 3});
  });

  test('an event that creates no VM for an old job is preferred', () => {
    const old = NOW - HOUR;
    expect(sent([event({at: old, last: old}), event({at: old, last: NOW, action: 'completed'})], DOWN)).toEqual([
      'g1 probe',
    ]);
  });
});

test('events that start jobs are redelivered first, within the allowance', () => {
  const events = ['waiting', 'in_progress', 'completed', 'queued'].map((action) => event({action}));
  expect(sent(events)).toEqual(['g3', 'g2', 'g1', 'g0']);
  expect(sent(events, UP, NOW, 2.9)).toEqual(['g3', 'g2']);
  expect(redeliveryAllowance({calls: 0, at: NOW}, NOW + 10_000).calls).toBeCloseTo(28.5);
  expect(redeliveryAllowance({calls: 100, at: NOW}, NOW + HOUR).calls).toBe(171);
});

test('missed ends are redelivered before events of jobs that were queued long ago', () => {
  const old = NOW - HOUR;
  const events = [event({at: old, last: old}), event({at: old, last: old, action: 'completed'})];
  expect(sent(events)).toEqual(['g1']);
  expect(sent([events[0] as FailedEvent])).toEqual(['g0']);
});

describe('the failed events on record', () => {
  const failed = (guid: string, overrides: object = {}) => delivery({guid, ...overrides});

  test('are the job events of which no attempt arrived, with their newest attempt', () => {
    const events = new FailedEvents();
    events.addAttempt('app', failed('b', {id: 9, ok: true, deliveredAt: NOW + 9}));
    for (const id of [3, 2, 1]) events.addAttempt('app', failed('a', {id, deliveredAt: NOW + id, redelivery: id > 1}));
    events.addAttempt('app', failed('b', {id: 0}));
    events.addAttempt('app', failed('c', {event: 'push'}));
    events.addAttempt('app', failed('d', {action: 'labeled'}));
    expect(events.open()).toEqual([['a', event({id: 3, at: NOW + 1, last: NOW + 3, listed: NOW + 3})]]);
  });

  test('are over when an attempt arrives, even if an older attempt is read again', () => {
    const events = new FailedEvents();
    events.addAttempt('app', failed('a'));
    const next = new FailedEvents([events.page(0)]);
    next.addAttempt('app', failed('a', {id: 2, ok: true, deliveredAt: NOW + 5}));
    const last = new FailedEvents([next.page(0)]);
    last.addAttempt('app', failed('a'));
    expect(last.open()).toEqual([]);
  });

  test('are deleted when they are over and none of their attempts is read again', () => {
    const events = new FailedEvents([{a: event({isOver: true}), b: event()}]);
    events.deleteOver(() => NOW, NOW);
    expect(events.get('a')).toBeDefined();
    events.deleteOver(() => NOW + 1, NOW);
    expect([events.get('a'), events.get('b')?.id]).toEqual([undefined, 1]);
  });

  test('are stored on pages of less than 256 KiB until all are full; deleted events make room', () => {
    const events = new FailedEvents();
    const guid = (n: number) => `${'0'.repeat(28)}${String(n).padStart(8, '0')}`;
    let taken = 0;
    while (taken < 100_000 && events.addAttempt('app', failed(guid(taken), {id: 168_400_000_000 + taken}))) taken++;
    expect(taken).toBeGreaterThan(20_000);
    expect(taken).toBeLessThan(40_000);
    const sizes = Array.from({length: events.pages}, (_, n) => Buffer.byteLength(JSON.stringify(events.page(n))));
    expect(Math.max(...sizes)).toBeLessThan(220 * 1024);
    for (const [each, one] of events.open()) events.set(each, {...one, isOver: true});
    events.deleteOver(() => NOW + 1, NOW);
    expect(events.pages).toBe(0);
    expect(events.addAttempt('app', failed('a'))).toBe(true);
  });
});
