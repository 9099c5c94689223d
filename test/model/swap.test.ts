import type {JobDocument} from '../../shared/model/job';
import type {RunnerDocument} from '../../shared/model/runner';
import {swap} from '../../shared/model/swap';
import {aJob, aRunner, NOW} from '../builders/lifecycle';

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
  test('a runner that takes the job it was made for is busy with it, and nothing else changes', () => {
    const result = swap({job: inProgress(A, R), runner: R, cover: undefined, displaced: undefined, now: NOW});
    expect(result).toMatchObject({
      runner: {state: 'busy', runs: '1001-1', covers: null},
      reopened: null,
      spare: null,
    });
  });

  test('runner R of job A takes B: the runner made for B covers A, and none is made', () => {
    const result = swap({job: inProgress(B, R), runner: R, cover: S, displaced: A, now: NOW});
    expect(result).toMatchObject({
      runner: {name: R.name, state: 'busy', runs: '1002-1'},
      cover: {name: S.name, covers: '1001-1', spare: false},
      displaced: {runner: S.name, demand: 'covered'},
      reopened: null,
      spare: null,
    });
  });

  test('runner R of job A takes B, for which nothing was made: A is demand again, at once', () => {
    const result = swap({job: inProgress(B, R), runner: R, cover: undefined, displaced: A, now: NOW});
    expect(result).toMatchObject({displaced: {demand: 'open', runner: null}, reopened: '1001-1', spare: null});
  });

  test.each([
    ['has not A’s labels', {...S, labels: ['self-hosted']}],
    ['is registered in another repository', {...S, scope: {kind: 'repository', owner: 'acme', repo: 'web'} as const}],
    ['is on its way out', {...S, state: 'draining' as const}],
  ])('the runner made for B does not cover A when it %s', (_, cover) => {
    expect(swap({job: inProgress(B, R), runner: R, cover, displaced: A, now: NOW}).reopened).toBe('1001-1');
  });

  test('A does not queue any more: the runner made for B is spare', () => {
    const done: JobDocument = {...A, status: 'completed', demand: 'none'};
    const result = swap({job: inProgress(B, R), runner: R, cover: S, displaced: done, now: NOW});
    expect(result).toMatchObject({reopened: null, spare: {name: S.name, spare: true, covers: null}});
  });

  test('a job cancelled in the queue leaves its runner spare', () => {
    const cancelled: JobDocument = {...B, status: 'completed', demand: 'none', runner: null};
    expect(swap({job: cancelled, runner: undefined, cover: S, displaced: undefined, now: NOW})).toMatchObject({
      spare: {name: S.name, spare: true, spareSince: NOW},
      runner: undefined,
    });
  });

  test('a job that a foreign runner took leaves its runner spare, and no VM of ours is concerned', () => {
    const elsewhere: JobDocument = {...B, status: 'in_progress', demand: 'none', runner: 'somebody-elses'};
    const result = swap({job: elsewhere, runner: undefined, cover: S, displaced: undefined, now: NOW});
    expect(result).toMatchObject({runner: undefined, spare: {name: S.name}});
  });

  test('a runner that GitHub says is busy is no longer being drained', () => {
    const draining = aRunner(A, {state: 'draining', covers: null});
    const result = swap({
      job: inProgress(A, draining),
      runner: draining,
      cover: undefined,
      displaced: undefined,
      now: NOW,
    });
    expect(result.runner).toMatchObject({state: 'busy', runs: '1001-1'});
  });
});
