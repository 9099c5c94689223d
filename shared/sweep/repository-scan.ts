import {RateLimited, RefusedByGitHub} from '../errors';
import type {DiscoveredJob, DiscoveredRepository, DiscoveredRun, Listed} from '../github/github';
import {noteIncomplete, noteListed, type Sweep, type SweepMemory} from './context';
import {PERSISTED_MS} from './persistence';

const DAY_MS = 24 * 3600_000;
/** A run waits for an approval for 30 days at the longest, and is run again for as long. */
// mutation: age of runs
const MAX_RUN_AGE_MS = 35 * DAY_MS;
/** Open runs whose jobs are listed in one visit; the next visits list the others. */
const MAX_RUNS_PER_VISIT = 100;
/** Open runs whose calls are part of the flat price of a visit. */
const INCLUDED_RUNS = 10;
/** A repository that answered 404 is asked for again after this long. */
const MISSING_RETRY_MS = 5 * 60_000;
/** When this many runs fail and none succeeds, the cause is not the single run. */
const MAX_FAILED_RUNS = 3;

interface FoundJob {
  readonly job: DiscoveredJob;
  readonly run: DiscoveredRun;
}

/** The open jobs of a repository, as far as they could be read. */
export type RepositoryScan = {readonly jobs: readonly FoundJob[]} & (
  | {
      readonly kind: 'scanned';
      /** Calls to GitHub beyond those that each visit makes. */
      readonly extraCalls: number;
      /** Whether jobs are queued or run there, or may: it is looked into again soon. */
      readonly isBusy: boolean;
    }
  /** Nothing could be read, or GitHub limits the rate. */
  | {readonly kind: 'failed'; readonly error: unknown}
);

/** How far a repository is looked into. */
interface ScanOptions {
  readonly isActive: boolean;
  readonly allowsCall: () => boolean;
}

/** Looks for the open jobs of a repository. What cannot be read hides nothing else: neither a status of runs, nor a run, nor a page. */
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

/** The runs to look into. Those that could not be read the last time come last: many of them hide none that can be. */
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

/** Whether a repository has answered 404 for a while: no runner is registered in it. */
export function isMissing({memory, context}: Sweep, fullName: string): boolean {
  const known = memory.missing.get(fullName.toLowerCase());
  return known !== undefined && context.clock.now() - known.sinceMs >= PERSISTED_MS;
}

/** Whether the repository is not there and was asked for a moment ago. */
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
  // Rounded to the day: the same request all day long, so that GitHub can answer 304.
  const sinceMs = Math.floor((now - MAX_RUN_AGE_MS) / DAY_MS) * DAY_MS;
  try {
    const recent = isActive ? undefined : await discovery.recentRuns(repository, sinceMs);
    if (recent) memory.missing.delete(name);
    if (recent?.isAll) return recent.open;
    // One call for each status. Most are answered 304, which GitHub does not count against the hour's limit.
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

/** The newest runs; where there are too many, those behind the last run of the visit before. */
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
