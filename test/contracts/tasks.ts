import {Unavailable} from '../../shared/errors';
import type {QueueName, TaskTarget} from '../../shared/model/task-payload';
import type {NewTask} from '../../shared/model/tasks';
import type {DispatchResult} from '../../shared/tasks/local/dispatch';
import type {Tasks} from '../../shared/tasks/tasks';
import type {VirtualScheduler} from '../emulators/scheduler';

/** What a function gets of a task. */
export interface ReceivedTask {
  /** The function. */
  readonly to: TaskTarget;
  readonly body: unknown;
  /** Names in lower case. */
  readonly headers: Readonly<Record<string, string | undefined>>;
}

export interface TasksUnderTest {
  readonly tasks: Tasks;
  readonly clock: VirtualScheduler;
  /** Dispatches what is due and waits for it; returns how many dispatches there were. */
  dispatchDue(): Promise<number>;
  close(): Promise<void>;
}

/** Opens queues with a back-off of 10 s and 3 attempts, whose tasks `receive` answers. */
export type OpenTasks = (receive: (task: ReceivedTask) => DispatchResult) => Promise<TasksUnderTest>;

const HOUR_MS = 3_600_000;
const task = (overrides: Partial<NewTask> = {}): NewTask => ({
  queue: 'provision',
  name: 'abc-7-queued',
  body: {kind: 'demand', job: '7-1'},
  ...overrides,
});

