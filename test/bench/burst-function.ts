import {createProvision} from '../../functions/provision/index';
import {createWebhook} from '../../functions/webhook/index';
import {systemClock} from '../../shared/clock';
import {readEnvironment} from '../../shared/config/variables';
import {createMemoryStore} from '../../shared/store/memory';
import {createLogger} from '../../shared/telemetry/create-logger';
import {serve} from '../emulators/serve';
import {createBare} from './burst-bare';

/** `node burst-function.ts webhook|provision|bare PORT`: one function in a process of its own, its store in memory, its log nowhere. */
async function main(): Promise<void> {
  const [target, port] = process.argv.slice(2);
  const env = readEnvironment();
  const logger = createLogger({level: 'info', destination: {write: () => undefined}});
  const store = createMemoryStore({clock: systemClock});
  const handlers = {
    webhook: () => createWebhook({env, logger}),
    provision: () => createProvision({env, logger, store}),
    bare: () => createBare({env, logger, store}),
  };
  await serve(handlers[target as keyof typeof handlers](), Number(port));
}

void main();
