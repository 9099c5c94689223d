import type {StandbyDocument} from '../../../shared/model/standby';
import type {StandbyLook} from '../../../shared/providers/provider';
import type {Observed} from '../../../shared/sweep/observed';
import {aPool} from '../../builders/lifecycle';
import {aStandby} from '../../builders/standby';
import {LATER, machine, once, twice, words} from '../../builders/sweep';

const scope = {kind: 'repositories', patterns: ['acme/app']} as const;
const pool = aPool({scope, standby: {hold: 'stopped', count: 1}});
const suspending = aPool({scope, standby: {hold: 'suspended', count: 1}});
const MINUTE = 60_000;

function ready(overrides: Partial<StandbyDocument> = {}): StandbyDocument {
  return aStandby({createdAt: LATER, stateAt: LATER, ...overrides});
}

/** A world with this standby machine, which its provider lists. */
function holding(document: StandbyDocument, more: Partial<Observed> = {}, look?: StandbyLook): Partial<Observed> {
  const status = document.state === 'preparing' ? 'running' : 'standby';
  return {
    pools: [pool],
    standby: [{document, look}],
    machines: [machine(document, {status, createdAt: document.createdAt})],
    ...more,
  };
}

describe('a pool', () => {
  test('without its standby machines gets them', () => {
    const actions = once({
      pools: [aPool({scope, standby: {hold: 'stopped', count: 3}})],
      standby: [{document: ready()}],
    });
    expect(actions.filter(({kind}) => kind === 'standby')).toHaveLength(2);
  });

  test('gets the same machine from two sweeps of the same minute', () => {
    const [first] = once({pools: [pool]}, LATER);
    const [again] = once({pools: [pool]}, LATER + 5_000);
    expect(first).toMatchObject({kind: 'standby', pool: 'arm'});
    expect(again).toEqual(first);
  });

  test.each<[string, Partial<Observed>]>([
    ['has none', {pools: [aPool({scope})]}],
    ['has enough', holding(ready())],
    ['is drained', {pools: [{...pool, maxRunners: 0}]}],
    ['is held back by a breaker', {pools: [pool], held: new Set(['arm'])}],
    ['could not make one lately', {pools: [pool], standbyBreakers: new Map([['arm', 'open']])}],
    ['has more records than can be read', {pools: [pool], standby: undefined}],
  ])('that %s gets none', (_, world) => {
    expect(words(once(world))).not.toContain('standby standby');
  });

  test('that could not make one gets one after a while, and the others when that is ready', () => {
    const pools = [aPool({scope, standby: {hold: 'stopped', count: 3}})];
    const standbyBreakers = new Map([['arm', 'probe']] as const);
    const count = (more: Partial<Observed>) =>
      once({pools, standbyBreakers, ...more}).filter(({kind}) => kind === 'standby').length;
    expect(count({})).toBe(1);
    expect(count({standby: [{document: ready({state: 'preparing'})}]})).toBe(0);
  });
});

