import type {Logger} from '../logger';
import type {RunnerProvider} from './provider';
import type {PersistentVm, VmReference} from './vm';

/** `DRY_RUN`: logs which machine it would make or delete, and neither makes nor deletes any. */
export function dryRunProvider(real: RunnerProvider, logger: Logger): RunnerProvider {
  return {
    registration: real.registration,
    placements: (request) => real.placements(request),
    async create({name, pool, job}) {
      logger.info(`dry run: would make a VM for runner ${name}`, {decision: 'dry_run', runner: name, pool, job});
      return {kind: 'created', placement: {place: 'dry-run', spot: false}};
    },
    find: (machine) => real.find(machine),
    async delete({name}) {
      logger.info(`dry run: would delete the VM of ${name}`, {decision: 'dry_run', runner: name});
      return 'accepted';
    },
    list: () => real.list(),
    ...(real.wasPreempted ? {wasPreempted: real.wasPreempted.bind(real)} : {}),
    check: () => real.check(),
  };
}

/** Reads how the VM stands, and neither starts nor stops it. */
export function dryRunVm(real: PersistentVm, {instance, zone}: VmReference, logger: Logger): PersistentVm {
  const say = (action: string) =>
    logger.info(`dry run: would ${action} ${instance} in ${zone}`, {decision: 'dry_run', vm: instance, zone});
  const changed = (action: string) => async () => {
    say(action);
    return {kind: 'already'} as const;
  };
  const begun = (action: string) => async () => {
    say(action);
    return {kind: 'done'} as const;
  };
  return {
    status: () => real.status(),
    beginStart: begun('start'),
    start: changed('start'),
    beginStop: begun('stop'),
    stop: changed('stop'),
  };
}
