import {createSweep} from '../../functions/sweep/index';
import type {QueueName} from '../../shared/model/task-payload';
import type {Tasks} from '../../shared/tasks/tasks';
import {createLogger} from '../../shared/telemetry/create-logger';
import {callFunction} from './call-function';
import {drawScenario} from './draw-scenario';
import {FUNCTIONS, type Functions} from './functions';
import {shrink} from './shrink';
import {simulate} from './simulate';

/** Loses each release: what a broken core looks like. */
const FORGETFUL: Functions = {
  api: FUNCTIONS.api,
  webhook: (options) => FUNCTIONS.webhook(forgetful(options)),
  provision: (options) => FUNCTIONS.provision(forgetful(options)),
  stop: FUNCTIONS.stop,
  sweep: (options) => createSweep(forgetful(options)),
};

/** With a queue that loses what is to be stopped. */
function forgetful<T extends {readonly tasks?: Tasks}>(options: T): T {
  const {tasks} = options;
  if (!tasks) return options;
  const enqueue: Tasks['enqueue'] = async (task) => (task.queue === 'stop' ? 'created' : tasks.enqueue(task));
  return {...options, tasks: {enqueue, check: (queue: QueueName, owner?: string) => tasks.check(queue, owner)}};
}

test.each([3, 5, 11])(
  'the same seed gives the same trace: seed %i',
  async (seed) => {
    const scenario = drawScenario(seed, {days: 0.1});
    expect(drawScenario(seed, {days: 0.1})).toEqual(scenario);
    const first = await simulate(scenario, {isTraced: true});
    const second = await simulate(scenario, {isTraced: true});
    expect(first.trace.length).toBeGreaterThan(10);
    expect(second.trace).toEqual(first.trace);
  },
  60_000,
);

test('a failing scenario is cut down to one job and no fault when that is enough to fail', async () => {
  const scenario = drawScenario(4, {days: 0.1});
  const play = (candidate: typeof scenario) => simulate(candidate, {functions: FORGETFUL});
  expect((await play(scenario)).violations.map(({rule}) => rule)).toContain('left_over');
  const {scenario: small} = await shrink(scenario, 'left_over', play);
  expect(small.faults).toEqual([]);
  expect(small.jobs).toHaveLength(1);
  expect(small.jobs[0]).toMatchObject({matrix: 1});
}, 60_000);

test('a sweep is called every minute while something is there, and its promises are asked for', async () => {
  let sweeps = 0;
  const functions: Functions = {
    ...FUNCTIONS,
    sweep: () => async (_, response) => {
      sweeps += 1;
      response.status(200).json({});
    },
  };
  const scenario = drawScenario(2, {days: 0.1});
  const job = {atMs: 0, repository: 'acme/app', kind: 'arm', durationMs: 60_000, matrix: 1, maxParallel: 1} as const;
  const faults = [{on: 'webhook', nth: 1, effect: 'dropped'}] as const;
  const {sweep: _, ...withoutSweep} = FUNCTIONS;
  const unswept = await simulate({...scenario, jobs: [job], faults}, {functions: withoutSweep});
  expect(unswept.isLivenessChecked).toBe(false);
  const outcome = await simulate({...scenario, jobs: [job], faults}, {functions});
  expect(sweeps).toBeGreaterThan(60);
  expect(outcome.isLivenessChecked).toBe(true);
  // This one does nothing, so the job whose webhook was lost waits for ever.
  expect(outcome.violations.map(({rule}) => rule)).toContain('job_not_run');
}, 60_000);

test('a function is called as the framework calls it', async () => {
  const answer = await callFunction(
    FUNCTIONS.webhook({env: {}, logger: createLogger({level: 'error', destination: {write: () => undefined}})}),
    {headers: {}, body: Buffer.from('')},
  );
  expect(answer).toMatchObject({status: 503, body: {error: expect.stringContaining('configuration')}});
});
