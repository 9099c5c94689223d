import type {Logger} from '../telemetry/logger';
import type {Provider} from './provider';

/** `DRY_RUN`: logs which machine it would make or delete, and neither makes nor deletes any. */
export function dryRunProvider(real: Provider, logger: Logger): Provider {
  return {
    async create({name, pool, job}) {
      logger.info(`dry run: would make a VM for runner ${name}`, {decision: 'dry_run', runner: name, pool, job});
      return {kind: 'created', rung: {zone: 'dry-run', spot: false}};
    },
    find: (machine) => real.find(machine),
    async delete({name}) {
      logger.info(`dry run: would delete the VM of ${name}`, {decision: 'dry_run', runner: name});
      return 'accepted';
    },
  };
}
