import {RateLimited, RefusedByGitHub} from '../errors';
import type {DiscoveredJob, DiscoveredRepository, DiscoveredRun, Listed} from '../github/github';
import {noteIncomplete, noteListed, type Sweep, type SweepMemory} from './context';
import {TWICE_MS} from './persistence';

const DAY_MS = 24 * 3600_000;

/** A run waits for an approval for 30 days at the longest, and is run again for as long. */
// mutation: age of runs
const RUNS_MS = 35 * DAY_MS;

/** Open runs whose jobs are listed in one visit; the next visits list the others. */
const MOST_RUNS = 100;

/** Open runs whose calls are part of the flat price of a visit. */
const USUAL_RUNS = 10;

/** A repository that answered 404 is asked for again after this long. */
const MISSED_MS = 5 * 60_000;

/** When this many runs fail and none succeeds, the cause is not the single run. */
const MOST_FAILED_RUNS = 3;

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
  readonly mayGoOn: () => boolean;
}

/** Looks for the open jobs of a repository. What cannot be read hides nothing else: neither a status of runs, nor a run, nor a page. */
export async function scanRepository(
  sweep: Sweep,
  repository: DiscoveredRepository,
  {isActive, mayGoOn}: ScanOptions,
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
        if (error instanceof RateLimited || (failed === MOST_FAILED_RUNS && failed === asked)) throw error;
        // mutation: one run that fails
        noteIncomplete(sweep, what, error);
      }
    }
    return {kind: 'scanned', jobs, extraCalls: isActive ? Math.max(0, asked - USUAL_RUNS) : asked, isBusy};
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
  const inOrder = inTurn(memory, fullName, runs);
  const turn = [...inOrder.filter(({id}) => !unreadable.has(id)), ...inOrder.filter(({id}) => unreadable.has(id))];
  return {turn, unreadable};
}

/** Whether a repository has answered 404 for a while: no runner is registered in it. */
export function isNotThere({memory, context}: Sweep, fullName: string): boolean {
  const known = memory.notThere.get(fullName.toLowerCase());
  return known !== undefined && context.clock.now() - known.sinceMs >= TWICE_MS;
}

/** Whether the repository is not there and was asked for a moment ago. */
export function wasMissedLately(sweep: Sweep, fullName: string): boolean {
  const askedMs = sweep.memory.notThere.get(fullName.toLowerCase())?.askedMs ?? 0;
  return isNotThere(sweep, fullName) && sweep.context.clock.now() - askedMs < MISSED_MS;
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
  const sinceMs = Math.floor((now - RUNS_MS) / DAY_MS) * DAY_MS;
  try {
    const recent = isActive ? undefined : await discovery.recentRuns(repository, sinceMs);
    if (recent) memory.notThere.delete(name);
    if (recent?.isAll) return recent.open;
    // One call for each status. Most are answered 304, which GitHub does not count against the hour's limit.
    const list = await discovery.openRuns(repository, sinceMs);
    memory.notThere.delete(name);
    const runs = noteListed(sweep, `the runs of ${repository.fullName}`, list);
    throwIfLimited(list);
    return runs;
  } catch (error) {
    const isNotFound = error instanceof RefusedByGitHub && error.status === 404;
    if (isNotFound) memory.notThere.set(name, {sinceMs: memory.notThere.get(name)?.sinceMs ?? now, askedMs: now});
    else memory.notThere.delete(name);
    throw error;
  }
}

/** The newest runs; where there are too many, those behind the last run of the visit before. */
function inTurn({runCursors}: SweepMemory, fullName: string, runs: readonly DiscoveredRun[]): readonly DiscoveredRun[] {
  const name = fullName.toLowerCase();
  const newest = [...runs].sort((a, b) => b.id - a.id);
  if (newest.length <= MOST_RUNS) {
    runCursors.delete(name);
    return newest;
  }
  const last = runCursors.get(name) ?? Number.POSITIVE_INFINITY;
  const rest = newest.filter(({id}) => id < last);
  const turn = [...rest, ...newest].slice(0, MOST_RUNS);
  runCursors.set(name, turn.at(-1)?.id ?? last);
  return turn;
}

function throwIfLimited({failure}: Listed<unknown>): void {
  if (failure instanceof RateLimited) throw failure;
}
