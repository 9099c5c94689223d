import {DAY_MS, MINUTE_MS} from '../durations';
import {RateLimited, RefusedByGitHub} from '../errors';
import type {DiscoveredJob, DiscoveredRepository, DiscoveredRun, Listed} from '../github/github';
import {noteIncomplete, noteListed, type Sweep, type SweepMemory} from './context';
import {PERSISTED_MS} from './persistence';

/** Maximum age of a run, in milliseconds. A run waits at most 30 days for an approval, and can be rerun for as long. */
// mutation: age of runs
const MAX_RUN_AGE_MS = 35 * DAY_MS;
/** Open runs that one scan reads; the next scans read the others. */
const MAX_RUNS_PER_VISIT = 100;
/** Open runs whose calls are included in the flat number of calls of a scan. */
const INCLUDED_RUNS = 10;
/** How long a repository that answered 404 is not asked again, in milliseconds. */
const MISSING_RETRY_MS = 5 * MINUTE_MS;
/** When this many runs fail and none succeeds, the failure is not of a single run. */
const MAX_FAILED_RUNS = 3;

interface FoundJob {
  readonly job: DiscoveredJob;
  readonly run: DiscoveredRun;
}

/** The open jobs of a repository that could be read. */
export type RepositoryScan = {readonly jobs: readonly FoundJob[]} & (
  | {
      readonly kind: 'scanned';
      /** Calls to GitHub beyond those that every scan makes. */
      readonly extraCalls: number;
      /** Whether jobs are, or may be, queued or running: the next sweep scans the repository again. */
      readonly isBusy: boolean;
    }
  /** The list of runs could not be read, or GitHub limits the rate. */
  | {readonly kind: 'failed'; readonly error: unknown}
);

/** How thoroughly a repository is scanned. */
interface ScanOptions {
  readonly isActive: boolean;
  readonly allowsCall: () => boolean;
}

/** Reads the open jobs of a repository. An unreadable status, run or page hides no other one. Never throws. */
export async function scanRepository(
  sweep: Sweep,
  repository: DiscoveredRepository,
  {isActive, allowsCall: mayGoOn}: ScanOptions,
): Promise<RepositoryScan> {
  const {fullName} = repository;
  const jobs: FoundJob[] = [];
  try {
    const runs = await openRuns(sweep, repository, isActive);
    const {turn, unreadable} = readableFirst(sweep.memory, fullName, runs);
    let isBusy = turn.length < runs.length;
    let asked = 0;
    let failed = 0;
    for (const run of turn) {
      if (!mayGoOn()) {
        isBusy = true;
        break;
      }
      asked += 1;
      const what = `the jobs of run ${run.id} of ${fullName}`;
      try {
        const listed = await sweep.discovery.jobs(repository, run);
        for (const job of noteListed(sweep, what, listed)) {
          jobs.push({job, run});
          isBusy ||= job.status === 'queued' || job.status === 'in_progress';
        }
        throwIfLimited(listed);
        unreadable.delete(run.id);
      } catch (error) {
        failed += 1;
        isBusy = true;
        unreadable.add(run.id);
        if (error instanceof RateLimited || (failed === MAX_FAILED_RUNS && failed === asked)) throw error;
        // mutation: one run that fails
        noteIncomplete(sweep, what, error);
      }
    }
    return {kind: 'scanned', jobs, extraCalls: isActive ? Math.max(0, asked - INCLUDED_RUNS) : asked, isBusy};
  } catch (error) {
    return {kind: 'failed', jobs, error};
  }
}

/** The runs to read. Runs that were unreadable at the last scan come last, so that they do not keep readable runs from being read. */
function readableFirst(
  memory: SweepMemory,
  fullName: string,
  runs: readonly DiscoveredRun[],
): {readonly turn: readonly DiscoveredRun[]; readonly unreadable: Set<number>} {
  const before = memory.unreadableRuns.get(fullName.toLowerCase());
  const unreadable = new Set(runs.flatMap(({id}) => (before?.has(id) ? id : [])));
  memory.unreadableRuns.set(fullName.toLowerCase(), unreadable);
  const inOrder = rotateRuns(memory, fullName, runs);
  const turn = [...inOrder.filter(({id}) => !unreadable.has(id)), ...inOrder.filter(({id}) => unreadable.has(id))];
  return {turn, unreadable};
}

/** Whether the repository has answered 404 for `PERSISTED_MS`: then no runner is registered in it. */
export function isMissing({memory, context}: Sweep, fullName: string): boolean {
  const known = memory.missing.get(fullName.toLowerCase());
  return known !== undefined && context.clock.now() - known.sinceMs >= PERSISTED_MS;
}

/** Whether the repository is missing and was asked for less than `MISSING_RETRY_MS` ago. */
export function wasMissingLately(sweep: Sweep, fullName: string): boolean {
  const askedMs = sweep.memory.missing.get(fullName.toLowerCase())?.askedMs ?? 0;
  return isMissing(sweep, fullName) && sweep.context.clock.now() - askedMs < MISSING_RETRY_MS;
}

async function openRuns(
  sweep: Sweep,
  repository: DiscoveredRepository,
  isActive: boolean,
): Promise<readonly DiscoveredRun[]> {
  const {discovery, memory, context} = sweep;
  const now = context.clock.now();
  const name = repository.fullName.toLowerCase();
  // Rounded to the day, so that the request stays the same all day and GitHub can answer 304.
  const sinceMs = Math.floor((now - MAX_RUN_AGE_MS) / DAY_MS) * DAY_MS;
  try {
    const recent = isActive ? undefined : await discovery.recentRuns(repository, sinceMs);
    if (recent) memory.missing.delete(name);
    if (recent?.isAll) return recent.open;
    // One call for each status. GitHub answers most with 304, which does not count against the hourly limit.
    const list = await discovery.openRuns(repository, sinceMs);
    memory.missing.delete(name);
    const runs = noteListed(sweep, `the runs of ${repository.fullName}`, list);
    throwIfLimited(list);
    return runs;
  } catch (error) {
    const isNotFound = error instanceof RefusedByGitHub && error.status === 404;
    if (isNotFound) memory.missing.set(name, {sinceMs: memory.missing.get(name)?.sinceMs ?? now, askedMs: now});
    else memory.missing.delete(name);
    throw error;
  }
}

/** The newest runs first. With more than `MAX_RUNS_PER_VISIT`, continues after the last run of the previous scan. */
function rotateRuns(
  {runCursors}: SweepMemory,
  fullName: string,
  runs: readonly DiscoveredRun[],
): readonly DiscoveredRun[] {
  const name = fullName.toLowerCase();
  const newest = [...runs].sort((a, b) => b.id - a.id);
  if (newest.length <= MAX_RUNS_PER_VISIT) {
    runCursors.delete(name);
    return newest;
  }
  const last = runCursors.get(name) ?? Number.POSITIVE_INFINITY;
  const rest = newest.filter(({id}) => id < last);
  const turn = [...rest, ...newest].slice(0, MAX_RUNS_PER_VISIT);
  runCursors.set(name, turn.at(-1)?.id ?? last);
  return turn;
}

function throwIfLimited({failure}: Listed<unknown>): void {
  if (failure instanceof RateLimited) throw failure;
}
