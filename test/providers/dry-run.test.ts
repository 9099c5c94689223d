import {dryRunProvider} from '../../shared/providers/registry';
import {createLogger} from '../../shared/telemetry/create-logger';
import {createRequest} from '../contracts/provider';
import {type GceWorld, NAME, openGceWorld} from './gce/world';

let gce: GceWorld;
beforeEach(async () => {
  gce = await openGceWorld();
});
afterEach(() => gce.close());

const logger = createLogger({level: 'error', destination: {write: () => undefined}});

test('a dry run creates no machine', async () => {
  const provider = dryRunProvider(gce.provider, logger);
  expect((await provider.create(createRequest())).kind).toBe('created');
  expect(gce.machines()).toEqual([]);
  expect(gce.inserts()).toEqual([]);
});

test('a dry run lists the machines and deletes none', async () => {
  await gce.provider.create(createRequest());
  const provider = dryRunProvider(gce.provider, logger);
  const machine = await gce.provider.find({name: NAME});
  expect(await provider.find({name: NAME})).toEqual(machine);
  expect(await provider.list()).toEqual({machines: [machine], complete: true});
  for (const instance of gce.machines()) gce.world.print(instance, '[ 1.0] Linux\n');
  expect(await provider.console?.({name: NAME})).toBe('[ 1.0] Linux');
  expect(await provider.check('arm')).toEqual(await gce.provider.check('arm'));
  expect(await provider.delete({name: NAME})).toBe('accepted');
  expect(gce.machines()).toHaveLength(1);
});

test('a dry run reports a preemption', async () => {
  const spot = await openGceWorld({provider: {spot: 'only'}});
  await spot.provider.create(createRequest());
  const [instance] = spot.machines();
  if (instance) spot.world.preempt(instance);
  const provider = dryRunProvider(spot.provider, logger);
  expect(await provider.wasPreempted?.({name: NAME, place: instance?.zone ?? ''})).toBe(true);
  await spot.close();
});
