import type {JobDocument} from '../../shared/model/job';
import type {RunnerDocument} from '../../shared/model/runner';
import {swap} from '../../shared/model/swap';
import {aJob, aPool, aRunner, NOW} from '../builders/lifecycle';

const POOLS = [aPool()];
const A = covered(aJob({jobId: 1001}));
const B = covered(aJob({jobId: 1002}));
const R = aRunner(A);
const S = aRunner(B);

function covered(job: JobDocument): JobDocument {
  return {...job, demand: 'covered', runner: `slipway-arm-${job.jobId}-1`};
}

function inProgress(job: JobDocument, on: RunnerDocument): JobDocument {
  return {...job, status: 'in_progress', demand: 'none', runner: on.name};
}

describe('the swap rule', () => {
  test('a runner that takes the job for which it was created is busy with it, and nothing else changes', () => {
    const result = swap({
      job: inProgress(A, R),
      runner: R,
      assigned: undefined,
      displaced: undefined,
      pools: POOLS,
      now: NOW,
    });
    expect(result).toMatchObject({
      runner: {state: 'busy', runs: '1001-1', covers: null},
      reopened: null,
      unassigned: null,
    });
  });

  test('runner R of job A takes B: the runner created for B is assigned to A, and no runner is created', () => {
    const result = swap({job: inProgress(B, R), runner: R, assigned: S, displaced: A, pools: POOLS, now: NOW});
    expect(result).toMatchObject({
      runner: {name: R.name, state: 'busy', runs: '1002-1'},
      assigned: {name: S.name, covers: '1001-1', spare: false},
      displaced: {runner: S.name, demand: 'covered'},
      reopened: null,
      unassigned: null,
    });
  });

  test('runner R of job A takes B, for which no runner was created: A is demand again, at once', () => {
    const result = swap({job: inProgress(B, R), runner: R, assigned: undefined, displaced: A, pools: POOLS, now: NOW});
    expect(result).toMatchObject({displaced: {demand: 'open', runner: null}, reopened: '1001-1', unassigned: null});
  });

  test.each([
    ['has not A’s labels', {...S, labels: ['self-hosted']}],
    ['is registered in another repository', {...S, scope: {kind: 'repository', owner: 'acme', repo: 'web'} as const}],
    ['is draining', {...S, state: 'draining' as const}],
  ])('the runner created for B is not assigned to A when it %s', (_, assigned) => {
    expect(swap({job: inProgress(B, R), runner: R, assigned, displaced: A, pools: POOLS, now: NOW}).reopened).toBe(
      '1001-1',
    );
  });

  test.each([
    ['does not set allowPublicRepos, and A is of a public repository', {}, {isPublic: true}],
    [
      'does not allow an option of A',
      {allowPublicRepos: true},
      {isPublic: true, labels: ['self-hosted', 'linux', 'machine=n2-standard-4']},
    ],
  ])('the runner created for B is not assigned to A when its pool %s', (_, change, job) => {
    const options = {machine: ['n2-*']};
    const pools = [aPool({allowPublicRepos: true, options}), aPool({name: 'other', ...change})];
    const displaced: JobDocument = {...A, ...job};
    const assigned = {...S, pool: 'other', labels: displaced.labels};
    const result = swap({job: inProgress(B, R), runner: R, assigned, displaced, pools, now: NOW});
    expect(result).toMatchObject({displaced: {demand: 'open', runner: null}, reopened: '1001-1'});
    expect(result.unassigned).toMatchObject({name: S.name, spare: true});
  });

  test('the runner created for B is assigned to A although its pool is no fallback of the pool of A', () => {
    const pools = [aPool(), aPool({name: 'other'})];
    const assigned = {...S, pool: 'other'};
    const result = swap({job: inProgress(B, R), runner: R, assigned, displaced: A, pools, now: NOW});
    expect(result).toMatchObject({assigned: {covers: '1001-1'}, reopened: null});
    // A pool that is not there any more forbids nothing.
    expect(swap({job: inProgress(B, R), runner: R, assigned, displaced: A, pools: [], now: NOW}).reopened).toBeNull();
  });

  test('A is not queued any more: the runner created for B is unassigned', () => {
    const done: JobDocument = {...A, status: 'completed', demand: 'none'};
    const result = swap({job: inProgress(B, R), runner: R, assigned: S, displaced: done, pools: POOLS, now: NOW});
    expect(result).toMatchObject({reopened: null, unassigned: {name: S.name, spare: true, covers: null}});
  });

  test('a job cancelled in the queue leaves its runner unassigned', () => {
    const cancelled: JobDocument = {...B, status: 'completed', demand: 'none', runner: null};
    expect(
      swap({job: cancelled, runner: undefined, assigned: S, displaced: undefined, pools: POOLS, now: NOW}),
    ).toMatchObject({
      unassigned: {name: S.name, spare: true, spareSince: NOW},
      runner: undefined,
    });
  });

  test('a job that a foreign runner took leaves its runner unassigned, and changes no other runner', () => {
    const elsewhere: JobDocument = {...B, status: 'in_progress', demand: 'none', runner: 'somebody-elses'};
    const result = swap({job: elsewhere, runner: undefined, assigned: S, displaced: undefined, pools: POOLS, now: NOW});
    expect(result).toMatchObject({runner: undefined, unassigned: {name: S.name}});
  });

  test('a draining runner that GitHub reports as busy is not draining any more', () => {
    const draining = aRunner(A, {state: 'draining', covers: null});
    const result = swap({
      job: inProgress(A, draining),
      runner: draining,
      assigned: undefined,
      displaced: undefined,
      pools: POOLS,
      now: NOW,
    });
    expect(result.runner).toMatchObject({state: 'busy', runs: '1001-1'});
  });
});
