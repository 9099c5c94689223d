import {DAY_MS, MINUTE_MS} from '../durations';
import type {JobDocument, JobKey} from './job';
import type {RunnerScope} from './scope';

/** State of a persistent VM as this deployment recorded it. The status at Compute Engine may differ, and is asked for before a decision. */
export type VmState = 'stopped' | 'starting' | 'running' | 'stopping';

/** Labels that were taken off a runner, so that GitHub gives it no job while its VM stops. */
export interface DrainedRunner {
  readonly scope: RunnerScope;
  readonly installationId: number | null;
  readonly runnerId: number;
  readonly labels: readonly string[];
}

/** What a VM is billed as. Null or missing: not known. */
export interface BilledAs {
  readonly machineType?: string | null;
  readonly spot?: boolean | null;
}

/** A time during which a VM was up, in milliseconds since the epoch, and as what it is billed. */
export interface Session extends BilledAs {
  readonly from: number;
  readonly to: number;
}

/** The labels that a runner of a persistent VM had at GitHub. Kept in order to ask GitHub less often. */
export interface SeenLabels {
  /** Name and scope of the runner. */
  readonly place: string;
  /** Includes the labels that are taken off for the VM's stop. */
  readonly labels: readonly string[];
  /** When the labels were read, in milliseconds since the epoch. */
  readonly at: number;
}

/** A start of a Docker host's VM whose agent did not call in time, in milliseconds since the epoch. */
export interface UnheardStart {
  readonly startedAt: number;
  /** When the VM was down again. */
  readonly stoppedAt: number;
}

/** `vms/<zone>.<instance>`: one document per persistent VM, however many pools share the VM. */
export interface VmDocument extends BilledAs {
  readonly instance: string;
  readonly zone: string;
  readonly state: VmState;
  /** Incremented by each activity. A planned stop with an older version is void. */
  readonly version: number;
  /** When the newest activity was recorded. */
  readonly activeAt: number;
  /** The jobs that run on the VM; several if the VM has several runners. */
  readonly runs: readonly JobKey[];
  /** Repositories whose jobs the VM served, with the App's installation there; the VM's runner is looked for in them. Newest last. */
  readonly repositories: readonly {readonly repository: string; readonly installationId: number | null}[];
  /** GitHub's ids of registrations that are known to belong to the VM's runners, newest last; missing: none yet. */
  readonly runnerIds?: readonly number[];
  /** Labels that the runners get back when the VM starts. */
  readonly drained: readonly DrainedRunner[];
  /** The newest labels of each runner; missing: none were read yet. */
  readonly seenLabels?: readonly SeenLabels[];
  /** Name of the operation at Compute Engine that a person's start has begun, while the VM is starting; null or missing: none is known. */
  readonly startOperation?: string | null;
  /** Since when the VM has been up, as far as it is recorded; null or missing: it is down, or not known. */
  readonly upSince?: number | null;
  /** When the VM was up before, newest last: at most `MAX_SESSIONS`. The sweep counts them (shared/sweep/usage.ts). */
  readonly sessions?: readonly Session[];
  /** How many jobs have begun on the VM; missing: none is counted yet. */
  readonly jobsBegun?: number;
  /** End of the lease of the execution that stops the VM. After it the stop counts as crashed. */
  readonly stopLeaseUntil: number;
  /** Consecutive starts that found no capacity, or after which the agent of the Docker host did not call. */
  readonly startFailures: number;
  readonly startFailingSince: number | null;
  /** No start is tried before this time. */
  readonly nextStartAt: number;
  /** The last start of a Docker host's VM, if its agent did not call; null or missing: it has called since, or was never waited for. */
  readonly unheard?: UnheardStart | null;
  /** Time of the latest change of `state`. */
  readonly stateAt: number;
  readonly expireAt: number;
}

/** How long a VM stays on record after its latest activity. */
const VM_RETENTION_MS = 90 * DAY_MS;

