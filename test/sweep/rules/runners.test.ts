import type {RunnerDocument} from '../../../shared/model/runner';
import type {Observed} from '../../../shared/sweep/observed';
import {plan} from '../../../shared/sweep/plan';
import {aJob, aPool, aRunner, NOW} from '../../builders/lifecycle';
import {inTurn, jobs, LATER, machine, observed, once, scopes, seen, twice, words} from '../../builders/sweep';

const MINUTE = 60_000;
const job = aJob({demand: 'covered', runner: 'slipway-arm-1001-1', creations: 1});
const runner = aRunner(job, {githubId: 100});
const {name} = runner;
const running: RunnerDocument = {...runner, state: 'busy', runs: '1001-1', covers: null};
const own = [machine(runner)];
const all = {runners: [runner], machines: own, jobs: jobs(job)};

describe('a VM without a live runner', () => {
  const former = new Map([[name, {...runner, state: 'gone' as const}]]);

  test('is deleted by the id that its provider listed', () => {
    const machines = [machine(runner, {id: 'm-1'}), machine(runner, {id: 'm-2'})];
    expect(twice({machines, former})).toMatchObject([
      {kind: 'delete_vm', name, id: 'm-1'},
      {kind: 'delete_vm', name, id: 'm-2'},
    ]);
  });

  test.each([
    ['is deleted when two sweeps saw it', {former}, ['delete_vm orphan']],
    ['and without any record is deleted when every scope was listed', {}, ['delete_vm orphan']],
    ['and without any record is kept when a scope was not listed', {sawEveryScope: false}, []],
    ['is kept when the scope of its runner was not listed', {former, scopes: new Map(), sawEveryScope: false}, []],
    ['is kept while the runners cannot be read', {former, runners: undefined}, []],
    ['is kept while its registration is busy', {former, scopes: scopes({busy: true, status: 'online' as const})}, []],
    [
      'with a busy namesake elsewhere is deleted',
      {former, scopes: scopes({id: 7, busy: true, status: 'online' as const})},
      ['delete_vm orphan'],
    ],
    [
      'that is on no record is left alone, while its name is connected',
      {scopes: scopes({status: 'online' as const})},
      [],
    ],
    [
      'that is on no record, while its name is connected where its pool registers nobody, is deleted',
      {
        scopes: new Map(
          [...scopes({status: 'online' as const}).values()].map((seenScope) => [
            'repo rival/app',
            {...seenScope, scope: {kind: 'repository', owner: 'rival', repo: 'app'} as const},
          ]),
        ),
      },
      ['delete_vm orphan'],
    ],
    ['that is on no record, and whose name is offline, is deleted', {scopes: scopes({})}, ['delete_vm orphan']],
    [
      'on which GitHub runs a job is left alone',
      {former, seen: seen({status: 'in_progress', runnerName: name, runnerId: 100})},
      [],
    ],
    [
      'under whose name a job runs elsewhere is deleted',
      {former, seen: seen({status: 'in_progress', runnerName: name, runnerId: 7})},
      ['delete_vm orphan'],
    ],
    [
      'that is on no record, and under whose name a job runs, is left alone',
      {seen: seen({status: 'in_progress', runnerName: name, runnerId: 7})},
      [],
    ],
    ['that boots is left alone', {former, machines: [machine(runner, {createdAt: LATER})]}, []],
    ['that is being deleted is left alone', {former, machines: [machine(runner, {status: 'stopping' as const})]}, []],
    ['with slipway-keep is left alone', {former, machines: [machine(runner, {isKept: true})]}, []],
    [
      'that has stopped is deleted',
      {former, machines: [machine(runner, {status: 'stopped' as const})]},
      ['delete_vm stopped_vm'],
    ],
  ])('%s', (_, overrides, expected) => {
    const actions = twice({machines: own, ...overrides});
    expect(words(actions).filter((word) => word.startsWith('delete_vm'))).toEqual(expected);
  });

  test('is kept when one sweep saw it, or two sweeps too close together', () => {
    expect(once({machines: own, former})).toEqual([]);
    expect(twice({machines: own, former}, 1.9)).toEqual([]);
  });

  test('is kept if it is the persistent VM of a pool', () => {
    const pools = [aPool({provider: {type: 'gce-vm', instance: name, zone: 'us-central1-a'}})];
    expect(twice({machines: own, former, pools})).toEqual([]);
  });
});

