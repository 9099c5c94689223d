import {type Clients, openClients, operationName, SPOT, ZONE} from './clients';
import type {PowerAction} from './model';

let compute: Clients;
beforeEach(async () => {
  compute = await openClients();
});
afterEach(() => compute.close());

const run = async (name: string, scheduling: Record<string, unknown> = {}) => {
  await compute.wait(await compute.insert({name, scheduling}));
  return compute.world.get(ZONE, name);
};
const names = () => compute.world.instances().map(({name, status}) => `${name} ${status}`);
const LIMITED = {maxRunDuration: {seconds: 600}};

test('a deletion is accepted, the instance is STOPPING, then gone (404)', async () => {
  await run('r-1');
  const [operation] = await compute.instances.delete(compute.at('r-1'));
  expect(names()).toEqual(['r-1 STOPPING']);
  expect(await compute.wait(operationName(operation))).toMatchObject({status: 'DONE', operationType: 'delete'});
  await expect(compute.instances.get(compute.at('r-1'))).rejects.toMatchObject({httpStatusCode: 404});
  await expect(compute.instances.delete(compute.at('r-1'))).rejects.toMatchObject({httpStatusCode: 404});
});

test.each([
  ['DELETE', []],
  ['STOP', ['r-1 TERMINATED']],
])('a preempted spot VM has 30 s, then ends by its termination action %s', async (action, left) => {
  const instance = await run('r-1', {...SPOT, instanceTerminationAction: action});
  compute.world.preempt(instance);
  compute.clock.advance(29_000);
  expect(names()).toEqual(['r-1 STOPPING']);
  compute.clock.advance(1_000);
  expect(names()).toEqual(left);
  expect(compute.world.operations(ZONE).map(({operationType}) => operationType)).toContain(
    'compute.instances.preempted',
  );
});

test.each([
  ['DELETE', []],
  ['STOP', ['r-1 TERMINATED']],
])('the limit of the run time counts from RUNNING and ends in the termination action %s', async (action, left) => {
  await run('r-1', {...LIMITED, instanceTerminationAction: action});
  const [{resourceStatus}] = await compute.instances.get(compute.at('r-1'));
  const endsAt = Date.parse(resourceStatus?.scheduling?.terminationTimestamp ?? '');
  expect(endsAt).toBe(compute.clock.now() + 600_000);
  compute.clock.advance(599_000);
  expect(names()).toEqual(['r-1 RUNNING']);
  compute.clock.advance(60_000);
  expect(names()).toEqual(left);
});

test('an instance that powered off from inside stays, even past the limit of its run time, until it is deleted', async () => {
  const instance = await run('r-1', {...LIMITED, instanceTerminationAction: 'DELETE'});
  compute.world.powerOff(instance);
  compute.clock.advance(24 * 3_600_000);
  expect(names()).toEqual(['r-1 TERMINATED']);
  await compute.instances.delete(compute.at('r-1'));
  compute.clock.advance(60_000);
  expect(names()).toEqual([]);
});

test.each([
  [true, 'r-1 RUNNING'],
  [false, 'r-1 TERMINATED'],
])('after a host error an instance with automaticRestart %s is %s', async (automaticRestart, expected) => {
  compute.world.failHost(await run('r-1', {automaticRestart}));
  expect(names()).toEqual(['r-1 REPAIRING']);
  compute.clock.advance(120_000);
  expect(names()).toEqual([expected]);
});

describe('a persistent VM', () => {
  const act = async (action: PowerAction, name = 'vm') => {
    const [operation] = await compute.instances[action](compute.at(name));
    return compute.wait(operationName(operation));
  };

  test('starts, stops, suspends, resumes and resets', async () => {
    const vm = compute.world.addInstance({name: 'vm', zone: ZONE, metadata: {a: 'b'}});
    const seen: string[] = [];
    compute.world.observe(({kind}) => seen.push(kind));
    for (const action of ['start', 'suspend', 'resume', 'reset', 'stop'] as const) {
      expect(await act(action)).toMatchObject({status: 'DONE', operationType: action});
      seen.push(vm.status);
    }
    const run = ['running', 'RUNNING'];
    expect(seen).toEqual([
      ...run,
      'suspending',
      'SUSPENDED',
      ...run,
      'reset',
      ...run,
      'stopping',
      'terminated',
      'TERMINATED',
    ]);
  });

  test.each([
    ['stop', 'SUSPENDING'],
    ['start', 'STOPPING'],
    ['start', 'SUSPENDED'],
    ['resume', 'TERMINATED'],
    ['reset', 'TERMINATED'],
  ] as const)('cannot %s while it is %s', async (action, status) => {
    compute.world.addInstance({name: 'vm', zone: ZONE}).status = status;
    await expect(act(action)).rejects.toMatchObject({httpStatusCode: 400, message: expect.stringMatching(/not ready/)});
  });

  test('that is running or stopped already stays so when it is asked again', async () => {
    const vm = compute.world.addInstance({name: 'vm', zone: ZONE});
    await act('stop');
    await act('start');
    await act('start');
    expect(vm.status).toBe('RUNNING');
  });

  test('is off again when there is no room for its start', async () => {
    const vm = compute.world.addInstance({name: 'vm', zone: ZONE});
    compute.world.setCapacity({zone: ZONE}, 0);
    expect((await act('start')).error?.errors?.[0]?.code).toBe('ZONE_RESOURCE_POOL_EXHAUSTED');
    expect(vm.status).toBe('TERMINATED');
  });

  test('keeps its labels in step by their fingerprint', async () => {
    compute.world.addInstance({name: 'vm', zone: ZONE, labels: {a: 'b'}});
    const [{labelFingerprint}] = await compute.instances.get(compute.at('vm'));
    const request = {
      ...compute.at('vm'),
      instancesSetLabelsRequestResource: {labels: {c: 'd'}, labelFingerprint: labelFingerprint ?? ''},
    };
    await compute.instances.setLabels(request);
    expect((await compute.instances.get(compute.at('vm')))[0].labels).toEqual({c: 'd'});
    await expect(compute.instances.setLabels(request)).rejects.toMatchObject({httpStatusCode: 412});
  });
});

test('run time is counted by machine type, and what happened by its kind', async () => {
  const instance = await run('r-1');
  compute.clock.advance(90_000);
  compute.world.powerOff(instance);
  compute.clock.advance(90_000);
  expect(compute.world.statistics()).toEqual({
    events: {accepted: 1, running: 1, terminated: 1},
    runningSeconds: {'n2-standard-4': 90},
  });
});

test('what an instance printed is on its first serial port, from any byte on', async () => {
  const instance = await run('r-1');
  compute.world.print(instance, 'first\r\n');
  compute.world.print(instance, 'second\r\n');
  const read = async (more: object) => {
    const [{contents, start, next}] = await compute.instances.getSerialPortOutput({...compute.at('r-1'), ...more});
    return [contents, Number(start), Number(next)];
  };
  expect(await read({})).toEqual(['first\r\nsecond\r\n', 0, 15]);
  expect(await read({start: 7})).toEqual(['second\r\n', 7, 15]);
  expect(await read({start: -8})).toEqual(['second\r\n', 7, 15]);
  expect(await read({port: 2})).toEqual(['', 0, 0]);
  await expect(compute.instances.getSerialPortOutput(compute.at('r-2'))).rejects.toMatchObject({httpStatusCode: 404});
});
