import type {DrainedRunner, JobDocument, JobKey, VmDocument} from '../store/documents';

/** A VM that nothing was heard of for so long is forgotten. */
const REMEMBER_MS = 90 * 24 * 3600 * 1000;

/** Repositories of one VM that are remembered. */
const REPOSITORIES_KEPT = 20;

/** Pauses between starts that find no capacity: 30 s, doubled up to five minutes. */
const FIRST_PAUSE_MS = 30_000;
const LONGEST_PAUSE_MS = 5 * 60_000;
/** After so long without capacity a person should know. */
const ALERT_AFTER_MS = 15 * 60_000;

/** Longer than Compute Engine takes to start a VM, or to say that it did not. */
const STARTING_MS = 10 * 60_000;

/** A VM that was not heard of before. */
export function newVm({instance, zone}: Pick<VmDocument, 'instance' | 'zone'>, now: number): VmDocument {
  return {
    instance,
    zone,
    state: 'stopped',
    version: 0,
    activeAt: now,
    runs: [],
    repositories: [],
    drained: [],
    stopLeaseUntil: 0,
    startFailures: 0,
    startFailingSince: null,
    nextStartAt: 0,
    stateAt: now,
    expireAt: now + REMEMBER_MS,
  };
}

type Origin = Pick<JobDocument, 'repository' | 'installationId'>;

/** Something happened that concerns the VM: every stop that was planned before is void. `origin`: the job that it is about. */
export function active(vm: VmDocument, now: number, origin?: Origin): VmDocument {
  return {
    ...vm,
    version: vm.version + 1,
    activeAt: now,
    expireAt: now + REMEMBER_MS,
    ...(origin ? {repositories: withRepository(vm.repositories, origin)} : {}),
  };
}

function withRepository(known: VmDocument['repositories'], {repository, installationId}: Origin) {
  const others = known.filter((each) => each.repository.toLowerCase() !== repository.toLowerCase());
  return [...others, {repository, installationId}].slice(-REPOSITORIES_KEPT);
}

export function runsJob(vm: VmDocument, job: JobKey): VmDocument {
  return {...vm, runs: [...vm.runs.filter((each) => each !== job), job]};
}

export function runsNoMore(vm: VmDocument, job: JobKey): VmDocument {
  return {...vm, runs: vm.runs.filter((each) => each !== job)};
}

/** A stop that was claimed and whose execution may still be at it. */
export function isStopping(vm: VmDocument, now: number): boolean {
  return vm.state === 'stopping' && vm.stopLeaseUntil > now;
}

export function starting(vm: VmDocument, now: number): VmDocument {
  return {...vm, state: 'starting', stateAt: vm.state === 'starting' ? vm.stateAt : now};
}

/** A start is under way; one whose execution died, or whose job went, is no more after ten minutes. */
export function isBeingStarted(vm: VmDocument, now: number): boolean {
  return vm.state === 'starting' && now - vm.stateAt < STARTING_MS;
}

/** It is up. */
export function started(vm: VmDocument, now: number): VmDocument {
  const state = {state: 'running', stateAt: vm.state === 'running' ? vm.stateAt : now} as const;
  return {...vm, ...state, stopLeaseUntil: 0, startFailures: 0, startFailingSince: null, nextStartAt: 0};
}

/** A start found no capacity; the next one waits. */
export function startFailed(vm: VmDocument, now: number): VmDocument {
  const startFailures = vm.startFailures + 1;
  const pauseMs = Math.min(LONGEST_PAUSE_MS, FIRST_PAUSE_MS * 2 ** (startFailures - 1));
  return {
    ...vm,
    state: 'stopped',
    stateAt: vm.state === 'stopped' ? vm.stateAt : now,
    startFailures,
    startFailingSince: vm.startFailingSince ?? now,
    nextStartAt: now + pauseMs,
  };
}

/** Whether the VM could not be started for so long that a person should know. */
export function isAlarming({startFailingSince}: VmDocument, now: number): boolean {
  return startFailingSince !== null && now - startFailingSince >= ALERT_AFTER_MS;
}

/** A stop is under way. Labels that are about to be taken off are on record before they are. */
export function stopping(
  vm: VmDocument,
  {now, leaseMs, drained}: {now: number; leaseMs: number; drained: readonly DrainedRunner[]},
): VmDocument {
  const known = vm.drained.filter((old) => !drained.some((each) => each.runnerId === old.runnerId));
  return {
    ...vm,
    state: 'stopping',
    stateAt: vm.state === 'stopping' ? vm.stateAt : now,
    stopLeaseUntil: now + leaseMs,
    drained: [...known, ...drained],
  };
}

export function stopped(vm: VmDocument, now: number): VmDocument {
  return {
    ...vm,
    state: 'stopped',
    runs: [],
    stopLeaseUntil: 0,
    stateAt: vm.state === 'stopped' ? vm.stateAt : now,
    expireAt: now + REMEMBER_MS,
  };
}
