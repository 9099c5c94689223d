import {DAY_MS} from '../durations';
import type {RegistrationsDocument} from './registrations';

/** What the sweep keeps of the runner application and of boots, in the collection `facts`. Times are milliseconds since the epoch. */

/** Id in `facts` of the one document about runner versions. */
export const RUNNER_VERSIONS = 'runner-versions';
/** A version counts as in use for so long after a runner was last seen with it, so that a quiet weekend does not hide it. */
const IN_USE_MS = 3 * DAY_MS;
const MAX_VERSIONS = 10;
/** The end of a version is told so long ahead, and again each day. */
export const AHEAD_MS = 10 * DAY_MS;

/** Boots of a pool on record. */
const MAX_BOOTS = 50;

/** The runner application for one platform, e.g. `linux-arm64`. */
export interface RunnerDownload {
  readonly platform: string;
  /** `2.338.0` */
  readonly version: string;
  /** In hex; null: GitHub does not say. */
  readonly sha256: string | null;
}

/** When GitHub no longer registers runners of a version, and no longer gives them jobs; null: no end is set. */
export interface RunnerVersionEnds {
  readonly registrationEndsAt: number | null;
  readonly runtimeEndsAt: number | null;
}

export interface VersionInUse extends RunnerVersionEnds {
  readonly version: string;
  /** Runners of this deployment that the sweep saw with it last. */
  readonly runners: number;
  readonly seenAt: number;
  /** When GitHub was asked for its ends; null: not yet. */
  readonly askedAt: number | null;
  /** When its end was last told in the log. */
  readonly toldAt: number | null;
}

/** `facts/runner-versions` */
export interface RunnerVersionsDocument {
  readonly kind: 'runner_versions';
  /** When GitHub was last asked for its downloads; 0: not yet. */
  readonly readAt: number;
  readonly latest: string | null;
  readonly downloads: readonly RunnerDownload[];
  readonly inUse: readonly VersionInUse[];
  readonly expireAt: number;
}

/** How long the machine of one runner took from its creation to the runner's first job. */
export interface Boot {
  readonly runner: string;
  readonly ms: number;
  /** When the runner was created. */
  readonly at: number;
}

/** `facts/boot.<pool>`: the last boots of a pool, the oldest first. */
export interface BootTimesDocument {
  readonly kind: 'boot_times';
  readonly boots: readonly Boot[];
  readonly expireAt: number;
}

export type FactsDocument = RunnerVersionsDocument | BootTimesDocument | RegistrationsDocument;

/** Id in `facts` of the boots of a pool. */
export function bootTimesId(pool: string): string {
  return `boot.${pool}`;
}

/** The boots on record with those that are new; the same list if none is. */
export function withBoots(before: readonly Boot[], seen: readonly Boot[]): readonly Boot[] {
  const known = new Set(before.map(({runner}) => runner));
  // A runner that has run for long is not new again after 50 others.
  const since = before.length < MAX_BOOTS ? Number.NEGATIVE_INFINITY : (before[0]?.at ?? 0);
  const added = seen.filter(({runner, at}) => !known.has(runner) && at > since);
  if (added.length === 0) return before;
  return [...before, ...added].sort((a, b) => a.at - b.at).slice(-MAX_BOOTS);
}

/** How long a boot usually takes; undefined without any. */
export function medianMs(boots: readonly Pick<Boot, 'ms'>[]): number | undefined {
  const sorted = boots.map(({ms}) => ms).sort((a, b) => a - b);
  const upper = sorted[Math.floor(sorted.length / 2)];
  const lower = sorted[Math.ceil(sorted.length / 2) - 1];
  return upper === undefined || lower === undefined ? undefined : (upper + lower) / 2;
}

/** The newest version among the downloads; null without any. */
export function latestVersion(downloads: readonly RunnerDownload[]): string | null {
  const versions = downloads.map(({version}) => version).sort(compareVersions);
  return versions.at(-1) ?? null;
}

