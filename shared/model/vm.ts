import type {JobDocument, JobKey} from './job';
import type {RunnerScope} from './scope';

/** How far a persistent VM is, as far as this deployment made it so; Compute Engine has the last word. */
export type VmState = 'stopped' | 'starting' | 'running' | 'stopping';

/** Labels that were taken off a runner, so that GitHub routes nothing to it while its VM stops. */
export interface DrainedRunner {
  readonly scope: RunnerScope;
  readonly installationId: number | null;
  readonly runnerId: number;
  readonly labels: readonly string[];
}

/** What labels a runner of a persistent VM had at GitHub, to ask less often. */
export interface SeenLabels {
  /** Its name, and where it is registered. */
  readonly place: string;
  /** Those that we took off ourselves included. */
  readonly labels: readonly string[];
  readonly at: number;
}

/** `vms/<zone>.<instance>`: a document a persistent VM, whichever pools share it. */
export interface VmDocument {
  readonly instance: string;
  readonly zone: string;
  readonly state: VmState;
  /** +1 at each activity: a stop that carries an older one is void. */
  readonly version: number;
  /** When the newest activity was recorded. */
  readonly activeAt: number;
  /** The jobs that run on it. Several when several runners live there. */
  readonly runs: readonly JobKey[];
  /** Repositories whose jobs it served, with the installation that said so: where its runner is looked for. Newest last. */
  readonly repositories: readonly {readonly repository: string; readonly installationId: number | null}[];
  /** GitHub's ids of the registrations that are known to be its runners', newest last; missing: none yet. */
  readonly runnerIds?: readonly number[];
  /** Given back when it starts. */
  readonly drained: readonly DrainedRunner[];
  /** The newest reading of each runner's labels; absent until a job asked for one. */
  readonly seenLabels?: readonly SeenLabels[];
  /** The stop under way holds until then; a crashed one is over afterwards. */
  readonly stopLeaseUntil: number;
  /** Starts that found no capacity, since the last one that did. */
  readonly startFailures: number;
  readonly startFailingSince: number | null;
  /** No start is tried before. */
  readonly nextStartAt: number;
  readonly stateAt: number;
  readonly expireAt: number;
}

/** A VM that nothing was heard of for so long is forgotten. */
const RETENTION_MS = 90 * 24 * 3600 * 1000;

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
    expireAt: now + RETENTION_MS,
  };
}

type Origin = Pick<JobDocument, 'repository' | 'installationId'>;

/** Something happened that concerns the VM: every stop that was planned before is void. `origin`: the job that it is about. */
export function active(vm: VmDocument, now: number, origin?: Origin): VmDocument {
  return {
    ...vm,
    version: vm.version + 1,
    activeAt: now,
    expireAt: now + RETENTION_MS,
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
export function isBeingStopped(vm: VmDocument, now: number): boolean {
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
    expireAt: now + RETENTION_MS,
  };
}

/** A reading of a runner's labels that is believed without another look, where it says that the runner takes a job. */
const BELIEVED_MS = 5 * 60_000;

/** Readings of one VM's runners that are kept. */
const READINGS_KEPT = 10;

/** Of a runner: its labels at GitHub, and those that we took off ourselves for as long as its VM stops, which it has back by then. */
export function labelsOf(
  {id, labels}: {readonly id: number; readonly labels: readonly string[]},
  drained: readonly DrainedRunner[],
): string[] {
  return [...labels, ...drained.filter(({runnerId}) => runnerId === id).flatMap((each) => each.labels)];
}

/**
 * Labels that a job asks for and that no runner has, of the runner that lacks fewest; empty when one takes the job. GitHub gives a job
 * only to a runner that has all of its labels, compared without case.
 *
 * @see https://docs.github.com/en/actions/how-tos/manage-runners/self-hosted-runners/use-in-a-workflow
 */
export function lackedLabels(asked: readonly string[], runners: readonly (readonly string[])[]): string[] {
  const lacks = runners.map((labels) => {
    const has = new Set(labels.map((label) => label.toLowerCase()));
    return asked.filter((label) => !has.has(label.toLowerCase()));
  });
  return lacks.sort((a, b) => a.length - b.length)[0] ?? [];
}

/** Whether a runner in this place was seen to take such a job a moment ago. */
export function wasSeenToTake(
  seen: readonly SeenLabels[] | undefined,
  {place, labels}: {readonly place: string; readonly labels: readonly string[]},
  now: number,
): boolean {
  const recent = (seen ?? []).filter((each) => each.place === place && now - each.at < BELIEVED_MS);
  return recent.some((each) => lackedLabels(labels, [each.labels]).length === 0);
}

/** With a new reading in place of the older one of the same place. */
export function withSeenLabels(seen: readonly SeenLabels[] | undefined, reading: SeenLabels): SeenLabels[] {
  return [...(seen ?? []).filter(({place}) => place !== reading.place), reading].slice(-READINGS_KEPT);
}
