import {type JobDocument, requeue} from '../../shared/model/job';
import {applyJobEvent, type JobChange, type JobEvent} from '../../shared/model/job-event';
import {anEvent, NOW} from '../builders/lifecycle';

/** Applies events in order, and returns every change. */
function play(...events: Partial<JobEvent>[]): JobChange[] {
  let job: JobDocument | undefined;
  return events.map((event) => {
    const change = applyJobEvent(job, anEvent(event), NOW);
    job = change.job;
    return change;
  });
}

const queued = {status: 'queued'} as const;
const waiting = {status: 'waiting'} as const;
const started = {status: 'in_progress', runnerName: 'slipway-arm-1001-1'} as const;
const completed = {status: 'completed', runnerName: 'slipway-arm-1001-1'} as const;
const cancelled = {status: 'completed', runnerName: null} as const;

describe('a job', () => {
  test.each([
    ['queued makes demand', [queued], 'opened'],
    ['queued twice is one demand', [queued, queued], 'unchanged'],
    ['waiting makes none', [waiting], 'parked'],
    ['waiting takes demand back', [queued, waiting], 'parked'],
    ['waiting twice says nothing new', [waiting, waiting], 'unchanged'],
    ['queued after waiting is demand again', [queued, waiting, queued], 'opened'],
    ['waiting before the first queued still ends in demand', [waiting, queued], 'opened'],
    ['in_progress starts it', [queued, started], 'started'],
    ['in_progress first starts it', [started], 'started'],
    ['in_progress twice says nothing new', [started, started], 'unchanged'],
    ['queued after in_progress is late', [started, queued], 'unchanged'],
    ['waiting after in_progress is late', [started, waiting], 'unchanged'],
    ['completed without in_progress finishes it', [queued, completed], 'finished'],
    ['completed first finishes it', [completed], 'finished'],
    ['queued after completed makes no demand', [completed, queued], 'unchanged'],
    ['in_progress after completed is late', [completed, started], 'unchanged'],
    ['completed again says nothing new', [completed, completed], 'unchanged'],
    ['cancelled while queued finishes it', [queued, cancelled], 'finished'],
  ])('%s', (_, events, kind) => {
    expect(play(...events).at(-1)?.kind).toBe(kind);
  });

  test('counts a generation for each time it is queued after waiting', () => {
    expect(play(queued, waiting, queued, queued, waiting, queued).map(({job}) => job.generation)).toEqual([
      1, 1, 2, 2, 2, 3,
    ]);
  });

  test('is not opened again by a retry of the delivery that opened it before it waited', () => {
    const first = {...queued, delivery: 'the-first'};
    const changes = play(first, waiting, first, {...queued, delivery: 'the-second'});
    expect(changes.map(({kind}) => kind)).toEqual(['opened', 'parked', 'unchanged', 'opened']);
  });

  test('is not sent back to waiting by a retry of a delivery that did so before it was queued again', () => {
    const first = {...waiting, delivery: 'the-first'};
    const changes = play(first, queued, first, {...waiting, delivery: 'the-second'});
    expect(changes.map(({kind}) => kind)).toEqual(['parked', 'opened', 'unchanged', 'parked']);
  });

  test('names the runner that covered it when it waits, so that the runner serves another', () => {
    const [{job}] = play(queued) as [JobChange];
    const covered: JobDocument = {...job, demand: 'covered', runner: 'slipway-arm-1001-1'};
    expect(applyJobEvent(covered, anEvent(waiting), NOW)).toMatchObject({
      kind: 'parked',
      released: 'slipway-arm-1001-1',
      job: {runner: null, demand: 'none'},
    });
  });

  test('remembers who ran it when completed does not say so', () => {
    const changes = play(queued, started, cancelled);
    expect(changes.at(-1)?.job.runner).toBe('slipway-arm-1001-1');
  });

  test('cancelled in the queue ran nowhere', () => {
    expect(play(queued, cancelled).at(-1)?.job).toMatchObject({runner: null, demand: 'none', status: 'completed'});
  });

  test('that was given up is demand again when it is delivered once more', () => {
    const [{job}] = play(queued) as [JobChange];
    expect(applyJobEvent({...job, demand: 'dead'}, anEvent(queued), NOW)).toMatchObject({
      kind: 'opened',
      job: {demand: 'open', generation: 1},
    });
  });

  test('of a later run attempt goes on counting creations, so that no runner name comes twice', () => {
    const [{job}] = play(queued) as [JobChange];
    const previous: JobDocument = {...job, creations: 3, status: 'completed'};
    const change = applyJobEvent(undefined, anEvent({runAttempt: 2}), NOW, previous);
    expect(change).toMatchObject({kind: 'opened', job: {runAttempt: 2, creations: 3, generation: 1}});
  });

  test('learns the installation and the page from later events, and forgets neither', () => {
    const changes = play(
      {...queued, installationId: null, url: null},
      {...started, installationId: 7, url: 'https://github.com/acme/app/actions/runs/1/job/2'},
      {...completed, installationId: null, url: null},
    );
    expect(changes.at(-1)?.job).toMatchObject({
      installationId: 7,
      url: 'https://github.com/acme/app/actions/runs/1/job/2',
    });
  });
});

