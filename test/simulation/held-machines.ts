import type {EmulatedMachine} from '../emulators/machines';

/** Whether it waits for a job, and runs nothing. */
export function isHeld({standby, jitConfig, status}: EmulatedMachine): boolean {
  return standby !== undefined && jitConfig === undefined && (status === 'TERMINATED' || status === 'SUSPENDED');
}

/** Whether it was made ahead, and has no JIT config. */
export function isUnclaimed({standby, jitConfig}: EmulatedMachine): boolean {
  return standby !== undefined && jitConfig === undefined;
}
