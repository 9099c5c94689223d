import {InProcessTasks, type TaskRequest} from '../../shared/tasks/local/in-process';
import {VirtualScheduler} from '../emulators/scheduler';
import {type DispatchFault, type DispatchSubject, withDispatchFaults} from '../emulators/tasks/dispatch-faults';
import {Faults} from '../emulators/tasks/faults';

function open() {
  const timers = new VirtualScheduler(0);
  const seen: string[] = [];
  const faults = new Faults<DispatchSubject, DispatchFault>();
  const dispatch = async ({queue, name}: TaskRequest) => {
    seen.push(`${queue}/${name}`);
    return {status: 200};
  };
  const tasks = new InProcessTasks({timers, dispatch: withDispatchFaults(dispatch, faults), autoDispatch: false});
  return {tasks, timers, seen, faults};
}

test('the next dispatch is from the queue that is due first', async () => {
  const {tasks} = open();
  expect(tasks.nextAt()).toBeUndefined();
  await tasks.enqueue({queue: 'stop', name: 'a', body: {}, delaySeconds: 60});
  await tasks.enqueue({queue: 'provision', name: 'b', body: {}, delaySeconds: 30});
  expect(tasks.nextAt()).toBe(30_000);
});

test('drain follows a task from one queue to the other', async () => {
  const {tasks, seen} = open();
  await tasks.enqueue({queue: 'provision', name: 'a', body: {}});
  await tasks.enqueue({queue: 'stop', name: 'b', body: {}});
  expect(await tasks.drain()).toBe(2);
  expect(seen.sort()).toEqual(['provision/a', 'stop/b']);
});

test('each queue has its own limits, whichever function its tasks are for', async () => {
  const seen: string[] = [];
  const timers = new VirtualScheduler(0);
  const tasks = new InProcessTasks({
    timers,
    autoDispatch: false,
    limits: {maxDispatchesPerSecond: 3},
    limitsOf: {stop: {maxDispatchesPerSecond: 5}},
    dispatch: async ({queue, to}) => {
      seen.push(`${queue} to ${to}`);
      return {status: 200};
    },
  });
  for (let n = 0; n < 10; n++) {
    await tasks.enqueue({queue: 'provision', name: `a${n}`, body: {}});
    await tasks.enqueue({queue: 'stop', to: 'provision', name: `a${n}`, body: {}});
  }
  await tasks.drain();
  expect(seen.filter((one) => one === 'provision to provision')).toHaveLength(3);
  expect(seen.filter((one) => one === 'stop to provision')).toHaveLength(5);
});

test('a task cannot set the headers of Cloud Tasks', async () => {
  const headers: Readonly<Record<string, string>>[] = [];
  const tasks = new InProcessTasks({
    timers: new VirtualScheduler(0),
    autoDispatch: false,
    dispatch: async (request) => {
      headers.push(request.headers);
      return {status: 200};
    },
  });
  await tasks.enqueue({queue: 'stop', name: 'a', body: {}, headers: {'x-cloudtasks-taskretrycount': '19'}});
  await tasks.drain();
  expect(headers[0]).toMatchObject({'X-CloudTasks-TaskRetryCount': '0', 'content-type': 'application/json'});
  expect(headers[0]).not.toHaveProperty('x-cloudtasks-taskretrycount');
});

test.each([
  ['twice', 2, 0],
  ['concurrently', 2, 0],
  ['answer lost', 1, 1],
  ['not delivered', 0, 1],
] satisfies [DispatchFault, number, number][])(
  'a dispatch with the fault "%s" is seen %i times, and leaves %i tasks for a retry',
  async (respond, times, left) => {
    const {tasks, timers, seen, faults} = open();
    faults.add({match: ({name}) => name === 'a', respond});
    await tasks.enqueue({queue: 'provision', name: 'a', body: {}});
    await tasks.drain();
    expect(seen).toHaveLength(times);
    expect(tasks.queues.provision.pending()).toHaveLength(left);
    timers.advance(10_000);
    await tasks.drain();
    expect(seen).toHaveLength(times + left);
    expect(tasks.queues.provision.pending()).toEqual([]);
  },
);

test('a fault affects only matching requests, and only as often as it says', () => {
  const faults = new Faults<string, number>();
  faults.add({match: (subject) => subject === 'a', times: 2, respond: 1});
  expect(['b', 'a', 'a', 'a'].map((subject) => faults.take(subject))).toEqual([undefined, 1, 1, undefined]);
});
