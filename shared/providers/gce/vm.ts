import type {Clock} from '../../clock';
import {regionOf} from '../../model/names';
import {
  isRunning,
  isStarting,
  isStopped,
  isStopping,
  type PersistentVm,
  type VmBegin,
  type VmOutcome,
  type VmReference,
  type VmRefusal,
  type VmWait,
} from '../persistent-vm';
import {POLL_MS, PollBudget} from '../poll-budget';
import {requestId} from './client/body';
import type {Compute, Instance, PowerAction, ZoneOperation} from './client/compute';
import {ComputeFailure, classifyOperation, secondsToNextMinute, withComputeErrors} from './client/errors';
import {awaitOperation} from './wait';

/** Seconds after which a start or stop is reported as uncertain. During a stop the guest may take up to 90. */
const BUDGET_SECONDS = 120;

/** A stopping VM is usually down within a minute. */
const STOPPING_RETRY_SECONDS = 20;
const REPAIRING_RETRY_SECONDS = 30;

/**
 * Time in milliseconds in which a repeated call is the same request. A later call is a new attempt: with the same request id Compute Engine
 * would return the old, failed operation.
 */
const REQUEST_WINDOW_MS = 10_000;

export interface GceVmOptions {
  readonly compute: Compute;
  readonly clock: Clock;
  readonly vm: VmReference;
}

/** A persistent VM on Compute Engine. Only starts and stops it. */
export function createGceVm({compute, clock, vm}: GceVmOptions): PersistentVm {
  const {instance: name, zone} = vm;
  let seen: Instance | undefined;
  const look = async () => {
    seen = await compute.getInstance(zone, name);
    return seen;
  };

  async function power(action: PowerAction, instance: Instance): Promise<VmBegin> {
    const cycle = action === 'stop' ? instance.lastStartTimestamp : instance.lastStopTimestamp;
    const attempt = String(Math.floor(clock.now() / REQUEST_WINDOW_MS));
    const operation = await compute.powerInstance(action, zone, name, requestId(action, name, zone, cycle, attempt));
    return {kind: 'begun', operation};
  }

  async function beginStart(): Promise<VmBegin> {
    const instance = await look();
    if (!instance) return missing(vm);
    const {status} = instance;
    if (isRunning(status) || isStarting(status)) return {kind: 'done'};
    if (status === 'TERMINATED') return power('start', instance);
    if (status === 'SUSPENDED') return power('resume', instance);
    const retryAfterSeconds = status === 'REPAIRING' ? REPAIRING_RETRY_SECONDS : STOPPING_RETRY_SECONDS;
    return {kind: 'not_ready', status, retryAfterSeconds};
  }

  async function beginStop(): Promise<VmBegin> {
    const instance = await look();
    if (!instance) return missing(vm);
    const {status} = instance;
    if (isStopped(status) || isStopping(status)) return {kind: 'done'};
    if (status === 'RUNNING') return power('stop', instance);
    return {kind: 'not_ready', status, retryAfterSeconds: STOPPING_RETRY_SECONDS};
  }

  /** Waits for the operation; without one, until the VM has left its transitional status. */
  async function settle(
    action: 'start' | 'stop',
    operation: ZoneOperation | undefined,
    {onWaiting}: VmWait,
  ): Promise<VmOutcome> {
    const waiting = new PollBudget(clock, BUDGET_SECONDS, onWaiting);
    if (operation) {
      const end = await awaitOperation(compute, clock, operation, waiting);
      if (end.kind === 'done') return {kind: 'changed'};
      if (end.kind === 'failed') {
        const {failureClass, code, message} = classifyOperation(end.errors);
        const what = `${action} instance ${name} in ${zone}: the operation failed, ${code}: ${message}`;
        return toVmOutcome(vm, new ComputeFailure(failureClass, code, what), clock);
      }
    }
    for (; !waiting.isOver; await waiting.pause(POLL_MS)) {
      const instance = await look();
      if (!instance) return missing(vm);
      if (action === 'start' && isRunning(instance.status)) return {kind: 'already'};
      if (action === 'stop' && isStopped(instance.status)) return {kind: 'already'};
      // Another start found no capacity, or somebody started the VM again: the caller starts over.
      const fellBack = action === 'start' ? isStopped(instance.status) : isRunning(instance.status);
      if (fellBack) return {kind: 'not_ready', status: instance.status, retryAfterSeconds: 1};
    }
    return {kind: 'uncertain', message: `${action} instance ${name} in ${zone} took over ${BUDGET_SECONDS} s`};
  }

  async function change(action: 'start' | 'stop', wait: VmWait): Promise<VmOutcome> {
    const begun = await withVmOutcome(action === 'start' ? beginStart : beginStop);
    if (begun.kind === 'begun') return withVmOutcome(() => settle(action, {zone, name: begun.operation.name}, wait));
    if (begun.kind !== 'done') return begun;
    const reached = action === 'start' ? isRunning : isStopped;
    return withVmOutcome(async () => {
      const instance = await look();
      if (instance && reached(instance.status)) return {kind: 'already'};
      return settle(action, undefined, wait);
    });
  }

  async function withVmOutcome<T>(
    work: () => Promise<T>,
  ): Promise<T | VmRefusal | Extract<VmBegin, {kind: 'not_ready'}>> {
    try {
      return await work();
    } catch (error) {
      if (!(error instanceof ComputeFailure)) throw error;
      // The status changed between the look and the call: another execution is working on the VM.
      if (error.failureClass === 'conflict') {
        return {kind: 'not_ready', status: 'STOPPING', retryAfterSeconds: STOPPING_RETRY_SECONDS};
      }
      return toVmOutcome(vm, error, clock);
    }
  }

  return {
    status: async () => (await withComputeErrors(clock, look()))?.status,
    async stoppedAt() {
      const at = Date.parse((await withComputeErrors(clock, look()))?.lastStopTimestamp ?? '');
      return Number.isNaN(at) ? undefined : at;
    },
    beginStart: () => withVmOutcome(beginStart),
    beginStop: () => withVmOutcome(beginStop),
    async start(wait) {
      const outcome = await change('start', wait);
      const isUp = outcome.kind === 'changed' || outcome.kind === 'already';
      return isUp && seen?.machineType
        ? {...outcome, machine: {machineType: seen.machineType, spot: seen.isSpot}}
        : outcome;
    },
    stop: (wait) => change('stop', wait),
  };
}

function missing({instance, zone}: VmReference): VmRefusal {
  const message = `found no VM ${instance} in ${zone}; expected it to exist: create it, or correct the pool's instance and zone`;
  return {kind: 'missing', message};
}

function toVmOutcome({zone}: VmReference, failure: ComputeFailure, clock: Clock): VmRefusal {
  const {message} = failure;
  switch (failure.failureClass) {
    case 'zone_full':
      return {kind: 'no_capacity', message};
    case 'quota':
      return {kind: 'quota', message, quotaScope: regionOf(zone)};
    case 'rate':
      return {kind: 'rate_limited', message, retryAfterSeconds: secondsToNextMinute(clock.now())};
    case 'invalid':
    case 'denied':
      return {kind: 'refused', message};
    default:
      return {kind: 'uncertain', message};
  }
}
