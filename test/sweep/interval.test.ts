import {timesInBetween} from '../../shared/sweep/runs-in-between';
import {ApiClient} from '../api/client';
import {aSystem, MINUTE, type TestSystem} from '../builders/system';

jest.setTimeout(120_000);

const NOON = Date.parse('2026-11-01T12:00:00Z');
const at = (seconds: number) => NOON + seconds * 1000;

describe('the runs between two calls of the scheduler', () => {
  test.each([
    [10, [10, 20, 30, 40, 50]],
    [25, [25, 50]],
    [45, [45]],
    [60, []],
    [600, []],
  ])('with an interval of %i s are at the seconds %j of the minute', (interval, seconds) => {
    expect(timesInBetween(interval, NOON)).toEqual(seconds.map(at));
  });

  test('are at the same times, whether the scheduler is early or late', () => {
    expect(timesInBetween(20, at(-0.4))).toEqual([at(20), at(40)]);
    expect(timesInBetween(20, at(3))).toEqual([at(20), at(40)]);
    // The last of a minute, when the scheduler is so late that it has to plan into the next one.
    expect(timesInBetween(20, at(41))).toEqual([at(80), at(100)]);
  });
});

describe('with an interval of ten seconds', () => {
  let system: TestSystem;
  const ends: number[] = [];
  const logged = (decision: string) => system.log.filter((line) => line.includes(`"decision":"${decision}"`));
  const sweepTasks = () =>
    system.tasks.requests.filter(({body}) => JSON.stringify(body).includes(`"url":"${system.urls.sweep}"`));

  beforeAll(async () => {
    system = await aSystem({sweepEverySeconds: 10});
  });
  afterAll(() => system.close());

  test('the scheduler calls each minute, and each call plans the five runs after it, signed and by name', async () => {
    await system.pass(3 * MINUTE);
    expect(system.sweeper.answers.map(({status}) => status)).toEqual([200, 200, 200]);
    const names = sweepTasks().map(({body}) => (body as {task: {name: string}}).task.name);
    expect(new Set(names).size).toBe(names.length);
    expect(names[0]).toMatch(/\/queues\/stop\/tasks\/[0-9a-f]{16}-sweep-2026-11-01T00_01_10$/);
    expect(JSON.stringify(sweepTasks()[0]?.body)).toContain('X-Slipway-Signature');
    // Ten seconds apart, from the first full minute on.
    ends.push(logged('done').length);
    expect(ends[0]).toBe(13);
  });

  test('a call that is repeated plans no run twice', async () => {
    const before = sweepTasks().length;
    await system.sweep();
    await system.pass(MINUTE);
    const names = sweepTasks().map(({body}) => (body as {task: {name: string}}).task.name);
    expect(names.length).toBeGreaterThan(before);
    expect(logged('done').length - (ends[0] ?? 0)).toBeLessThanOrEqual(7);
  });

  test('the task of a run ends with 202 when the sweep cannot work, and one of nobody is refused', async () => {
    const {store} = system;
    const broken = jest.spyOn(store, 'transaction').mockRejectedValue(new Error('no store'));
    const token = await system.oidc.token({audience: system.urls.sweep, email: 'tasks@world.iam.gserviceaccount.com'});
    const asTask = (headers: Record<string, string>) =>
      fetch(system.urls.sweep, {method: 'POST', headers: {'x-cloudtasks-taskname': 'x', ...headers}});
    expect((await asTask({authorization: `Bearer ${token}`})).status).toBe(202);
    expect((await asTask({})).status).toBe(401);
    expect((await system.sweeper.trigger()).status).toBe(503);
    broken.mockRestore();
  });

  test('the status shows the interval', async () => {
    const {json} = await new ApiClient(system.urls.api).get('/status');
    expect(json).toMatchObject({poll_interval_seconds: 10});
  });
});
