import {withEndOfJob} from '../../shared/model/end-of-job';
import {markBusy} from '../../shared/model/runner';
import {aJob, aRunner, NOW} from '../builders/lifecycle';

const runner = aRunner(aJob());
const running = aJob({status: 'in_progress', demand: 'none', runner: runner.name});
const ended = aJob({status: 'completed', demand: 'none', runner: runner.name, updatedAt: NOW + 60_000});
const busy = markBusy(runner, running, NOW);

test('a runner drains since its job is completed, though its own record says that it is busy', () => {
  expect(busy).toMatchObject({state: 'busy', stateAt: NOW});
  expect(withEndOfJob(busy, ended)).toEqual({...busy, state: 'draining', stateAt: NOW + 60_000});
});

test.each([
  ['while its job runs', busy, running],
  ['while nothing is known of its job', busy, undefined],
  ['while its job is queued again', busy, {...running, status: 'queued', runner: null}],
  ['when its job ended on another runner', busy, {...ended, runner: 'slipway-arm-7-1'}],
  ['when another job ended', busy, {...ended, jobId: 7}],
  ['when another run attempt of its job ended', busy, {...ended, runAttempt: 2}],
  [
    'when the end of the job is all that is known of it: it may run another one by now',
    markBusy(runner, ended, NOW),
    ended,
  ],
  ['when it has begun another job since', markBusy(busy, {...running, jobId: 7}, NOW), ended],
  ['when GitHub says that it is busy, and not with what', {...runner, state: 'busy'}, ended],
  ['when it drains already', {...busy, state: 'draining', stateAt: NOW + 5}, ended],
  ['when it is over', {...busy, state: 'gone'}, ended],
] as const)('a runner is as its record says %s', (_, one, job) => {
  expect(withEndOfJob(one, job)).toBe(one);
});
