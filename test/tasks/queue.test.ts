import type {Dispatch, DispatchResult} from '../../shared/tasks/local/dispatch';
import {InProcessQueue} from '../../shared/tasks/local/queue';
import type {QueueOptions} from '../../shared/tasks/local/register';
import {VirtualScheduler} from '../emulators/scheduler';

const clock = () => new VirtualScheduler(0);

/** A queue whose dispatches are answered by `answers`, default 200. Records what was dispatched when. */
function open(options: Partial<QueueOptions<string>> = {}, answers: (DispatchResult | Error)[] = []) {
  const timers = clock();
  const seen: string[] = [];
  const queue = new InProcessQueue<string>({
    name: 'provision',
    timers,
    dispatch: async ({name}) => {
      seen.push(`${name}@${timers.now()}`);
      const answer = answers.shift() ?? {status: 200};
      if (answer instanceof Error) throw answer;
      return answer;
    },
    autoDispatch: false,
    ...options,
  });
  const create = (...names: string[]) => names.map((name) => queue.create({name, payload: name}));
  return {queue, timers, seen, create};
}

test('tasks run in the order of their time, then of their creation', async () => {
  const {queue, timers, seen, create} = open();
  queue.create({name: 'late', payload: '', scheduleTimeMs: 20});
  queue.create({name: 'early', payload: '', scheduleTimeMs: 10});
  create('now', 'next');
  timers.advance(20);
  expect(await queue.dispatchDue()).toBe(4);
  expect(seen).toEqual(['now@20', 'next@20', 'early@20', 'late@20']);
});

test.each([
  ['rejects', new Error('socket hang up')],
  ['answers 500', {status: 500}],
])('a task whose dispatch %s is kept and tried again', async (_, answer) => {
  const {queue, timers, seen, create} = open({}, [answer]);
  create('a');
  await queue.dispatchDue();
  expect(queue.pending()).toMatchObject([{name: 'a', attempts: 1, running: false, scheduleTimeMs: 10_000}]);
  timers.advance(10_000);
  await queue.dispatchDue();
  expect(seen).toEqual(['a@0', 'a@10000']);
  expect(queue.pending()).toEqual([]);
});

test('a dispatcher that throws before it returns a promise loses no task', async () => {
  const dispatch = () => {
    throw new Error('no route');
  };
  const {queue, create} = open({dispatch});
  create('a');
  expect(await queue.dispatchDue()).toBe(1);
  expect(queue.pending()).toMatchObject([{name: 'a', attempts: 1, responses: 0}]);
});

test('only attempts that were answered count as executions', async () => {
  const headers: Readonly<Record<string, string>>[] = [];
  const answers = [new Error('unreachable'), {status: 500}, {status: 204}];
  const dispatch = async (dispatched: Dispatch<string>) => {
    headers.push(dispatched.headers);
    const answer = answers[headers.length - 1];
    if (answer instanceof Error || !answer) throw answer;
    return answer;
  };
  const {queue, timers, create} = open({dispatch, limits: {minBackoffMs: 1, maxBackoffMs: 1}});
  create('a');
  for (let attempt = 0; attempt < 3; attempt += 1) {
    await queue.dispatchDue();
    timers.advance(1);
  }
  expect(headers.map((one) => [one['X-CloudTasks-TaskRetryCount'], one['X-CloudTasks-TaskExecutionCount']])).toEqual([
    ['0', '0'],
    ['1', '0'],
    ['2', '1'],
  ]);
});

test('a task that is given up is reported with its last state', async () => {
  const onExhausted = jest.fn();
  const {queue, timers, create} = open({limits: {maxAttempts: 2}, onExhausted}, [{status: 500}, {status: 429}]);
  create('a');
  await queue.dispatchDue();
  expect(onExhausted).not.toHaveBeenCalled();
  timers.advance(10_000);
  await queue.dispatchDue();
  expect(onExhausted).toHaveBeenCalledWith(expect.objectContaining({name: 'a', attempts: 2, previousStatus: 429}));
  expect(queue.pending()).toEqual([]);
});