describe('a standby machine that prepares itself', () => {
  const preparing = (overrides: Partial<StandbyDocument> = {}) => ready({state: 'preparing', ...overrides});
  const afterMinutes = (
    minutes: number,
    state: StandbyLook['state'],
    more: Partial<StandbyDocument> = {},
    in_ = pool,
  ) => words(once(holding(preparing(more), {pools: [in_]}, {state}), LATER + minutes * MINUTE));

  test.each<[string, string[], string[]]>([
    ['is left alone while it boots', afterMinutes(9, 'preparing'), []],
    ['has failed after twice its bootMinutes', afterMinutes(10, 'preparing'), ['end_standby standby_failed']],
    ['has failed when it ended without a word', afterMinutes(1, 'failed'), ['end_standby standby_failed']],
    ['can be claimed when it is stopped', afterMinutes(1, 'ready'), ['ready standby_ready']],
    ['powers off by itself', afterMinutes(1, 'prepared'), []],
    ['is suspended by us', afterMinutes(1, 'prepared', {hold: 'suspended'}, suspending), ['suspend standby_prepared']],
    [
      'has failed when it is not suspended in time',
      afterMinutes(30, 'preparing', {hold: 'suspended', preparedAt: LATER}, suspending),
      ['end_standby standby_failed'],
    ],
    ['is created when its task was lost', afterMinutes(3, 'absent', {machineId: null}), ['prepare standby_lost']],
    [
      'has failed when nobody created it',
      afterMinutes(10, 'absent', {machineId: null}),
      ['end_standby standby_failed'],
    ],
    ['is left alone when it was claimed meanwhile', afterMinutes(30, 'begun'), []],
  ])('%s', (_, actions, expected) => {
    expect(actions).toEqual(expected);
  });

  test('is not judged while its provider does not answer', () => {
    expect(words(once(holding(preparing(), {}, undefined), LATER + 60 * MINUTE))).toEqual([]);
  });

  test('is a failed boot only when it booted', () => {
    const failed = (more: Partial<StandbyDocument>) =>
      once(holding(preparing(more), {}, {state: 'preparing'}), LATER + 10 * MINUTE)[0];
    expect(failed({})).toMatchObject({blame: 'boot'});
    expect(failed({machineId: null})).not.toHaveProperty('blame');
  });

  test('is gone when two sweeps find no machine', () => {
    const world = holding(preparing(), {machines: []}, {state: 'absent'});
    expect(words(once(world))).toEqual([]);
    expect(words(twice(world))).toEqual(['end_standby standby_failed']);
  });
});

describe('a standby machine that is ready', () => {
  test('is no orphan, however long it waits', () => {
    expect(words(twice(holding(ready())))).toEqual([]);
  });

  test('that is on no record is one', () => {
    const lost = machine(ready(), {status: 'standby', createdAt: LATER - 24 * 60 * MINUTE});
    expect(words(twice({machines: [lost]}))).toEqual(['delete_vm orphan']);
  });

  test.each<[string, Partial<Observed>]>([
    ['its pool was removed', holding(ready(), {pools: []})],
    ['its pool holds none any more', holding(ready(), {pools: [aPool({scope})]})],
    ['its pool is drained', holding(ready(), {pools: [{...pool, maxRunners: 0}]})],
    ['its pool holds machines otherwise', holding(ready(), {pools: [suspending]})],
    ['its template is another one now', holding(ready(), {fingerprints: new Map([['arm', 'template 8']])})],
    ['it is a day old', holding(ready({createdAt: LATER - 24 * 60 * MINUTE}))],
  ])('is deleted when %s', (_, world) => {
    expect(words(once(world))).toContain('end_standby standby_expired');
  });

  test('stays while its template is the one of today, or nobody knows', () => {
    expect(words(once(holding(ready(), {fingerprints: new Map([['arm', 'template 7']])})))).toEqual([]);
    expect(words(once(holding(ready({fingerprint: null}), {fingerprints: new Map([['arm', 'x']])})))).toEqual([]);
  });

  test('is replaced in the same sweep when its template is another one now', () => {
    const world = holding(ready(), {fingerprints: new Map([['arm', 'template 8']])});
    expect(words(once(world))).toEqual(['end_standby standby_expired', 'standby standby']);
  });

  test.each<[string, Partial<Observed>]>([
    ['is gone', {machines: []}],
    ['was started by somebody', {machines: [machine(ready(), {status: 'running', createdAt: LATER})]}],
  ])('that %s is ended when two sweeps have seen it', (_, seen) => {
    expect(words(once(holding(ready(), seen)))).toEqual([]);
    expect(words(twice(holding(ready(), seen)))).toContain('end_standby standby_vanished');
  });

  test('is not gone because its zone was not listed', () => {
    const world = holding(ready(), {machines: [], unlisted: [{provider: 'gce', place: 'us-central1-a'}]});
    expect(words(twice(world))).toEqual([]);
  });

  test('that a person keeps is not deleted', () => {
    const document = ready();
    const machines = [machine(document, {status: 'standby', createdAt: LATER, isKept: true})];
    expect(words(once(holding(document, {pools: [], machines})))).toEqual([]);
  });

  test('that was ended is deleted again until that is accepted', () => {
    const document = ready({state: 'expired', because: 'is a day old'});
    expect(words(once(holding(document)))).toContain('end_standby standby_left');
  });
});
