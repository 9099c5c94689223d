import {DAY_MS, MINUTE_MS} from '../durations';
import type {Pool, ProviderSettings} from './pool';

/** A machine that runs containers for jobs, at most `capacity` at a time. Its agent is terraform/runner/docker-host.sh. */
export interface Host {
  /** RFC 1035, unique. */
  readonly name: string;
  /** Containers at a time, at least 1. */
  readonly capacity: number;
  /** The persistent VM that is the host, which no pool may have. It is started for jobs, and stopped when it is idle. */
  readonly vm?: {readonly instance: string; readonly zone: string};
  /** Time after the end of the last container until the VM may be stopped. */
  readonly idleMinutes: number;
}

/** Provider `docker`: each runner is a container on one of the hosts. */
export interface DockerProviderConfig extends ProviderSettings {
  readonly type: 'docker';
  /** Names of hosts, at least one. */
  readonly hosts: readonly string[];
  readonly image: string;
  /** `jit`: the container gets a JIT config. `token`: its image registers the runner itself, with a registration token. */
  readonly registration: 'jit' | 'token';
  /** Replaces the image's CMD; undefined: that stays. May have placeholders. */
  readonly command?: readonly string[];
  /** Variables of the container, with those of the environment. Values may have placeholders. */
  readonly env: Readonly<Record<string, string>>;
  readonly cpus?: number;
  /** As Docker takes it: `8g`, or bytes. */
  readonly memory?: string;
  readonly pidsLimit?: number;
  /** Named volumes: `cache:/cache`. */
  readonly volumes: readonly string[];
  readonly privileged: boolean;
}

export type DockerPool = Pool & {readonly provider: DockerProviderConfig};

export function isDocker(pool: Pool): pool is DockerPool {
  return pool.provider.type === 'docker';
}

/** States of a container, in the words of the sync: whatever else Docker calls them is one of these. */
export type ReportedState = 'created' | 'running' | 'exited';

/** A container as its host reports it. Times are in milliseconds since the epoch; null: not yet, or not known. */
export interface ReportedContainer {
  readonly name: string;
  readonly state: ReportedState;
  /** Null unless exited. 125: it could not be started. */
  readonly exitCode: number | null;
  readonly startedAt: number | null;
  readonly finishedAt: number | null;
}

/** `hosts/<name>`: what its agent last said. A host without a document has never called. */
export interface HostDocument {
  readonly name: string;
  /** Version of the agent. Null: it has never called. */
  readonly agent: string | null;
  /** Time of the latest sync on record, which is at most `SEEN_INTERVAL_MS` before the latest one. Null: it has never called. */
  readonly seenAt: number | null;
  /** The containers of the latest report that differed from the one before. */
  readonly report: readonly ReportedContainer[];
  /** Counts what is to be done at the host: an assignment, a request to go. */
  readonly version: number;
  /** The `version` at which nothing was left to do and nothing was under way, so that the same report asks for nothing. Null: something is. */
  readonly settledVersion: number | null;
  /** Since when the host has no work; 0: it never had any; null: it has some. */
  readonly idleSince: number | null;
  /** Its VM is being stopped, or is stopped: what the host said before holds no longer. Missing: no. */
  readonly vmIsDown?: boolean;
  readonly expireAt: number;
}

/**
 * - `assigned`: the host has a slot for it, and was told nothing yet.
 * - `handed_over`: a sync has claimed it; whether the host has learnt of it is not known.
 * - `confirmed`: the host has reported it.
 * - `exited`: it has ended, and is to be removed.
 * - `taken_back`: the host has not reported it within `CONFIRM_MS`.
 * - `gone`: the host no longer reports it, or was never told of it.
 */
export type ContainerState = 'assigned' | 'handed_over' | 'confirmed' | 'exited' | 'taken_back' | 'gone';

/** `containers/<runner name>` of provider `docker`. Holds no secret. */
export interface ContainerDocument {
  readonly name: string;
  readonly host: string;
  readonly pool: string;
  readonly state: ContainerState;
  /** Id of its slot of the host's capacity, `host:<host>.<n>`; null: it holds none any more. */
  readonly slot: string | null;
  /** Whether a sync of the host has to look at it: it is not over, or what follows from its end is not done. */
  readonly open: boolean;
  /** It is asked to go: `remove` names it until it is no longer reported. */
  readonly leaving: boolean;
  /** A change of `state` whose consequences for the runner are not on record yet. */
  readonly pending: boolean;
  /** As it was last reported; null: never. */
  readonly reported: ReportedState | null;
  readonly exitCode: number | null;
  readonly startedAt: number | null;
  readonly handedOverAt: number | null;
  /** Time of the report on record: a sync that arrived before it says nothing new. */
  readonly reportedAt: number | null;
  /**
   * When its runner was last looked for at GitHub, where the image registers it itself; 0: not yet. Null or missing: there is nothing to look
   * for, or it is found.
   */
  readonly lookedForAt?: number | null;
  readonly createdAt: number;
  readonly stateAt: number;
  readonly expireAt: number;
}

