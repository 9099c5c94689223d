import {notAllowedNow} from '../../../shared/model/not-allowed';
import type {Pool} from '../../../shared/model/pool';
import {plan} from '../../../shared/sweep/plan';
import {aJob, aPool, aRunner} from '../../builders/lifecycle';
import {jobs, LATER, machine, observed, once, scopes, seen, twice, words} from '../../builders/sweep';

const MINUTE = 60_000;
const queued = aJob({demand: 'covered', runner: 'slipway-arm-1001-1', creations: 1});
const runner = aRunner(queued);

describe('a job that is queued at GitHub', () => {
  test('and not on record is replayed as an event for the matching pool, like its webhook', () => {
    const [action, ...others] = once({seen: seen()});
    expect(others).toEqual([]);
    expect(action).toMatchObject({
      kind: 'event',
      reason: 'uncovered_job',
      event: {
        status: 'queued',
        pool: 'arm',
        jobId: 1001,
        installationId: 42,
        delivery: expect.stringContaining('sweep-'),
      },
    });
  });

  test('is replayed with the same delivery id for an hour, so that there is one task', () => {
    const deliveries = [0, 10, 50, 70].map((minutes) => {
      const [action] = once({seen: seen()}, LATER + minutes * MINUTE);
      return action?.kind === 'event' ? action.event.delivery : undefined;
    });
    expect(new Set(deliveries.slice(0, 3)).size).toBe(1);
    expect(deliveries[3]).not.toBe(deliveries[0]);
  });

  test.each([
    ['and younger than a minute is left to the webhook', {queuedAt: LATER - 59_000}, false],
    ['and older than 23 hours is left to GitHub, which cancels it', {queuedAt: LATER - 24 * 60 * MINUTE}, false],
    ['with labels of no pool is ignored', {labels: ['macos']}, false],
    ['in a public repository that no pool allows is ignored', {}, true],
  ])('%s', (_, job, isPublic) => {
    expect(once({seen: seen(job, isPublic)})).toEqual([]);
  });

  test('is replayed if GitHub does not say since when it waits', () => {
    expect(words(once({seen: seen({queuedAt: null})}))).toEqual(['event uncovered_job']);
  });

  test('is replayed at once without webhooks', () => {
    expect(words(once({webhooks: 'off', seen: seen({queuedAt: LATER - 1_000})}))).toEqual(['event uncovered_job']);
  });

  test('and waits for a persistent VM demands that VM again from time to time', () => {
    const pools = [aPool({provider: {type: 'gce-vm', instance: 'build', zone: 'us-central1-a'}})];
    const job = {...queued, runner: 'build'};
    const asked = (updatedAt: number) => words(once({seen: seen(), jobs: jobs({...job, updatedAt}), pools}));
    expect(asked(LATER - 10 * MINUTE)).toEqual(['demand lost_demand']);
    expect(asked(LATER - 9 * MINUTE)).toEqual([]);
  });

  test('and has a live assigned runner is left alone', () => {
    expect(once({seen: seen(), jobs: jobs(queued), runners: [{...runner, stateAt: LATER}]})).toEqual([]);
  });

  test('and whose assigned runner is over is open again', () => {
    expect(words(once({seen: seen(), jobs: jobs(queued)}))).toEqual(['reopen lost_runner']);
    expect(once({seen: seen(), jobs: jobs(queued), runners: undefined})).toEqual([]);
  });

  test('and waiting on record is replayed, unless it began to wait just now', () => {
    const waiting = aJob({status: 'waiting', demand: 'none'});
    expect(words(once({seen: seen(), jobs: jobs(waiting)}))).toEqual(['event uncovered_job']);
    expect(once({seen: seen(), jobs: jobs({...waiting, updatedAt: LATER - 30_000})})).toEqual([]);
  });

  test.each([
    [14, 1, false],
    [15, 1, true],
    [59, 9, false],
    [60, 9, true],
  ])('and given up on %i minutes ago after %i runners is tried again: %s', (minutes, creations, again) => {
    const dead = aJob({demand: 'dead', creations, updatedAt: LATER - minutes * MINUTE});
    expect(words(once({seen: seen(), jobs: jobs(dead)}))).toEqual(again ? ['event dead_job'] : []);
  });

  test('and given up on for an option that is not allowed is tried again once the settings of its pool, or of a fallback, are others', () => {
    const pools = [aPool({fallback: 'other'}), aPool({name: 'other', priority: -1})];
    const at = LATER - 300 * MINUTE;
    const job = aJob({demand: 'dead', creations: 1, updatedAt: at});
    const dead = {...job, ...notAllowedNow(pools, job, at)};
    const tried = (now: readonly Pool[], change: object = {}) =>
      words(once({seen: seen(), jobs: jobs({...dead, ...change}), pools: now}));
    expect(tried(pools)).toEqual([]);
    expect(tried(pools.map((pool) => ({...pool})))).toEqual([]);
    for (const changed of [0, 1]) {
      const others = pools.map((pool, index) => (index === changed ? {...pool, options: {disk: 500}} : pool));
      expect(tried(others)).toEqual(['event dead_job']);
    }
    // It was given up again since, for another reason.
    expect(tried(pools, {updatedAt: at + 1})).toEqual(['event dead_job']);
  });

  test('and given up on is tried no more once GitHub is about to cancel it', () => {
    const dead = jobs(aJob({demand: 'dead', creations: 1, updatedAt: LATER - 60 * MINUTE}));
    const queuedAgo = (minutes: number) => once({seen: seen({queuedAt: LATER - minutes * MINUTE}), jobs: dead});
    expect(words(queuedAgo(23 * 60))).toEqual(['event dead_job']);
    expect(queuedAgo(23 * 60 + 1)).toEqual([]);
  });
});

