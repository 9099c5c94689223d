import {TtlCache} from '../cache';
import type {Clock} from '../clock';
import type {DiscoverySource} from '../config/pools';
import type {DiscoveredRepository, Discovery, Listed} from '../github/github';
import type {Context} from '../ports';

export interface SweepOptions {
  readonly discovery: Discovery;
  readonly source: DiscoverySource;
  /** `off`: no webhook tells of jobs, so that more calls go into looking for them. */
  readonly webhooks: 'on' | 'off';
  readonly budgetSeconds: number;
  readonly memory: SweepMemory;
}

/** What a process remembers from sweep to sweep, to ask GitHub less. A new one starts without. */
export interface SweepMemory {
  /** The list of repositories, and whether all of it could be read. */
  readonly repositories: TtlCache<{readonly list: readonly DiscoveredRepository[]; readonly isComplete: boolean}>;
  /** When a scope's runners were listed last, by `scopeKey`. */
  readonly listedAt: Map<string, number>;
  /** When a repository was looked into last, by its name in lower case. */
  readonly visitedAt: Map<string, number>;
  /** Repositories that had open runs then. */
  readonly busy: Set<string>;
  /** Since when a repository answers 404, and when it did last, by its name in lower case. */
  readonly notThere: Map<string, {readonly sinceMs: number; readonly askedMs: number}>;
  /** Calls in a row that GitHub did not answer for an owner, by the name of its breaker. */
  readonly unanswered: Map<string, number>;
  /** When GitHub was last asked for a job on record that no list showed. */
  readonly lookedUpAt: Map<string, number>;
  /** Runs whose jobs could not be read the last time, by repository in lower case: they are asked for after the others. */
  readonly unreadableRuns: Map<string, Set<number>>;
  /** The last run that was looked into, of repositories with more open runs than one sweep looks into. */
  readonly runCursors: Map<string, number>;
}

export function sweepMemory(clock: Pick<Clock, 'now'>): SweepMemory {
  return {
    repositories: new TtlCache(clock),
    listedAt: new Map(),
    visitedAt: new Map(),
    busy: new Set(),
    notThere: new Map(),
    unanswered: new Map(),
    lookedUpAt: new Map(),
    unreadableRuns: new Map(),
    runCursors: new Map(),
  };
}

/** A memory of its own for a sweep that stores nothing of what it observes. */
export function copyOf({repositories, ...memory}: SweepMemory): SweepMemory {
  return {...structuredClone(memory), repositories: repositories.copy()};
}

/** One sweep under way. */
export interface Sweep extends SweepOptions {
  readonly context: Context;
  readonly startedAt: number;
  /** Nothing is written, not even that GitHub failed. */
  readonly readOnly: boolean;
  /** What could not be listed, in words. */
  readonly incomplete: string[];
}

export function isTimeUp({context, startedAt, budgetSeconds}: Sweep): boolean {
  return context.clock.now() - startedAt >= budgetSeconds * 1000;
}

/** Returns undefined when the list cannot be read: then nothing is concluded from it, and the sweep goes on with the rest. */
export async function tryList<T>(sweep: Sweep, what: string, look: () => Promise<T>): Promise<T | undefined> {
  try {
    return await look();
  } catch (error) {
    noteIncomplete(sweep, what, error);
    return undefined;
  }
}

/** Returns the part of a list that could be read, and notes that it is not complete: nothing is concluded from what it lacks. */
export function noteListed<T>(sweep: Sweep, what: string, {items, failure}: Listed<T>): readonly T[] {
  if (failure !== undefined) noteIncomplete(sweep, what, failure);
  return items;
}

export function noteIncomplete({incomplete, context}: Sweep, what: string, error: unknown): void {
  incomplete.push(what);
  context.logger.warning(`sweep: ${what} could not be seen`, {decision: 'incomplete', reason: what, error});
}

/** `asked`: nothing is written. `deployment`: nothing is corrected, but faults are remembered, so that a later sweep sees that they persist. */
export type DryRun = 'no' | 'asked' | 'deployment';
