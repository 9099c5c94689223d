import {MINUTE} from '../builders/system';
import {aVmSystem, type VmSystem} from '../builders/vm-system';

let system: VmSystem;
afterEach(() => system.close());

const NOT_FOUND = {status: 404, headers: {}, body: {message: 'Not Found'}};

async function waitingJob() {
  system = await aVmSystem({failsToBoot: () => true});
  system.sweeper.every(60);
  const job = system.queueGpuJob();
  await system.pass(3 * MINUTE);
  return job;
}

test('one 404 about a job that waits for a persistent VM neither ends the job nor stops the VM', async () => {
  const {id} = await waitingJob();
  system.github.fault({match: {path: /actions\/jobs\/\d+$/}, respond: NOT_FOUND});
  await system.pass(40 * MINUTE);
  system.sweeper.every(0);
  expect(system.powerActions()).toEqual(['start']);
  expect(await system.store.get('jobs', `${id}-1`)).toMatchObject({status: 'queued', demand: 'covered'});
});

test('a job that GitHub does not know any more holds a persistent VM until the sweep has seen it twice', async () => {
  const {id} = await waitingJob();
  system.github.fault({match: {path: /actions\/jobs\/\d+$/}, times: 100, respond: NOT_FOUND});
  system.github.fault({
    match: {path: /actions\/runs/},
    times: 1_000,
    respond: {status: 200, headers: {}, body: {total_count: 0, workflow_runs: []}},
  });
  await system.pass(40 * MINUTE);
  system.sweeper.every(0);
  expect(system.powerActions()).toEqual(['start', 'stop']);
  expect(await system.store.get('jobs', `${id}-1`)).toMatchObject({status: 'completed'});
});
