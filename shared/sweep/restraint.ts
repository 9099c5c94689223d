import {MINUTE_MS} from '../durations';
import type {Discovery} from '../github/github';
import {POINTS_A_MINUTE, WRITE_POINTS} from '../model/github-points';
import type {RunnerDocument} from '../model/runner';
import {ownerOf} from '../model/scope';

/** Left to deregistrations, and to what the sweep does not foresee. */
const MARGIN = 15;

/** A sweep makes so many calls however many runners are registered: without its look at GitHub nothing is repaired. */
const LEAST_CALLS = 20;

/** A burst that has just begun is seen in these, in milliseconds. */
const LATELY_MS = 15_000;
/** What one of these makes in a minute. */
const A_MINUTE = MINUTE_MS / LATELY_MS;

/** Of a list's items, those that one call returns. */
const PAGE = 100;

/** Calls that do not count against an installation's limit, or are none. */
const NOT_COUNTED: ReadonlySet<string> = new Set(['remainingQuota', 'appHooks', 'deliveries', 'redeliver', 'access']);

/**
 * Keeps a sweep's calls below what the registrations of the minute leave of GitHub's limit: a refusal would hold up the owner's runners for up to a
 * minute, and what the sweep does not see now the next one sees.
 */
export class Restraint {
  #left = Number.POSITIVE_INFINITY;

  /** `runners`: those on record that are alive. `apps`: Apps over which registrations are spread; the sweep asks the first one that acts for a scope. */
  limit(
    runners: readonly Pick<RunnerDocument, 'createdAt' | 'scope'>[],
    {now, apps, intervalSeconds}: {readonly now: number; readonly apps: number; readonly intervalSeconds: number},
  ): void {
    const registrations = busiestOwner(runners, now) / apps;
    const left = Math.max(LEAST_CALLS, POINTS_A_MINUTE - WRITE_POINTS * registrations - MARGIN);
    this.#left = Math.floor(left * Math.min(1, intervalSeconds / 60));
  }

  allowsCall(): boolean {
    return this.#left > 0;
  }

  spend(calls: number): void {
    this.#left -= calls;
  }

  /** Counts the calls of the port, and the pages of what they return. */
  counted(discovery: Discovery): Discovery {
    return new Proxy(discovery, {
      get: (target, key, receiver) => {
        const member: unknown = Reflect.get(target, key, receiver);
        if (typeof member !== 'function' || typeof key !== 'string' || NOT_COUNTED.has(key)) return member;
        return async (...parameters: unknown[]) => {
          // One list for each status of an open run.
          this.spend(key === 'openRuns' ? 5 : 1);
          const result: unknown = await Reflect.apply(member, target, parameters);
          this.spend(Math.max(0, Math.ceil(itemsOf(result) / PAGE) - 1));
          return result;
        };
      },
    });
  }
}

/** Registrations a minute of the owner that has most, by the runners that were recorded in the last minute, or at the pace of the last seconds. */
function busiestOwner(runners: readonly Pick<RunnerDocument, 'createdAt' | 'scope'>[], now: number): number {
  const inMinute = new Map<string, number>();
  const lately = new Map<string, number>();
  for (const {createdAt, scope} of runners) {
    const owner = ownerOf(scope);
    if (createdAt > now - MINUTE_MS) inMinute.set(owner, (inMinute.get(owner) ?? 0) + 1);
    // One more than there are, so that a pace between two whole numbers is not taken for the lower one.
    if (createdAt > now - LATELY_MS) lately.set(owner, (lately.get(owner) ?? A_MINUTE) + A_MINUTE);
  }
  return Math.max(0, ...inMinute.values(), ...lately.values());
}

function itemsOf(result: unknown): number {
  if (Array.isArray(result)) return result.length;
  if (typeof result !== 'object' || result === null || !('items' in result)) return 0;
  return Array.isArray(result.items) ? result.items.length : 0;
}