describe('a job on record as running that GitHub lists as queued', () => {
  const gone = aJob({status: 'in_progress', demand: 'none', runner: 'slipway-arm-1001-1', creations: 1});
  const known = {seen: seen(), jobs: jobs(gone)};

  test('is requeued when two sweeps saw it and its runner is over', () => {
    expect(once(known)).toEqual([]);
    expect(twice(known, 1)).toEqual([]);
    expect(words(twice(known))).toEqual(['requeue requeued_job']);
  });

  test.each([
    ['is alive on record', {runners: [{...runner, state: 'busy', stateAt: LATER, runs: '1001-1', covers: null}]}],
    ['may be on record, because the runners could not be read', {runners: undefined}],
  ] as const)('is left alone while its runner %s', (_, more) => {
    const machines = [machine(runner)];
    expect(words(twice({...known, machines, ...more})).filter((word) => word.startsWith('requeue'))).toEqual([]);
  });

  test('is left alone while its runner of another system is busy', () => {
    const others = jobs({...gone, runner: 'theirs'});
    const busy = scopes({name: 'theirs', status: 'online', busy: true});
    expect(words(twice({seen: seen(), jobs: others, scopes: busy}))).toEqual([]);
    expect(words(twice({seen: seen(), jobs: others}))).toEqual(['requeue requeued_job']);
  });

  test('starts a new sighting when a sweep in between saw it run', () => {
    const first = plan(observed(known), LATER);
    const runs = seen({status: 'in_progress', runnerName: 'slipway-arm-1001-1'});
    const between = plan(observed({...known, seen: runs, sightings: first.sightings}), LATER + MINUTE);
    expect(plan(observed({...known, sightings: between.sightings}), LATER + 2 * MINUTE).steps).toEqual([]);
  });
});

test.each([
  ['in_progress', 'slipway-arm-1001-1'],
  ['completed', 'slipway-arm-1001-1'],
  ['completed', null],
  ['waiting', null],
] as const)('a job on record as queued that is %s by %s at GitHub is told so', (status, runnerName) => {
  const actions = once({seen: seen({status, runnerName}), jobs: jobs(queued), runners: [{...runner, stateAt: LATER}]});
  expect(actions).toEqual([expect.objectContaining({kind: 'event', reason: 'lost_event'})]);
  expect(actions[0]).toMatchObject({event: {status, runnerName}});
});

test('a completed job that was never on record is ignored', () => {
  expect(once({seen: seen({status: 'completed'})})).toEqual([]);
});

test('a job that GitHub no longer knows is completed when two sweeps missed it', () => {
  const gone = {jobs: jobs(queued), absent: new Set(['1001-1']), runners: [{...runner, stateAt: LATER}]};
  expect(once(gone)).toEqual([]);
  expect(words(twice(gone))).toContain('event vanished_job');
});

describe('jobs that wait', () => {
  const open = [1, 2, 3].map((n) => aJob({jobId: 2000 + n, demand: 'open', queuedAt: 100 - n}));

  test('are served by age, as many as slots are free', () => {
    const live = {...runner, slot: 'arm.0', stateAt: LATER};
    const actions = once({jobs: jobs(...open, queued), runners: [live], pools: [aPool({maxRunners: 3})]});
    expect(actions.map((action) => action.kind === 'demand' && action.job)).toEqual(['2003-1', '2002-1']);
  });

  test('of the pool with the highest priority come first', () => {
    const gpu = aJob({jobId: 3000, pool: 'gpu', demand: 'open', queuedAt: 1_000});
    const pools = [aPool({maxRunners: 1}), aPool({name: 'gpu', priority: 5})];
    const actions = once({jobs: jobs(...open, gpu), pools});
    expect(actions.map((action) => action.kind === 'demand' && action.job)).toEqual(['3000-1', '2003-1']);
  });

  test('are assigned to unassigned runners first', () => {
    const spare = {...runner, covers: null, spare: true, spareSince: LATER - 2 * MINUTE, stateAt: LATER};
    const actions = once({jobs: jobs(open[0] ?? queued), runners: [spare], pools: [aPool({maxRunners: 1})]});
    expect(words(actions)).toEqual(['place_spare spare_for_job']);
  });

  test('are left alone while the pool’s breaker is open', () => {
    expect(once({jobs: jobs(...open), held: new Set(['arm'])})).toEqual([]);
  });

  test('with a reserved slot get a new demand task', () => {
    expect(words(once({jobs: jobs(aJob({demand: 'reserved', slot: 'arm.0'}))}))).toEqual(['demand lost_demand']);
  });
});
