import {TtlCache} from '../cache';
import type {Clock} from '../clock';
import type {DiscoverySource} from '../config/pools';
import type {DiscoveredRepository, Discovery, Listed} from '../github/github';
import type {Context} from '../ports';
import type {Restraint} from './restraint';

export interface SweepOptions {
  readonly discovery: Discovery;
  readonly source: DiscoverySource;
  /** `off`: GitHub sends no webhooks, so the sweep spends more calls on finding jobs. */
  readonly webhooks: 'on' | 'off';
  readonly budgetSeconds: number;
  /** Time from one sweep to the next. */
  readonly intervalSeconds: number;
  /** GitHub Apps over which registrations are spread; 1 unless given. */
  readonly apps?: number;
  readonly memory: SweepMemory;
}

/** Memory of one process between sweeps, which saves calls to GitHub. A new process starts with an empty one. */
export interface SweepMemory {
  /** The list of repositories. `isComplete`: GitHub returned the whole list. */
  readonly repositories: TtlCache<{readonly list: readonly DiscoveredRepository[]; readonly isComplete: boolean}>;
  /** When the runners of a scope were last listed, in milliseconds; by `scopeKey`. */
  readonly listedAt: Map<string, number>;
  /** When a repository was last scanned, in milliseconds; by its name in lower case. */
  readonly visitedAt: Map<string, number>;
  /** Repositories that had open runs at their last scan, by name in lower case. */
  readonly busy: Set<string>;
  /** Repositories that answer 404, by name in lower case: since when, and when they were last asked, in milliseconds. */
  readonly missing: Map<string, {readonly sinceMs: number; readonly askedMs: number}>;
  /** Repositories of an owner that GitHub has not answered for since its last answer, by the name of the owner’s breaker. */
  readonly unanswered: Map<string, ReadonlySet<string>>;
  /** When a job on record that no list contained was last read by its id, in milliseconds. */
  readonly lookedUpAt: Map<string, number>;
  /** Runs whose jobs could not be read at the last scan, by repository in lower case. They are read after the others. */
  readonly unreadableRuns: Map<string, Set<number>>;
  /** Last run that was scanned, for repositories with more open runs than one scan reads; by repository in lower case. */
  readonly runCursors: Map<string, number>;
  /**
   * Of repositories that no pool serves, names in lower case: those that had open runs at their last scan, the one that was scanned last, and
   * when a job that no pool takes was last looked up, in milliseconds.
   */
  readonly unserved: {readonly busy: Set<string>; last: string | null; readonly lookedUpAt: Map<string, number>};
  /** Names of runners that the last sweep read and whose boot time is on record, by pool. */
  readonly booted: Map<string, ReadonlySet<string>>;
  /** The runner versions on record, and when they are looked at again, in milliseconds. */
  readonly versions: {known: ReadonlySet<string>; dueAt: number; retryAt: number};
}

export function createSweepMemory(clock: Pick<Clock, 'now'>): SweepMemory {
  return {
    repositories: new TtlCache(clock),
    listedAt: new Map(),
    visitedAt: new Map(),
    busy: new Set(),
    missing: new Map(),
    unanswered: new Map(),
    lookedUpAt: new Map(),
    unreadableRuns: new Map(),
    runCursors: new Map(),
    unserved: {busy: new Set(), last: null, lookedUpAt: new Map()},
    booted: new Map(),
    versions: {known: new Set(), dueAt: 0, retryAt: 0},
  };
}

/** Copies the memory for a sweep that stores nothing. */
export function copyMemory({repositories, ...memory}: SweepMemory): SweepMemory {
  return {...structuredClone(memory), repositories: repositories.copy()};
}

/** One running sweep. */
export interface Sweep extends SweepOptions {
  readonly context: Context;
  readonly startedAt: number;
  /** What registrations leave of GitHub's limit to this sweep. */
  readonly restraint: Restraint;
  /** The sweep writes nothing, not even that GitHub failed. */
  readonly readOnly: boolean;
  /** Names of the lists that could not be read completely. */
  readonly incomplete: string[];
}

/** What reads lists: a sweep, or a clean-up that a person asked for. */
export type Looking = Pick<Sweep, 'context' | 'incomplete'>;

export function isTimeUp({context, startedAt, budgetSeconds}: Sweep): boolean {
  return context.clock.now() - startedAt >= budgetSeconds * 1000;
}

/** Returns undefined when the list cannot be read. The sweep then continues without it and concludes nothing from it. */
export async function tryList<T>(sweep: Looking, what: string, look: () => Promise<T>): Promise<T | undefined> {
  try {
    return await look();
  } catch (error) {
    noteIncomplete(sweep, what, error);
    return undefined;
  }
}

/**
 * Returns the items that could be read. Records the list as incomplete if GitHub did not return all: nothing may be concluded from a
 * missing item.
 */
export function noteListed<T>(sweep: Sweep, what: string, {items, failure}: Listed<T>): readonly T[] {
  if (failure !== undefined) noteIncomplete(sweep, what, failure);
  return items;
}

export function noteIncomplete({incomplete, context}: Looking, what: string, error: unknown): void {
  incomplete.push(what);
  context.logger.warning(`${what} could not be seen`, {decision: 'incomplete', reason: what, error});
}

/**
 * `off`: a normal sweep. `request`: asked for by `?dry-run=true`, writes nothing. `config`: `DRY_RUN` of the deployment, corrects nothing
 * but stores sightings, so that a later sweep sees that they persist.
 */
export type DryRun = 'off' | 'request' | 'config';
