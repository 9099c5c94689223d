import type {Preemption} from '../../../shared/model/sweep';
import {newVm} from '../../../shared/model/vm';
import {wantedWarm, warmRunnerNames} from '../../../shared/model/warm';
import type {Observed} from '../../../shared/sweep/observed';
import {aJob, aPool, aRunner} from '../../builders/lifecycle';
import {jobs, LATER, once, seen, words} from '../../builders/sweep';

const scope = {kind: 'repositories', patterns: ['acme/*', '!acme/x', 'acme/app']} as const;
const spare = (n: number) => ({
  ...aRunner(aJob({jobId: n})),
  covers: null,
  spare: true,
  spareSince: LATER,
  stateAt: LATER,
  createdAt: n,
});

describe('warm runners', () => {
  test('that are missing are requested in the repository that the pool names', () => {
    const actions = once({pools: [aPool({minIdle: 3, scope})], runners: [spare(1)]}, LATER + 60_000);
    expect(actions.filter(({kind}) => kind === 'warm')).toEqual([
      expect.objectContaining({pool: 'arm', count: 2, scope: {kind: 'repository', owner: 'acme', repo: 'app'}}),
    ]);
  });

  test.each([
    ['there are enough', {minIdle: 1, scope}, {}],
    ['the pool names no repository', {minIdle: 2}, {}],
    ['the pool is full', {minIdle: 2, maxRunners: 1, scope}, {}],
    ['a breaker is open', {minIdle: 2, scope}, {held: new Set(['arm'])}],
    [
      'jobs wait for the slots',
      {minIdle: 2, maxRunners: 2, scope},
      {jobs: jobs(aJob({demand: 'open', updatedAt: LATER}))},
    ],
  ])('are not made while %s', (_, pool, more) => {
    expect(words(once({pools: [aPool(pool)], runners: [spare(1)], ...more}))).not.toContain('warm warm');
  });

  test('are counted by the highest matching schedule, and never exceed maxRunners', () => {
    const at = (time: string) => Date.parse(`2026-11-02T${time}Z`);
    const minIdle = [
      {cron: '* 8-17 * * mon-fri', timezone: 'UTC', count: 2},
      {cron: '* 12 * * *', timezone: 'UTC', count: 9},
    ];
    expect(
      ['07:59:59', '08:00:00', '12:30:00', '18:00:00'].map((time) => wantedWarm({minIdle, maxRunners: 5}, at(time))),
    ).toEqual([0, 2, 5, 0]);
  });

  test('that waited for twelve hours are no longer warm', () => {
    expect([...warmRunnerNames([spare(1), spare(2)], 2, 1 + 12 * 3600_000)]).toEqual(['slipway-arm-2-1']);
  });

  test('are the youngest unassigned runners', () => {
    expect([...warmRunnerNames([spare(1), spare(3), spare(2)], 2, 1_000)]).toEqual([
      'slipway-arm-3-1',
      'slipway-arm-2-1',
    ]);
  });
});

test('an idle persistent VM is checked again long after its stop was due', () => {
  const document = {...newVm({instance: 'build', zone: 'z'}, 0), state: 'running' as const};
  const vm = (activeMinutesAgo: number, more = {}) => {
    const seenVm = {...document, activeAt: LATER - activeMinutesAgo * 60_000, ...more};
    return {vms: [{id: 'z.build', pools: ['arm'], idleMinutes: 15, document: seenVm}]};
  };
  expect(words(once(vm(25)))).toEqual(['vm_check lost_stop']);
  expect(once(vm(24))).toEqual([]);
  expect(once(vm(25, {state: 'stopped'}))).toEqual([]);
  expect(once(vm(25, {runs: ['1-1']}))).toEqual([]);
  expect(once({...vm(25), jobs: jobs(aJob({demand: 'covered', updatedAt: LATER}))})).toEqual([]);
  expect(words(once({...vm(25), jobs: jobs(aJob({demand: 'dead', updatedAt: LATER}))}))).toEqual([
    'vm_check lost_stop',
  ]);
});