test('with maxAttempts -1 a task is tried without end', async () => {
  const limits = {maxAttempts: -1, minBackoffMs: 1, maxBackoffMs: 1};
  const {queue, timers, create} = open({limits, dispatch: async () => ({status: 500})});
  create('a');
  for (let attempt = 0; attempt < 200; attempt += 1) {
    await queue.dispatchDue();
    timers.advance(1);
  }
  expect(queue.pending()).toMatchObject([{attempts: 200}]);
});

test('no more tasks run at once than the limit of concurrency', async () => {
  let running = 0;
  let most = 0;
  const dispatch = async () => {
    running += 1;
    most = Math.max(most, running);
    await Promise.resolve();
    running -= 1;
    return {status: 200};
  };
  const {queue, create} = open({dispatch, limits: {maxConcurrentDispatches: 3}});
  create('a', 'b', 'c', 'd', 'e', 'f', 'g');
  expect(await queue.dispatchDue()).toBe(7);
  expect(most).toBe(3);
});

test('no more tasks start in a second than the limit of rate', async () => {
  const {queue, timers, seen, create} = open({limits: {maxDispatchesPerSecond: 2}});
  create('a', 'b', 'c', 'd', 'e');
  expect(await queue.dispatchDue()).toBe(2);
  expect(queue.nextAt()).toBe(500);
  while (queue.nextAt() !== undefined) {
    timers.advanceTo(queue.nextAt() ?? 0);
    await queue.dispatchDue();
  }
  expect(seen).toEqual(['a@0', 'b@0', 'c@500', 'd@1000', 'e@1500']);
});

test('an attempt without an answer by the dispatch deadline is aborted, and the task is tried again', async () => {
  let signal: AbortSignal | undefined;
  const dispatch = (dispatched: Dispatch<string>) => {
    signal = dispatched.signal;
    return new Promise<DispatchResult>(() => undefined);
  };
  const {queue, timers} = open({dispatch});
  queue.create({name: 'a', payload: '', dispatchDeadlineMs: 300_000});
  const dispatched = queue.dispatchDue();
  timers.advance(299_999);
  expect(signal?.aborted).toBe(false);
  timers.advance(1);
  await dispatched;
  expect(signal?.aborted).toBe(true);
  expect(queue.pending()).toMatchObject([{attempts: 1, responses: 0, scheduleTimeMs: 310_000}]);
});

test('a deleted task does not run again, even if an attempt was running', async () => {
  const {queue, timers, seen, create} = open({}, [{status: 500}]);
  create('a', 'b');
  expect(queue.delete('b')).toBe(true);
  expect(queue.delete('c')).toBe(false);
  const dispatched = queue.dispatchDue();
  expect(queue.delete('a')).toBe(true);
  await dispatched;
  timers.advance(3_600_000);
  expect(await queue.dispatchDue()).toBe(0);
  expect(seen).toEqual(['a@0']);
  expect(create('a', 'b')).toEqual(['exists', 'exists']);
});

test('a paused queue accepts tasks and runs none until it is resumed', async () => {
  const {queue, seen, create} = open();
  queue.pause();
  expect(create('a')).toEqual(['created']);
  expect(await queue.dispatchDue()).toBe(0);
  queue.resume();
  expect(await queue.dispatchDue()).toBe(1);
  expect(seen).toEqual(['a@0']);
});

test('drain also runs the tasks that were created meanwhile, and leaves later ones', async () => {
  const {queue, seen} = open({
    dispatch: async ({name, payload}) => {
      seen.push(name);
      if (payload === 'root') queue.create({name: `${name}-child`, payload: 'leaf'});
      return {status: 200};
    },
  });
  queue.create({name: 'a', payload: 'root'});
  queue.create({name: 'b', payload: 'leaf', scheduleTimeMs: 1});
  expect(await queue.drain()).toBe(2);
  expect(seen).toEqual(['a', 'a-child']);
  expect(queue.pending()).toMatchObject([{name: 'b'}]);
});
