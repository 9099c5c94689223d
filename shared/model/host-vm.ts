import {MINUTE_MS} from '../durations';
import type {HostDocument} from './host';
import {countFailedStart, isBeingStopped, markStopped, type VmDocument} from './vm';

/** In how many minutes after the start of a host's VM its agent has to call. */
interface Boots {
  readonly bootMinutes: number;
}

/** Whether the VM was started so lately that its agent may still call. */
export function isBooting({state, stateAt}: VmDocument, {bootMinutes}: Boots, now: number): boolean {
  return state === 'starting' && now - stateAt < bootMinutes * MINUTE_MS;
}

/** Whether a start of the VM may be tried now: none is under way, nor a stop, nor the pause after a start that came to nothing. */
export function mayStart(document: VmDocument, vm: Boots, now: number): boolean {
  return !isBooting(document, vm, now) && !isBeingStopped(document, now) && document.nextStartAt <= now;
}

/** The host without the note that its VM is down. */
export function withVmUp({vmIsDown: _, ...host}: HostDocument): HostDocument {
  return host;
}

/** Records that the VM is down because its agent did not call after the start at `startedAt`. */
export function markUnheard(vm: VmDocument, startedAt: number, now: number): VmDocument {
  return {...countFailedStart(markStopped(vm, now), now), unheard: {startedAt, stoppedAt: now}};
}

/** Whether the VM came up for nothing while somebody waited who waits since `since`: for him it is not started again. */
export function wasUnheardSince(vm: VmDocument | undefined, since: number): boolean {
  return vm?.unheard ? vm.unheard.stoppedAt >= since : false;
}
