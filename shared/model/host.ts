import {DAY_MS, MINUTE_MS} from '../durations';
import type {ReportedContainer} from './container';
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

/** A host that was not seen for so long gets nothing new. */
export const SILENT_MS = 3 * MINUTE_MS;

/** `seenAt` is written at most this often. */
export const SEEN_INTERVAL_MS = 30_000;

/** For so long after its last work a host calls every two seconds. */
const BUSY_MS = 5 * MINUTE_MS;
const BUSY_WAIT_SECONDS = 2;
const IDLE_WAIT_SECONDS = 5;

/** How long after its last call the record of a host stays. */
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