/** Sessions kept of one VM: more than end while no sweep runs for a while. */
const MAX_SESSIONS = 20;

/** Repositories kept of one VM. */
const MAX_REPOSITORIES = 20;

/** Pause after the first start that finds no capacity; doubled with each further one, up to `MAX_START_PAUSE_MS`. */
const FIRST_START_PAUSE_MS = 30_000;

const MAX_START_PAUSE_MS = 5 * MINUTE_MS;

/** An alert is logged after this time without capacity. */
const START_ALERT_MS = 15 * MINUTE_MS;

/** A start counts as crashed after this time, which is longer than Compute Engine takes to start a VM or to fail. */
const MAX_STARTING_MS = 10 * MINUTE_MS;

/** Labels of a runner at GitHub are not read again within this time, if they show that the runner can take the job. */
const SEEN_LABELS_TTL_MS = 5 * MINUTE_MS;

/** Entries kept in `seenLabels` of one VM. */
const MAX_SEEN_LABELS = 10;

/** The first record of a VM. */
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
    expireAt: now + VM_RETENTION_MS,
  };
}

type Origin = Pick<JobDocument, 'repository' | 'installationId'>;

/** Records an activity of the VM, which makes every stop planned before void. `origin`: the job of the activity. */
export function recordActivity(vm: VmDocument, now: number, origin?: Origin): VmDocument {
  return {
    ...vm,
    version: vm.version + 1,
    activeAt: now,
    expireAt: now + VM_RETENTION_MS,
    ...(origin ? {repositories: withRepository(vm.repositories, origin)} : {}),
  };
}

function withRepository(known: VmDocument['repositories'], {repository, installationId}: Origin) {
  const others = known.filter((each) => each.repository.toLowerCase() !== repository.toLowerCase());
  return [...others, {repository, installationId}].slice(-MAX_REPOSITORIES);
}

/** Records that the job runs on the VM. */
export function addRunningJob(vm: VmDocument, job: JobKey): VmDocument {
  const others = vm.runs.filter((each) => each !== job);
  const jobsBegun = (vm.jobsBegun ?? 0) + (others.length === vm.runs.length ? 1 : 0);
  return {...vm, runs: [...others, job], jobsBegun};
}

/** Records that the job does not run on the VM any more. */
export function removeRunningJob(vm: VmDocument, job: JobKey): VmDocument {
  return {...vm, runs: vm.runs.filter((each) => each !== job)};
}

/** Whether an execution stops the VM now, judged by its lease. */
export function isBeingStopped(vm: VmDocument, now: number): boolean {
  return vm.state === 'stopping' && vm.stopLeaseUntil > now;
}

/** Records that a start is under way. `operation`: left out where it is not known, or is the one on record. */
export function markStarting(vm: VmDocument, now: number, operation?: string): VmDocument {
  const isUnderWay = vm.state === 'starting';
  const startOperation = operation ?? (isUnderWay ? vm.startOperation : null) ?? null;
  return {...vm, state: 'starting', stateAt: isUnderWay ? vm.stateAt : now, startOperation};
}

/** Whether a start is under way. False after `MAX_STARTING_MS`: the execution crashed, or the job ended and nobody retried the start. */
export function isBeingStarted(vm: VmDocument, now: number): boolean {
  return vm.state === 'starting' && now - vm.stateAt < MAX_STARTING_MS;
}

/**
 * Records that the VM is up. Ends a stop that was claimed, and the count of failed starts. `downAt`: when it went down by itself before it was
 * started now.
 */
export function markRunning(known: VmDocument, now: number, downAt?: number): VmDocument {
  const vm = downAt === undefined ? known : endSession(known, now, downAt);
  const state = {state: 'running', stateAt: vm.state === 'running' ? vm.stateAt : now} as const;
  return {
    ...vm,
    ...state,
    upSince: vm.upSince ?? now,
    stopLeaseUntil: 0,
    startFailures: 0,
    startFailingSince: null,
    nextStartAt: 0,
    ...(vm.unheard ? {unheard: null} : {}),
  };
}

