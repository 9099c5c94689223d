import type {Dispatch, DispatchResult} from '../../shared/tasks/local/dispatch';
import {InProcessQueue} from '../../shared/tasks/local/queue';
import type {QueueOptions} from '../../shared/tasks/local/register';
import {VirtualScheduler} from '../emulators/scheduler';

/** A queue that dispatches by itself when its clock advances. */
function open(options: Partial<QueueOptions<null>> = {}) {
  const timers = new VirtualScheduler(0);
  const seen: string[] = [];
  const dispatch = async ({name}: Dispatch<null>) => {
    seen.push(`${name}@${timers.now()}`);
    return {status: 200};
  };
  const queue = new InProcessQueue<null>({name: 'stop', timers, dispatch, ...options});
  const create = (name: string, scheduleTimeMs = 0) => queue.create({name, payload: null, scheduleTimeMs});
  return {queue, timers, seen, create};
}

test('tasks run by themselves when they are due', async () => {
  const {queue, timers, seen, create} = open();
  create('b', 5_000);
  create('a');
  create('c', 5_000);
  expect(seen).toEqual([]);
  timers.advance(4_999);
  await queue.idle();
  expect(seen).toEqual(['a@0']);
  timers.advance(10_000);
  await queue.idle();
  expect(seen).toEqual(['a@0', 'b@5000', 'c@5000']);
});

test('a failed task runs again by itself after its back-off', async () => {
  const answers = [{status: 500}, {status: 500}, {status: 200}];
  const at: number[] = [];
  const {queue, timers, create} = open({
    dispatch: async () => {
      at.push(timers.now());
      return answers.shift() ?? {status: 200};
    },
  });
  create('a');
  for (let second = 0; second < 60; second += 1) {
    timers.advance(1_000);
    await queue.idle();
  }
  expect(at).toEqual([0, 11_000, 31_000]);
  expect(queue.pending()).toEqual([]);
});

test('a task starts as soon as another one ends, at the limit of concurrency', async () => {
  const seen: string[] = [];
  const finish: ((result: DispatchResult) => void)[] = [];
  const {queue, timers, create} = open({
    limits: {maxConcurrentDispatches: 1},
    dispatch: ({name}) => {
      seen.push(name);
      return new Promise((resolve) => finish.push(resolve));
    },
  });
  create('a');
  create('b');
  timers.advance(0);
  expect(seen).toEqual(['a']);
  finish[0]?.({status: 200});
  await new Promise(setImmediate);
  expect(seen).toEqual(['a', 'b']);
  finish[1]?.({status: 200});
  await queue.idle();
});

test('idle waits for the dispatches in flight', async () => {
  let finish: (result: DispatchResult) => void = () => undefined;
  const {queue, timers, create} = open({dispatch: () => new Promise((resolve) => (finish = resolve))});
  create('a');
  timers.advance(0);
  let idle = false;
  const waiting = queue.idle().then(() => {
    idle = true;
  });
  await new Promise(setImmediate);
  expect(idle).toBe(false);
  finish({status: 200});
  await waiting;
  expect(queue.pending()).toEqual([]);
});

test('a closed queue aborts running dispatches, keeps its tasks, and cancels its timers', async () => {
  let signal: AbortSignal | undefined;
  const {queue, timers, create} = open({
    limits: {maxAttempts: 1},
    dispatch: (dispatched) => {
      signal = dispatched.signal;
      return new Promise<DispatchResult>(() => undefined);
    },
  });
  create('a');
  create('b', 1_000);
  timers.advance(0);
  await queue.close();
  expect(signal?.aborted).toBe(true);
  expect(queue.pending().map(({name}) => name)).toEqual(['a', 'b']);
  expect(timers.nextAt()).toBeUndefined();
  expect(() => create('c')).toThrow('queue stop is closed and takes no task');
});

test('a forced run ignores the time of the task and a pause of the queue', async () => {
  const {queue, seen, create} = open();
  create('a', 60_000);
  queue.pause();
  expect(queue.run('a')).toBe(true);
  await queue.idle();
  expect(seen).toEqual(['a@0']);
  expect(queue.run('a')).toBe(false);
});
