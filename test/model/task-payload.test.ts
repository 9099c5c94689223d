import {InvalidTask} from '../../shared/errors';
import {parseTask} from '../../shared/model/task-payload';
import {eventTask, routeTo} from '../../shared/model/tasks';
import {anEvent} from '../builders/lifecycle';

const bytes = (value: unknown) => Buffer.from(typeof value === 'string' ? value : JSON.stringify(value));

describe('a task’s body', () => {
  test('comes back as it went out', () => {
    const task = {kind: 'event', event: anEvent({runnerId: 7, workflow: 'CI', receivedAt: 1_000})};
    expect(parseTask('provision', bytes(task))).toEqual(task);
    expect(parseTask('stop', bytes(task))).toEqual(task);
  });

  test('of an older version does not say which registration, workflow and time', () => {
    const {
      runnerId: _,
      workflow: __,
      receivedAt: ___,
      ...older
    } = anEvent({runnerId: 7, workflow: 'CI', receivedAt: 1});
    expect(parseTask('stop', bytes({kind: 'event', event: older}))).toEqual({
      kind: 'event',
      event: {...older, runnerId: null, workflow: null, receivedAt: null},
    });
  });

  test('of a newer version is read, and what is unknown in it is left out', () => {
    const task = {kind: 'event', event: anEvent()};
    const newer = {...task, since: 2, event: {...task.event, colour: 'green'}};
    expect(parseTask('provision', bytes(newer))).toEqual(task);
  });

  test.each([
    ['not JSON', '{'],
    ['no object', '7'],
    ['no kind', {}],
    ['a kind of the other queue', {kind: 'delete', runner: 'slipway-arm-1-1'}],
    ['an event without its job', {kind: 'event', event: {...anEvent(), jobId: undefined}}],
    ['an event of a status that GitHub has not', {kind: 'event', event: {...anEvent(), status: 'requested'}}],
    ['a job key that is none', {kind: 'demand', job: '../1'}],
  ])('is refused for ever when it is %s', (_, body) => {
    expect(() => parseTask('provision', bytes(body))).toThrow(InvalidTask);
  });
});

test.each([
  ['queued', {queue: 'provision', owner: 'acme'}],
  ['waiting', {queue: 'provision', owner: 'acme'}],
  ['in_progress', {queue: 'stop', to: 'provision'}],
  ['completed', {queue: 'stop'}],
] as const)('%s is sent by %j', (status, route) => {
  const event = anEvent({status});
  const {name: _, body, ...sent} = eventTask(event);
  expect(sent).toEqual(route);
  expect(body).toEqual({kind: 'event', event});
});

test('only news of a start for `provision` waits in the other queue', () => {
  expect(routeTo('stop', 'in_progress')).toEqual({queue: 'stop'});
  expect(routeTo('provision')).toEqual({queue: 'provision'});
});

describe('the name of an event’s task', () => {
  const event = anEvent({delivery: 'guid-1'});
  const eventTaskName = (each: typeof event) => eventTask(each).name;
  test('is the same for a redelivery', () => {
    expect(eventTaskName({...event})).toBe(eventTaskName(event));
  });
  test.each([
    ['another delivery, such as the second `queued` after an approval', {delivery: 'guid-2'}],
    ['another status', {status: 'completed' as const}],
    ['another run attempt', {runAttempt: 2}],
  ])('differs for %s', (_, overrides) => {
    expect(eventTaskName({...event, ...overrides})).not.toBe(eventTaskName(event));
  });
});