/** A host that was not seen for so long gets nothing new. */
export const SILENT_MS = 3 * MINUTE_MS;

/** `seenAt` is written at most this often. */
export const SEEN_INTERVAL_MS = 30_000;

/** A hand-over that is not reported after this time is taken back by the next sync. */
export const CONFIRM_MS = 60_000;

/** Between two looks for a runner that its image registers itself. */
const LOOK_INTERVAL_MS = 10_000;

/** Hand-overs of one sync, each of which costs a call of GitHub. */
export const MAX_HAND_OVERS = 5;

/** For so long after its last work a host calls every two seconds. */
const BUSY_MS = 5 * MINUTE_MS;
const BUSY_WAIT_SECONDS = 2;
const IDLE_WAIT_SECONDS = 5;

/** How long the record of a container that is over stays, so that a host which was away is told to remove it. */
const OVER_RETENTION_MS = 7 * DAY_MS;
const LIVE_RETENTION_MS = 60 * DAY_MS;
const HOST_RETENTION_MS = 365 * DAY_MS;

/** The pool in the ids of slots of a host's capacity. No pool can have this name. */
export function slotsOfHost(host: string): string {
  return `host:${host}`;
}

/** Whether a slot is one of a host's capacity. */
export function isSlotOfHost({pool}: {readonly pool: string}): boolean {
  return pool.startsWith('host:');
}

/** The document of a host that has never called. */
export function newHost(name: string, now: number): HostDocument {
  return {
    name,
    agent: null,
    seenAt: null,
    report: [],
    version: 0,
    settledVersion: null,
    idleSince: 0,
    expireAt: now + HOST_RETENTION_MS,
  };
}

/** The host has something to do: the next sync looks for it. */
export function withWork(host: HostDocument, now: number): HostDocument {
  return {...host, version: host.version + 1, idleSince: null, expireAt: now + HOST_RETENTION_MS};
}

/** Whether the host was not seen for `SILENT_MS`, or never, or its VM is down. */
export function isSilent(host: Pick<HostDocument, 'seenAt' | 'vmIsDown'> | undefined, now: number): boolean {
  return typeof host?.seenAt !== 'number' || host.vmIsDown === true || now - host.seenAt >= SILENT_MS;
}

/** Whether a sync with this report, from this agent, asks for nothing and changes nothing beside the time. */
export function isUnchanged(host: HostDocument, agent: string, report: readonly ReportedContainer[]): boolean {
  return host.settledVersion === host.version && host.agent === agent && isSameReport(host.report, report);
}

function isSameReport(one: readonly ReportedContainer[], other: readonly ReportedContainer[]): boolean {
  if (one.length !== other.length) return false;
  const states = new Map(one.map(({name, state, exitCode}) => [name, `${state} ${exitCode}`]));
  return other.every(({name, state, exitCode}) => states.get(name) === `${state} ${exitCode}`);
}

/** Seconds until the host's next sync. */
export function waitSeconds({idleSince}: Pick<HostDocument, 'idleSince'>, now: number): number {
  return idleSince === null || now - idleSince < BUSY_MS ? BUSY_WAIT_SECONDS : IDLE_WAIT_SECONDS;
}

/** The host after a sync. `settledVersion`: null if something is left to do. */
export function hostSeen(
  host: HostDocument,
  sync: Pick<HostDocument, 'report' | 'settledVersion'> & {readonly agent: string; readonly hasWork: boolean},
  now: number,
): HostDocument {
  const {agent, report, settledVersion, hasWork} = sync;
  const idleSince = hasWork ? null : (host.idleSince ?? now);
  return {...host, agent, report, settledVersion, idleSince, seenAt: now, expireAt: now + HOST_RETENTION_MS};
}

/** The record of a container that is assigned to a host. */
export function newContainer(
  given: Pick<ContainerDocument, 'name' | 'host' | 'pool'> & {readonly slot: string; readonly now: number},
): ContainerDocument {
  const {now, ...rest} = given;
  return {
    ...rest,
    state: 'assigned',
    open: true,
    leaving: false,
    pending: false,
    reported: null,
    exitCode: null,
    startedAt: null,
    handedOverAt: null,
    reportedAt: null,
    createdAt: now,
    stateAt: now,
    expireAt: now + LIVE_RETENTION_MS,
  };
}

