import {standbyTask} from '../model/tasks';
import type {Context} from '../ports';
import {
  forgetStandbyFailures,
  holdBackRefused,
  holdBackStandby,
  recordStandbyBootFailure,
} from '../runners/standby-failures';
import {
  recordPrepared,
  recordReady,
  removeStandby,
  requestStandby,
  standbyMachines,
  standbyReference,
} from '../runners/standby-records';
import type {Repairs} from './rule';

type StandbyRepairs = Pick<
  Repairs,
  'requestStandby' | 'repeatStandby' | 'readyStandby' | 'suspendStandby' | 'removeStandby'
>;

const BLAMED = {boot: recordStandbyBootFailure, refused: holdBackRefused, ended: holdBackStandby} as const;

/** The effects of the rules on standby machines. */
export function createStandbyRepairs(context: Context): StandbyRepairs {
  return {
    requestStandby: async (pool, key) => {
      await requestStandby(context, pool, key);
    },
    repeatStandby: async (machine, cause) => {
      await context.tasks.enqueue(standbyTask(machine, cause));
    },
    readyStandby: async (name, fingerprint) => {
      const machine = await context.store.get('standby', name);
      if (!machine || !(await recordReady(context, name, fingerprint))) return 'void';
      await forgetStandbyFailures(context, machine.pool);
      return 'done';
    },
    suspendStandby: async (name) => {
      const machine = await context.store.get('standby', name);
      const machines = machine && standbyMachines(context, machine);
      if (!machines || !(await recordPrepared(context, name))) return 'void';
      await machines.suspend(standbyReference(machine));
      return 'done';
    },
    removeStandby: async ({runner: name, pool, state, because, blame}) => {
      const removed = await removeStandby(context, name, state, because);
      if (removed === 'claimed') return 'left';
      const log = {decision: 'ended' as const, reason: state, runner: name, pool};
      const message = `standby machine ${name} is deleted: ${because}`;
      if (state === 'expired') context.logger.info(message, log);
      else context.logger.warning(message, log);
      if (blame !== undefined) await BLAMED[blame](context, pool, `standby machine ${name} ${because}`);
      return 'removed';
    },
  };
}