describe('a registration that is offline', () => {
  const over: RunnerDocument = {...runner, state: 'gone', covers: null};
  const former = (overrides: Partial<RunnerDocument> = {}) => new Map([[name, {...over, ...overrides}]]);

  test('counts, as the end of a runner does, against the limits of its owner at GitHub', () => {
    const steps = (overrides: Partial<Observed>, minutes: number) => {
      const {sightings} = plan(observed(overrides), LATER);
      return plan(observed({...overrides, sightings}), LATER + minutes * MINUTE).steps;
    };
    expect(steps({former: former(), scopes: scopes({})}, 2)).toMatchObject([
      {action: {kind: 'deregister'}, owner: 'acme'},
    ]);
    expect(steps({...all, runners: [running], machines: []}, 2)).toMatchObject([
      {action: {kind: 'end_runner'}, owner: 'acme'},
    ]);
  });

  test('is deleted when two sweeps saw it, its runner is over and has no VM', () => {
    expect(words(twice({former: former(), scopes: scopes({})}))).toEqual(['deregister ghost']);
  });

  test.each([
    ['busy', {scopes: scopes({busy: true})}],
    ['online', {scopes: scopes({status: 'online' as const})}],
    ['of another id', {scopes: scopes({id: 7})}],
    ['of another scope', {former: former({scope: {kind: 'organization', org: 'acme'}}), scopes: scopes({})}],
    ['of a runner that is on no record', {former: new Map(), scopes: scopes({})}],
    ['of a name that was not tried', {former: former({githubId: null, registrationTriedAt: null}), scopes: scopes({})}],
    ['of an existing VM', {scopes: scopes({}), machines: [machine(runner, {createdAt: LATER})]}],
    [
      'of a runner that is being made',
      {scopes: scopes({}), runners: [{...runner, state: 'requested' as const, stateAt: LATER}]},
    ],
    ['seen while VMs could not be listed', {scopes: scopes({}), unlisted: [{provider: 'gce'}]}],
  ])('and %s stays', (_, overrides) => {
    expect(twice({former: former(), ...overrides})).toEqual([]);
  });

  test('under a name that we tried to register is deleted after a quarter of an hour', () => {
    const lost = {former: former({githubId: null, registrationTriedAt: NOW, state: 'failed'}), scopes: scopes({})};
    expect(twice(lost, 14)).toEqual([]);
    expect(words(twice(lost, 15))).toEqual(['deregister ghost']);
  });

  test('is deleted together with at most 19 others per sweep', () => {
    const many = Array.from({length: 30}, (_, n) => ({name: `slipway-arm-${n + 1}-1`}));
    const all = new Map(many.map((each, n) => [each.name, {...over, ...each, githubId: 100 + n}]));
    expect(twice({former: all, scopes: scopes(...many)})).toHaveLength(20);
  });
});

describe('a runner that is booting', () => {
  test.each([
    ['is online', {scopes: scopes({id: 7, status: 'online' as const})}],
    ['runs a job', {scopes: scopes({}), seen: seen({status: 'in_progress', runnerName: name, runnerId: 7})}],
  ])('for too long is ended, although one of its name %s', (_, overrides) => {
    expect(words(twice({...all, ...overrides})).filter((word) => word.startsWith('end'))).toEqual(['end_runner boot']);
  });

  test('whose machine waits in the provider’s queue lacked capacity, and did not fail to boot', () => {
    const machines = [machine(runner, {status: 'queued'})];
    expect(words(twice({...all, machines, scopes: scopes({})}))).toEqual(['end_runner no_capacity']);
  });

  test('is ended when two sweeps see it offline after bootMinutes', () => {
    expect(words(twice({...all, scopes: scopes({})}))).toEqual(['end_runner boot']);
    expect(once({...all, scopes: scopes({})})).toEqual([]);
  });

  test.each([
    ['is online', {scopes: scopes({status: 'online' as const})}],
    ['is not due', {scopes: scopes({}), runners: [{...runner, stateAt: LATER}]}],
    [
      'runs a job by GitHub’s word',
      {scopes: scopes({}), seen: seen({status: 'in_progress', runnerName: name, runnerId: 100})},
    ],
    ['could not be listed', {scopes: new Map()}],
  ])('and %s stays', (_, overrides) => {
    expect(words(twice({...all, ...overrides})).filter((word) => word.startsWith('end'))).toEqual([]);
  });
});

