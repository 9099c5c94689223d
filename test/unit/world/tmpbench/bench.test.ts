import {directCompute} from '/work/main/test/world/compute/direct';
import {ComputeFace} from '/work/main/test/world/compute/face';
import {ComputeWorld} from '/work/main/test/world/compute/model';
import {VirtualScheduler} from '/work/main/test/world/scheduler';
import {SeededRandom} from '/work/main/test/world/seeded-random';
test('bench', async () => {
  const clock = new VirtualScheduler();
  const world = new ComputeWorld({scheduler: clock, random: new SeededRandom(5)});
  const c = directCompute(new ComputeFace(world)); const r = new SeededRandom(1);
  world.addTemplate({name: 'runner', properties: {machineType: 'n2-standard-4'}});
  const t = performance.now();
  for (let i = 0; i < 10000; i++) {
    const op = await c.insertInstance({zone: 'us-central1-a', sourceInstanceTemplate: 'global/instanceTemplates/runner', body: {name: `r-${i}`, labels: {}, metadata: {items: [{key: 'k', value: 'x'.repeat(4000)}]}, scheduling: {instanceTerminationAction: 'DELETE', maxRunDuration: {seconds: 3600}}}, requestId: r.uuid()});
    await c.waitForOperation(op, 60); await c.getInstance('us-central1-a', `r-${i}`);
    await c.deleteInstance('us-central1-a', `r-${i}`, r.uuid());
  }
  console.log(performance.now() - t);
});