/** Whether the record has the VM as another machine: it may be changed while it is stopped. */
export function isOtherMachine(vm: BilledAs, machine: BilledAs | undefined): boolean {
  return machine !== undefined && (vm.machineType !== machine.machineType || vm.spot !== machine.spot);
}

/** Records a start that found no capacity, and the time before which no other start is tried. */
export function countFailedStart(vm: VmDocument, now: number): VmDocument {
  const startFailures = vm.startFailures + 1;
  const pauseMs = Math.min(MAX_START_PAUSE_MS, FIRST_START_PAUSE_MS * 2 ** (startFailures - 1));
  return {
    ...endSession(vm, now),
    state: 'stopped',
    stateAt: vm.state === 'stopped' ? vm.stateAt : now,
    startFailures,
    startFailingSince: vm.startFailingSince ?? now,
    nextStartAt: now + pauseMs,
  };
}

/** Whether the VM could not be started for so long that an alert is due. */
export function isStartAlertDue({startFailingSince}: VmDocument, now: number): boolean {
  return startFailingSince !== null && now - startFailingSince >= START_ALERT_MS;
}

/** Records that a stop is under way, and the labels `drained` that are taken off next. They are on record first, so that a crash loses none. */
export function markStopping(
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

/** Records that the VM is down. `downAt`: since when, where it went down by itself before. */
export function markStopped(vm: VmDocument, now: number, downAt = now): VmDocument {
  return {
    ...endSession(vm, now, downAt),
    state: 'stopped',
    runs: [],
    stopLeaseUntil: 0,
    stateAt: vm.state === 'stopped' ? vm.stateAt : now,
    expireAt: now + VM_RETENTION_MS,
  };
}

/** A time of another clock, or of a stop before the session, ends it at its beginning or now. */
function endSession(vm: VmDocument, now: number, downAt = now): VmDocument {
  if (typeof vm.upSince !== 'number') return vm;
  const {machineType = null, spot = null} = vm;
  // mutation: time at which the VM went down
  const to = Math.min(Math.max(downAt, vm.upSince), now);
  const session = {from: vm.upSince, to, machineType, spot};
  const sessions = [...(vm.sessions ?? []), session].slice(-MAX_SESSIONS);
  return {...vm, upSince: null, sessions};
}

/** A runner's labels at GitHub, and those that are taken off for the VM's stop: the runner gets the latter back before it takes a job. */
export function labelsWithDrained(
  {id, labels}: {readonly id: number; readonly labels: readonly string[]},
  drained: readonly DrainedRunner[],
): string[] {
  return [...labels, ...drained.filter(({runnerId}) => runnerId === id).flatMap((each) => each.labels)];
}

/**
 * Labels in `asked` that the runner with the fewest missing labels lacks; empty if a runner has all of them. `runners`: the labels of each
 * runner. GitHub gives a job only to a runner that has all of the job's labels, compared without case.
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

/** Whether labels read within `SEEN_LABELS_TTL_MS` show that the runner at `place` has all of `labels`. */
export function wasSeenToTake(
  seen: readonly SeenLabels[] | undefined,
  {place, labels}: {readonly place: string; readonly labels: readonly string[]},
  now: number,
): boolean {
  const recent = (seen ?? []).filter((each) => each.place === place && now - each.at < SEEN_LABELS_TTL_MS);
  return recent.some((each) => lackedLabels(labels, [each.labels]).length === 0);
}

/** `seen` with a new entry instead of the older one of the same place. */
export function withSeenLabels(seen: readonly SeenLabels[] | undefined, reading: SeenLabels): SeenLabels[] {
  return [...(seen ?? []).filter(({place}) => place !== reading.place), reading].slice(-MAX_SEEN_LABELS);
}
