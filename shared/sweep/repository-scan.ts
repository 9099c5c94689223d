import {RateLimited} from '../errors';
import {RefusedByGitHub} from '../github/classify';
import type {DiscoveredJob, DiscoveredRepository, DiscoveredRun, Listed} from '../github/discovery';
import {noteIncomplete, noteListed, type Sweep, type SweepMemory} from './context';
import {TWICE_MS} from './persistence';

const DAY_MS = 24 * 3600_000;
/** A run waits for an approval for 30 days at the longest, and is run again for as long. */
// mutation: age of runs
const RUNS_MS = 35 * DAY_MS;
/** So many open runs are looked into in one visit, the others in the next ones. */
const MOST_RUNS = 100;
/** So many are part of what a visit to a repository costs. */
const USUAL_RUNS = 10;
/** A repository that is not there is asked for again after so long. */
const MISSED_MS = 5 * 60_000;
/** Runs whose jobs cannot be read, when none of the repository's can: it is not the run then. */
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

/** Whether it was asked for a moment ago, and is not there. */
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
  // To the day, so that tomorrow's question is another one than today's and the next minute's is not.
  const sinceMs = Math.floor((now - RUNS_MS) / DAY_MS) * DAY_MS;
  try {
    const recent = isActive ? undefined : await discovery.recentRuns(repository, sinceMs);
    if (recent) memory.notThere.delete(name);
    if (recent?.isAll) return recent.open;
    // A call for each status, of which most are answered 304: they are no calls of the hour's.
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

/** The newest, or where there are too many, those from behind the last one of the visit before. */
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
