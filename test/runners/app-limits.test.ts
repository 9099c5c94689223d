import {createAppLimits} from '../../shared/runners/app-limits';
import {createMemoryStore} from '../../shared/store/memory';
import type {Store} from '../../shared/store/store';
import {createLogger} from '../../shared/telemetry/create-logger';
import {VirtualScheduler} from '../emulators/scheduler';

const SCOPE = {kind: 'repository', owner: 'acme', repo: 'app'} as const;

test('a reservation of turns that never ends, as of an execution that died, holds back registrations for half a minute', async () => {
  const clock = new VirtualScheduler();
  const memory = createMemoryStore({clock});
  let transactions = 0;
  const store: Store = {
    get: memory.get.bind(memory),
    find: memory.find.bind(memory),
    count: memory.count.bind(memory),
    transaction: (body) => (transactions++ === 0 ? new Promise(() => undefined) : memory.transaction(body)),
  };
  const limits = createAppLimits({
    store,
    clock,
    logger: createLogger({level: 'error', destination: {write: () => undefined}}),
  });
  void limits.awaitTurn(SCOPE);
  void limits.awaitTurn(SCOPE);
  expect(transactions).toBe(1);
  clock.advance(31_000);
  await limits.awaitTurn(SCOPE);
  await limits.awaitTurn(SCOPE);
  expect(transactions).toBe(2);
});