function compareVersions(a: string, b: string): number {
  const [left, right] = [a, b].map((version) => version.split('.').map(Number));
  return (
    [0, 1, 2].map((part) => (left?.[part] ?? 0) - (right?.[part] ?? 0)).find((difference) => difference !== 0) ?? 0
  );
}

/**
 * The versions in use after a sweep. `seen`: runners of this deployment by version. `isComplete`: the sweep saw all of them; otherwise no
 * count becomes smaller.
 */
export function versionsInUse(
  before: readonly VersionInUse[],
  seen: ReadonlyMap<string, number>,
  {now, isComplete}: {readonly now: number; readonly isComplete: boolean},
): VersionInUse[] {
  const added = [...seen.keys()].filter((version) => !before.some((one) => one.version === version));
  const fresh = {runners: 0, seenAt: now, registrationEndsAt: null, runtimeEndsAt: null, askedAt: null, toldAt: null};
  return [...before, ...added.map((version) => ({...fresh, version}))]
    .map((one) => {
      const runners = seen.get(one.version) ?? 0;
      return {
        ...one,
        runners: isComplete ? runners : Math.max(runners, one.runners),
        seenAt: runners > 0 ? now : one.seenAt,
      };
    })
    .filter(({seenAt}) => now - seenAt < IN_USE_MS)
    .sort((a, b) => b.seenAt - a.seenAt || b.runners - a.runners)
    .slice(0, MAX_VERSIONS);
}

/** When the version is of no use any more: the earlier of its ends; null: no end is set. */
export function endOf({registrationEndsAt, runtimeEndsAt}: RunnerVersionEnds): number | null {
  const ends = [registrationEndsAt, runtimeEndsAt].filter((end) => end !== null);
  return ends.length === 0 ? null : Math.min(...ends);
}

/** Whether the end of the version is near, or past, and was not told today. */
export function isEndToTell(version: VersionInUse, now: number): boolean {
  const end = endOf(version);
  if (end === null || end - now > AHEAD_MS) return false;
  return version.toldAt === null || now - version.toldAt >= DAY_MS;
}

/** What a new machine is told of the runner application. */
export interface RunnerToInstall {
  /** The newest one. */
  readonly version: string;
  /** In hex, by architecture. */
  readonly sha256: Readonly<Record<'x64' | 'arm64', string>>;
  /** The same for Windows on x64; left out where it is not known for this version. */
  readonly windowsSha256?: string;
  /** Versions that were seen in use and that GitHub refuses, or will within a day. */
  readonly refused: readonly string[];
}

/** Undefined: nothing is known. Rejects while it cannot be read. `isFresh`: as it is on record now, and not up to ten minutes ago. */
export type RunnerToInstallReader = (options?: {readonly isFresh?: boolean}) => Promise<RunnerToInstall | undefined>;

/** Undefined where the version or one of its checksums is not known: they are one. */
export function runnerToInstall(
  {downloads, inUse}: Pick<RunnerVersionsDocument, 'downloads' | 'inUse'>,
  now: number,
): RunnerToInstall | undefined {
  const of = (architecture: string) => downloads.find(({platform}) => platform === `linux-${architecture}`);
  const [x64, arm64] = [of('x64'), of('arm64')];
  if (!x64?.sha256 || !arm64?.sha256 || x64.version !== arm64.version) return undefined;
  const refused = inUse
    .filter((one) => (endOf(one) ?? Number.POSITIVE_INFINITY) <= now + DAY_MS)
    .map(({version}) => version)
    .filter((version) => version !== x64.version);
  const windows = downloads.find(({platform, version}) => platform === 'win-x64' && version === x64.version);
  return {
    version: x64.version,
    sha256: {x64: x64.sha256, arm64: arm64.sha256},
    ...(windows?.sha256 ? {windowsSha256: windows.sha256} : {}),
    refused,
  };
}