/** Whether the host does not have the container, and will not get it. */
export function isContainerOver({state}: Pick<ContainerDocument, 'state'>): boolean {
  return state === 'gone' || state === 'taken_back';
}

/** Whether the container counts against the capacity of its host. */
export function holdsCapacity({slot}: Pick<ContainerDocument, 'slot'>): boolean {
  return slot !== null;
}

/** A sync claims the hand-over, before GitHub is asked. Undefined: another one has, or the container is over. */
export function handOver(container: ContainerDocument, now: number): ContainerDocument | undefined {
  if (container.state !== 'assigned' || container.leaving) return undefined;
  return {...container, state: 'handed_over', handedOverAt: now, stateAt: now};
}

/** GitHub made no registration, and the host was told nothing: the next sync tries again. */
export function undoHandOver(container: ContainerDocument, now: number): ContainerDocument {
  if (container.state !== 'handed_over') return container;
  return {...container, state: 'assigned', handedOverAt: null, stateAt: now};
}

/** The container is asked to go. One that the host was never told of is gone at once. */
export function askToGo(container: ContainerDocument, now: number): ContainerDocument {
  if (isContainerOver(container)) return container;
  if (container.state === 'assigned')
    return {...over(container, 'gone', now), leaving: true, pending: false, open: false};
  return {...container, leaving: true};
}

/**
 * The container after a sync that arrived at `receivedAt` and reports it as `reported` (undefined: not at all). A report that arrived before
 * the one on record, or before the hand-over, changes nothing.
 */
export function reportContainer(
  container: ContainerDocument,
  reported: ReportedContainer | undefined,
  receivedAt: number,
): ContainerDocument {
  const {state, reportedAt, handedOverAt} = container;
  if (isContainerOver(container) || receivedAt < (reportedAt ?? 0)) return container;
  if (!reported) return reportMissing(container, receivedAt);
  if (handedOverAt === null && state === 'assigned') return container;
  const {exitCode, startedAt} = reported;
  const seen = {...container, reported: reported.state, exitCode, startedAt, reportedAt: receivedAt};
  if (state === 'exited') return container;
  if (reported.state === 'exited') {
    return {...seen, state: 'exited', slot: null, leaving: true, pending: true, stateAt: receivedAt};
  }
  if (state === 'confirmed' && container.reported === reported.state) return container;
  return {...seen, state: 'confirmed', stateAt: state === 'confirmed' ? container.stateAt : receivedAt};
}

function reportMissing(container: ContainerDocument, receivedAt: number): ContainerDocument {
  switch (container.state) {
    case 'handed_over': {
      // mutation: hand-over taken back
      const isDue = container.handedOverAt !== null && receivedAt - container.handedOverAt >= CONFIRM_MS;
      return isDue ? over(container, 'taken_back', receivedAt) : container;
    }
    case 'confirmed':
    case 'exited':
      return over(container, 'gone', receivedAt);
    default:
      return container;
  }
}

function over(container: ContainerDocument, state: 'gone' | 'taken_back', now: number): ContainerDocument {
  return {...container, state, slot: null, pending: true, stateAt: now, expireAt: now + OVER_RETENTION_MS};
}

/** The container after its time is over on a host that does not call. If the host ever reports it, it is asked to go. */
export function giveUpContainer(container: ContainerDocument, now: number): ContainerDocument {
  return {...over(container, 'gone', now), pending: false, open: false};
}

/** What follows for the runner is on record: a container that is over needs no further look. */
export function settleContainer(container: ContainerDocument): ContainerDocument {
  return {...container, pending: false, open: !isContainerOver(container)};
}

/** Whether the container was created and not started for `bootMinutes` since its hand-over. */
export function isStuck(container: ContainerDocument, bootMinutes: number, now: number): boolean {
  const {state, reported, leaving, handedOverAt} = container;
  if (state !== 'confirmed' || reported !== 'created' || leaving || handedOverAt === null) return false;
  return now - handedOverAt >= bootMinutes * MINUTE_MS;
}

/** Whether the runner of a container, whose image registers it itself, is to be looked for at GitHub now. */
export function isLookedFor({state, leaving, lookedForAt = null}: ContainerDocument, now: number): boolean {
  return state === 'confirmed' && !leaving && lookedForAt !== null && now - lookedForAt >= LOOK_INTERVAL_MS;
}

/** Whether nothing is under way with the container: it runs, and that is on record. */
export function isAtRest({state, reported, leaving, pending, lookedForAt = null}: ContainerDocument): boolean {
  return state === 'confirmed' && reported === 'running' && !leaving && !pending && lookedForAt === null;
}