test('an assigned runner that is idle for idleMinutes is released', () => {
  const idle = {...all, runners: [{...runner, onlineAt: LATER}], scopes: scopes({status: 'online'})};
  expect(twice(idle, 9.9)).toEqual([]);
  expect(words(twice(idle, 10))).toEqual(['release_idle idle']);
  expect(twice({...all, scopes: scopes({status: 'online', busy: true})}, 10)).toEqual([]);
});

test('a runner that is online while its job waits is noted, once, and not when it is busy or runs a job', () => {
  const idle = {...all, scopes: scopes({status: 'online'})};
  expect(words(once(idle))).toEqual(['note_online online']);
  expect(once({...idle, runners: [{...runner, onlineAt: NOW}]})).toEqual([]);
  expect(once({...idle, scopes: scopes({})})).toEqual([]);
  expect(once({...idle, scopes: scopes({status: 'online', busy: true})})).toEqual([]);
  const started = seen({status: 'in_progress', runnerName: name, runnerId: 100});
  expect(words(once({...idle, seen: started}))).not.toContain('note_online online');
});

test('an unassigned runner whose idle check was lost is checked again, unless it is warm', () => {
  const spare: RunnerDocument = {...runner, covers: null, spare: true, spareSince: LATER - 17 * MINUTE, stateAt: LATER};
  const seenSpare = (since: number, pools = [aPool()]) =>
    words(once({runners: [{...spare, spareSince: LATER - since * MINUTE}], machines: own, pools}));
  expect(seenSpare(17)).toEqual([]);
  expect(seenSpare(18)).toEqual(['idle_check lost_stop']);
  expect(seenSpare(18, [aPool({minIdle: 1, scope: {kind: 'repositories', patterns: ['acme/app']}})])).toEqual([]);
});

describe('a busy runner', () => {
  const since = (minutes: number) => ({...running, stateAt: LATER - minutes * MINUTE});

  test('is ended only by jobMinutes', () => {
    expect(once({runners: [since(119)], machines: own})).toEqual([]);
    const [action] = once({
      runners: [since(120)],
      machines: own,
      jobs: jobs({...job, status: 'in_progress', url: 'u'}),
    });
    expect(action).toMatchObject({kind: 'end_runner', reason: 'over_time', force: true, jobUrl: 'u'});
  });

  test('whose job is completed is not ended, but gets the missed event', () => {
    const over = {runners: [since(130)], machines: own, seen: seen({status: 'completed', runnerName: name})};
    expect(words(once({...over, jobs: jobs({...job, status: 'in_progress', demand: 'none'})}))).toEqual([
      'event lost_event',
    ]);
  });

  test('is ended when its VM is missing in two complete lists, but not when a list is incomplete', () => {
    expect(words(twice({runners: [since(1)]}))).toEqual(['end_runner vanished_vm']);
    expect(twice({runners: [since(1)], unlisted: [{provider: 'gce'}]})).toEqual([]);
  });

  test('whose VM stopped before it was missing counts until the first sweep that missed it', () => {
    const stopped = {runners: [since(1)], machines: [machine(runner, {status: 'stopped'})]};
    const [action] = inTurn(stopped, stopped, {runners: [since(1)]});
    expect(action).toMatchObject({reason: 'vanished_vm', missingSince: LATER + 2 * MINUTE});
  });

  test('is not ended because its registration is missing', () => {
    expect(twice({runners: [since(1)], machines: own})).toEqual([]);
  });

  test('is not ended while one of two machines of its name runs, in whatever order they are listed', () => {
    const both = [machine(runner, {id: 'm-1'}), machine(runner, {id: 'm-2', status: 'stopped'})];
    expect(twice({runners: [since(1)], machines: both})).toEqual([]);
    expect(twice({runners: [since(1)], machines: both.toReversed()})).toEqual([]);
  });
});

