import {aSystem, MINUTE, type TestSystem} from '../builders/system';

let system: TestSystem;
afterEach(() => system.close());

test('the lock document has the fields of the previous version, so that one can go back to that version', async () => {
  system = await aSystem();
  await system.pass(MINUTE);
  await system.sweep();
  const now = system.scheduler.now();
  expect(await system.store.get('locks', 'sweep')).toMatchObject({deliveriesSince: now, redelivered: {}, holder: null});
});