describe('a persistent VM that stopped by itself', () => {
  const up = {...newVm({instance: 'build', zone: 'z'}, 0), state: 'running' as const, activeAt: LATER};
  const pools = [aPool({provider: {type: 'gce-vm', instance: 'build', zone: 'z'}})];
  const waits = aJob({demand: 'covered', runner: 'build', updatedAt: LATER - 60_000});
  const plan = (more: Partial<Observed['vms'][number]> = {}, document = {}, job = {}, github = {}) =>
    once({
      pools,
      seen: seen(github),
      jobs: jobs({...waits, ...job}),
      vms: [
        {id: 'z.build', pools: ['arm'], idleMinutes: 15, document: {...up, ...document}, status: 'TERMINATED', ...more},
      ],
    });

  test('is started again by the next sweep while a job waits for it', () => {
    expect(plan()).toMatchObject([{kind: 'demand', reason: 'vm_down', job: '1001-1'}]);
    expect(words(plan({status: 'SUSPENDED'}))).toEqual(['demand vm_down']);
    expect(words(plan({}, {state: 'stopped'}))).toEqual(['demand vm_down']);
  });

  test('is demanded once, for the oldest job', () => {
    const two = jobs(waits, {...waits, jobId: 1002, queuedAt: waits.queuedAt - 1});
    const actions = once({
      pools,
      seen: new Map([...seen(), ...seen({id: 1002})]),
      jobs: two,
      vms: [{id: 'z.build', pools: ['arm'], idleMinutes: 15, document: up, status: 'TERMINATED'}],
    });
    expect(actions).toMatchObject([{kind: 'demand', job: '1002-1'}]);
  });

  test.each([
    ['is running', {status: 'RUNNING'}, {}, {}, {}],
    ['could not be read', {status: undefined}, {}, {}, {}],
    ['is being started', {}, {state: 'starting', stateAt: LATER - 60_000}, {}, {}],
    ['is being stopped', {}, {state: 'stopping', stopLeaseUntil: LATER + 1}, {}, {}],
    ['found no capacity and is retried with growing pauses', {}, {state: 'stopped', startFailures: 2}, {}, {}],
    ['has a job that was queued just now', {}, {}, {updatedAt: LATER - 59_000}, {}],
    ['has a job that is completed by now', {}, {}, {}, {status: 'completed'}],
  ] as const)('is left alone when it %s', (_, more, document, job, github) => {
    expect(words(plan(more, document, job, github))).not.toContain('demand vm_down');
  });
});

describe('the job of a preempted VM', () => {
  const preemption: Preemption = {
    runner: 'slipway-arm-1001-1',
    pool: 'arm',
    job: '1001-1',
    jobId: 1001,
    repository: 'acme/app',
    installationId: 42,
    url: null,
    at: LATER,
  };
  const lost = {status: 'completed', conclusion: 'failure'} as const;
  const ended = (job: object, rerunOnPreemption = true) => {
    const found = [...seen(job).values()][0]?.job;
    return words(once({pools: [aPool({rerunOnPreemption})], preempted: [{preemption, job: found}]}));
  };

  test.each([
    ['failed without a failed step is rerun', lost, ['rerun preempted']],
    ['failed in a step is not rerun', {...lost, hasFailedStep: true}, ['forget_preemption preempted']],
    ['succeeded is not rerun', {...lost, conclusion: 'success'}, ['forget_preemption preempted']],
    ['was cancelled is not rerun', {...lost, conclusion: 'cancelled'}, ['forget_preemption preempted']],
    ['was the third attempt is not rerun', {...lost, runAttempt: 3}, ['forget_preemption preempted']],
    ['still runs is awaited', {status: 'in_progress'}, []],
  ])('that %s', (_, job, expected) => {
    expect(ended(job).filter((word) => word.endsWith('preempted'))).toEqual(expected);
  });

  test('is not rerun if the pool does not say so', () => {
    expect(ended(lost, false)).toEqual(['forget_preemption preempted']);
  });
});