/** What every implementation of `Tasks` has to do. */
export function describeTasks(name: string, open: OpenTasks): void {
  describe(name, () => {
    let received: ReceivedTask[];
    let answers: DispatchResult[];
    let world: TasksUnderTest;

    beforeEach(async () => {
      received = [];
      answers = [];
      world = await open((one) => {
        received.push(one);
        return answers.shift() ?? {status: 200};
      });
    });

    afterEach(() => world.close());

    const later = (ms: number) => {
      world.clock.advance(ms);
      return world.dispatchDue();
    };

    test('a check of its queues finds them, and makes no task', async () => {
      await world.tasks.check('provision');
      await world.tasks.check('stop');
      expect(await world.dispatchDue()).toBe(0);
    });

    test('a task reaches the function of its queue, as JSON, with its own headers', async () => {
      const traceparent = '00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01';
      const body = {kind: 'event', event: {repository: 'acme/größe', labels: ['a"b'], runnerName: null}};
      expect(await world.tasks.enqueue(task({queue: 'stop', body, headers: {traceparent}}))).toBe('created');
      expect(await world.dispatchDue()).toBe(1);
      expect(received).toMatchObject([
        {
          to: 'stop',
          body,
          headers: {traceparent, 'content-type': 'application/json', 'x-cloudtasks-queuename': 'stop'},
        },
      ]);
    });

    test.each<[QueueName, TaskTarget]>([
      ['stop', 'sweep'],
      ['stop', 'provision'],
      ['provision', 'stop'],
      ['stop', 'stop'],
    ])('a task in the queue %s reaches the function %s that it names, at every attempt', async (queue, to) => {
      answers = [{status: 503}];
      expect(await world.tasks.enqueue(task({queue, to}))).toBe('created');
      expect(await world.dispatchDue()).toBe(1);
      expect(await later(10_000)).toBe(1);
      const attempt = {to, headers: {'x-cloudtasks-queuename': queue, 'x-cloudtasks-taskname': 'abc-7-queued'}};
      expect(received).toMatchObject([attempt, attempt]);
    });

    test('a name is taken in its queue, whichever function the task names', async () => {
      expect(await world.tasks.enqueue(task({queue: 'stop', to: 'provision'}))).toBe('created');
      expect(await world.tasks.enqueue(task({queue: 'stop'}))).toBe('exists');
      expect(await world.tasks.enqueue(task())).toBe('created');
    });

    test('a task says which one it is and which attempt this is', async () => {
      answers = [{status: 503}];
      await world.tasks.enqueue(task());
      await world.dispatchDue();
      await later(10_000);
      expect(received.map(({headers}) => headers)).toMatchObject([
        {
          'user-agent': 'Google-Cloud-Tasks',
          'x-cloudtasks-queuename': 'provision',
          'x-cloudtasks-taskname': 'abc-7-queued',
          'x-cloudtasks-taskretrycount': '0',
          'x-cloudtasks-taskexecutioncount': '0',
          'x-cloudtasks-tasketa': String(Date.parse('2026-11-01T00:00:00Z') / 1000),
        },
        {
          'x-cloudtasks-taskretrycount': '1',
          'x-cloudtasks-taskexecutioncount': '1',
          'x-cloudtasks-taskpreviousresponse': '503',
          'x-cloudtasks-tasketa': String(Date.parse('2026-11-01T00:00:10Z') / 1000),
        },
      ]);
    });

    test('a second task of the same name is not created, however many ask at once', async () => {
      const outcomes = await Promise.all(Array.from({length: 20}, () => world.tasks.enqueue(task())));
      expect(outcomes.filter((outcome) => outcome === 'created')).toHaveLength(1);
      expect(outcomes.filter((outcome) => outcome === 'exists')).toHaveLength(19);
      expect(await world.dispatchDue()).toBe(1);
    });

    test('the same name in the other queue is another task', async () => {
      expect(await world.tasks.enqueue(task())).toBe('created');
      expect(await world.tasks.enqueue(task({queue: 'stop'}))).toBe('created');
      await world.dispatchDue();
      expect(received.map(({to}) => to).sort()).toEqual(['provision', 'stop']);
    });

    test('the name of a task that is done stays taken for a day', async () => {
      await world.tasks.enqueue(task());
      await world.dispatchDue();
      expect(await world.tasks.enqueue(task())).toBe('exists');
      world.clock.advance(24 * HOUR_MS - 1);
      expect(await world.tasks.enqueue(task())).toBe('exists');
      world.clock.advance(1);
      expect(await world.tasks.enqueue(task())).toBe('created');
      await world.dispatchDue();
      expect(received).toHaveLength(2);
    });

    test('a delayed task does not run before its time', async () => {
      await world.tasks.enqueue(task({delaySeconds: 600.5}));
      expect(await world.dispatchDue()).toBe(0);
      expect(await later(600_499)).toBe(0);
      expect(await later(1)).toBe(1);
    });

    test.each([
      ['500', {status: 500}, 10_000],
      ['a redirect', {status: 302}, 10_000],
      ['429 with a later Retry-After', {status: 429, retryAfterSeconds: 60}, 60_000],
      ['503 with an earlier Retry-After than the back-off', {status: 503, retryAfterSeconds: 1}, 10_000],
    ])('a task that is answered %s is tried again when its time has come', async (_, answer, waitMs) => {
      answers = [answer];
      await world.tasks.enqueue(task());
      await world.dispatchDue();
      expect(await later(waitMs - 1)).toBe(0);
      expect(await later(1)).toBe(1);
      expect(await later(HOUR_MS)).toBe(0);
    });

    test('a task that fails on every attempt is gone after the last one, and its name stays taken', async () => {
      answers = [{status: 500}, {status: 404}, {status: 500}];
      await world.tasks.enqueue(task());
      await world.dispatchDue();
      await later(HOUR_MS);
      await later(HOUR_MS);
      expect(received.map(({headers}) => headers['x-cloudtasks-taskretrycount'])).toEqual(['0', '1', '2']);
      expect(await later(HOUR_MS)).toBe(0);
      expect(await world.tasks.enqueue(task())).toBe('exists');
    });

    test.each([
      ['name has other characters', {name: 'acme/app'}, /task id "acme\/app" has to be/],
      ['name is empty', {name: ''}, /task id "" has to be|INVALID_ARGUMENT/],
      ['name is too long', {name: 'x'.repeat(501)}, /1 to 500 letters/],
      ['body is too large', {body: {text: 'x'.repeat(102_400)}}, /body has 1024\d\d bytes, the limit is 102400/],
      ['delay is too long', {delaySeconds: 30 * 24 * 3600 + 1}, /2592001 s ahead, the limit is 2592000 s/],
    ])('a task whose %s is refused, and the error says why', async (_, overrides, message) => {
      const refused = world.tasks.enqueue(task(overrides));
      await expect(refused).rejects.toThrow(Unavailable);
      await expect(refused).rejects.toThrow(message);
      expect(await later(40 * 24 * HOUR_MS)).toBe(0);
    });
  });
}