test('a runner that is draining for five minutes has lost its task and is ended', () => {
  const leaving: RunnerDocument = {...runner, state: 'draining', covers: null};
  expect(words(once({runners: [leaving], machines: own}))).toEqual(['end_runner lost_stop']);
  expect(once({runners: [{...leaving, stateAt: LATER - 4 * MINUTE}], machines: own})).toEqual([]);
  expect(once({runners: [leaving], machines: [machine(runner, {status: 'stopping'})]})).toEqual([]);
});

describe('a draining runner whose machine may have been preempted', () => {
  const since = (seconds: number): RunnerDocument => ({
    ...running,
    state: 'draining',
    mayBePreempted: true,
    stateAt: LATER - seconds * 1000,
  });

  test.each([
    ['is asked about', 10, {lastLook: false}],
    ['is ended three minutes after its job', 180, {lastLook: true}],
    ['is ended once, however long ago its job was', 3600, {lastLook: true}],
  ])('%s', (_, seconds, expected) => {
    const actions = once({runners: [since(seconds)], machines: own});
    expect(words(actions)).toEqual(['end_runner interrupted_job']);
    expect(actions).toMatchObject([{...expected, isDead: false, missingSince: LATER}]);
  });

  test('is asked about, too, where its provider could not be listed', () => {
    const [action] = once({runners: [since(10)], unlisted: [{provider: 'gce'}]});
    expect(action).toMatchObject({reason: 'interrupted_job', isDead: false, missingSince: undefined});
  });

  test('counts until the first sweep that missed its machine', () => {
    const missed = {runners: [since(10)]};
    const [action] = inTurn({...missed, machines: own}, missed, missed);
    expect(action).toMatchObject({isDead: true, missingSince: LATER + MINUTE});
  });
});

test('a stalled creation is resumed, and its runner is ended after an hour', () => {
  const half = (minutes: number, more = {}): RunnerDocument => ({
    ...runner,
    state: 'creating',
    stateAt: LATER - minutes * MINUTE,
    ...more,
  });
  const with_ = (one: RunnerDocument) => words(once({runners: [one], jobs: jobs(job)}));
  expect(with_(half(9))).toEqual([]);
  expect(with_(half(10))).toEqual(['demand half_made']);
  expect(with_(half(60))).toEqual(['end_runner half_made']);
  const ended = (more: Partial<Observed>) => once({runners: [half(60)], jobs: jobs(job), ...more});
  expect(ended({machines: []})).toMatchObject([{isDead: true}]);
  expect(ended({machines: own})).toMatchObject([{isDead: false}]);
  expect(ended({unlisted: [{provider: 'gce'}]})).toMatchObject([{isDead: false}]);
  expect(words(once({runners: [half(10)]}))).toEqual(['end_runner half_made']);
});

test('a slot whose holder is over is freed when two sweeps saw it', () => {
  const slot = (holder: string | null) => [{id: 'arm.0', data: {pool: 'arm', n: 0, holder, expireAt: NOW * 2}}];
  expect(words(twice({slots: slot(name)}))).toEqual(['free_slot lost_slot']);
  expect(words(twice({slots: slot('job:1001-1')}))).toEqual(['free_slot lost_slot']);
  expect(once({slots: slot(name)})).toEqual([]);
  expect(twice({slots: slot(name), runners: undefined})).toEqual([]);
  const held = {runners: [{...runner, stateAt: LATER, slot: 'arm.0'}], machines: own};
  expect(twice({slots: slot(name), ...held})).toEqual([]);
  expect(twice({slots: slot(null)})).toEqual([]);
});