describe('a job that ran and is queued again', () => {
  const running = applyJobEvent(undefined, anEvent(started), NOW).job;
  const again = requeue(running, NOW + 1, {keepsName: false});

  test('is demand of the next generation', () => {
    expect(again).toMatchObject({status: 'queued', demand: 'open', runner: null, generation: running.generation + 1});
  });

  test('is not started by the runner that was lost, but by another one', () => {
    expect(applyJobEvent(again, anEvent(started), NOW)).toMatchObject({kind: 'unchanged', reason: 'late'});
    const other = {...started, runnerName: 'slipway-arm-1001-2'};
    expect(applyJobEvent(again, anEvent(other), NOW)).toMatchObject({kind: 'started', job: {runner: other.runnerName}});
  });

  test('is started by a runner that goes on under its name', () => {
    const kept = requeue(running, NOW + 1, {keepsName: true});
    expect(applyJobEvent(kept, anEvent(started), NOW).kind).toBe('started');
  });

  test('is finished by whoever is said to have run it', () => {
    expect(applyJobEvent(again, anEvent(completed), NOW).kind).toBe('finished');
  });
});

test('a job queues since its approval, which may come weeks after its creation', () => {
  const later = NOW + 20 * 24 * 3600_000;
  const parked = applyJobEvent(undefined, anEvent(waiting), NOW).job;
  expect(parked.expireAt).toBeGreaterThan(NOW + 35 * 24 * 3600_000);
  expect(applyJobEvent(parked, anEvent({...queued, createdAt: later}), later).job.queuedAt).toBe(later);
  expect(applyJobEvent(undefined, anEvent({...queued, createdAt: NOW}), later).job.queuedAt).toBe(NOW);
});

describe('events that tasks bring out of order', () => {
  const at = (receivedAt: number | null, event: Partial<JobEvent>) => ({...event, receivedAt});

  test.each([
    ['waiting that was received before the queued on record is late', [at(2, queued), at(1, waiting)], 'late'],
    ['waiting that was received in the same moment is not', [at(2, queued), at(2, waiting)], 'parked'],
    ['waiting that was received after it is not', [at(2, queued), at(3, waiting)], 'parked'],
    ['queued that was received before the waiting on record is late', [at(3, waiting), at(2, queued)], 'late'],
    ['waiting of a task of an older version is not', [at(2, queued), at(null, waiting)], 'parked'],
    ['waiting is not, where the record is of an older version', [at(null, queued), at(1, waiting)], 'parked'],
    [
      'a late one does not count as the newest',
      [at(5, queued), at(9, waiting), at(1, queued), at(10, queued), at(9, waiting)],
      'late',
    ],
    ['in_progress that overtook its queued is news', [at(2, queued), at(1, started)], 'started'],
    [
      'in_progress from before the job was queued again is late',
      [at(1, queued), at(3, waiting), at(5, queued), at(2, started)],
      'late',
    ],
    [
      'in_progress after the job was queued again is news',
      [at(1, queued), at(3, waiting), at(5, queued), at(6, started)],
      'started',
    ],
    [
      'of two runners the one that was heard of last runs it',
      [at(1, queued), at(5, started), at(4, {...started, runnerName: 'slipway-arm-1001-2'})],
      'late',
    ],
    ['the end is never late', [at(1, queued), at(5, started), at(2, completed)], 'finished'],
    [
      'a redelivery of the queued from before it waited is known by its GUID, although it is received anew',
      [at(1, {...queued, delivery: 'a'}), at(2, waiting), at(9, {...queued, delivery: 'a'})],
      'late',
    ],
    [
      'a redelivery of the waiting from before it was queued is, too',
      [at(1, {...waiting, delivery: 'w'}), at(2, queued), at(9, {...waiting, delivery: 'w'})],
      'late',
    ],
    ['a redelivery of queued after it started is known by its rank', [at(1, started), at(9, queued)], 'late'],
  ])('%s', (_, events, expected) => {
    const last = play(...events).at(-1);
    expect(last?.kind === 'unchanged' ? last.reason : last?.kind).toBe(expected);
  });

  test('an event that takes a record of an older version along knows when it was received', () => {
    const [{job}] = play(queued) as [JobChange];
    const {receivedAt: _, ...older} = job;
    expect(applyJobEvent(older, anEvent({...waiting, receivedAt: 7}), NOW).job.receivedAt).toBe(7);
  });
});
