import type {FailedAttempt} from '../model/job';

/** Why a job does not run, in one word. docs/operate.md says what to do about each. */
export const VERDICTS = [
  'unknown_job',
  'completed',
  'running',
  'not_ours',
  'no_pool_matches',
  'repository_not_served',
  'public_repository',
  'option_not_allowed',
  'not_installed',
  'waiting_for_approval',
  'waiting_for_concurrency',
  'not_noticed_yet',
  'waiting_for_slot',
  'breaker_open',
  'no_capacity',
  'retrying',
  'creating',
  'booting',
  'runner_idle',
  'vm_starting',
  'vm_runner_offline',
  'vm_cannot_take_it',
  'host_silent',
  'host_full',
  'given_up',
] as const;

export type Verdict = (typeof VERDICTS)[number];

/** A verdict with what a person needs to act on it. */
export interface Explanation {
  readonly verdict: Verdict;
  /** Since when the verdict holds, in milliseconds since the epoch. */
  readonly since: number;
  /** One sentence that names the concrete thing: a label, a limit, a region, a runner. */
  readonly because: string;
  /** The next step, in one sentence; never empty. */
  readonly do: string;
  /** Of a job that waits for a slot: its place in the queue of its pool, from 1. */
  readonly position?: number;
  /** Of a boot: it takes longer than it should. */
  readonly takesTooLong?: true;
}

export const NOTHING_TO_DO = 'Nothing to do.';

const SECOND = 1000;
const MINUTE = 60 * SECOND;
const HOUR = 60 * MINUTE;

/** For sentences: `45 s`, `12 min`, `5 h`. Clocks differ: nothing is shorter than 0. */
export function duration(ms: number): string {
  if (ms < 2 * MINUTE) return `${Math.max(0, Math.round(ms / SECOND))} s`;
  return ms < 2 * HOUR ? `${Math.round(ms / MINUTE)} min` : `${Math.round(ms / HOUR)} h`;
}

/** What is due may be late by this much before it is said that it is: calls and queues take their time. */
const PUNCTUAL_MS = 60 * SECOND;

/** For sentences: when something is due, seen from now: `due in 45 s`, `due now`, `overdue by 12 min`. */
export function due(atMs: number, now: number): string {
  if (now - atMs > PUNCTUAL_MS) return `overdue by ${duration(now - atMs)}`;
  return atMs > now ? `due in ${duration(atMs - now)}` : 'due now';
}

/**
 * The sentence without what changes while its cause stays the same: `duration`, `due` and the ids of requests. Cloud Monitoring opens an incident for each text
 * that it extracts from a log line, so that a text with the age of a job would open one a minute.
 */
export function steady(sentence: string): string {
  return sentence
    .replace(/ \[request [^\]]*\]/g, '')
    .replace(/\b(due (now|in \d+ (s|min|h))|overdue by \d+ (s|min|h))\b/g, 'due soon')
    .replace(/\b\d+ (s|min|h)\b/g, '…');
}

/** For sentences: `1 job`, `2 jobs`. */
export function count(n: number, thing: string): string {
  return `${n} ${thing}${n === 1 ? '' : 's'}`;
}

/** For sentences: `attempt 3 of 20`, or `attempt 3` where nobody gives up. */
export function attemptOf({attempt, mostAttempts}: FailedAttempt): string {
  return mostAttempts === undefined ? `attempt ${attempt}` : `attempt ${attempt} of ${mostAttempts}`;
}

/** `1st`, `2nd`, `3rd`, `4th` */
export function ordinal(n: number): string {
  const teens = n % 100 >= 11 && n % 100 <= 13;
  const ending = teens ? 'th' : (['th', 'st', 'nd', 'rd'][n % 10] ?? 'th');
  return `${n}${ending}`;
}

/** A text of somebody else inside a sentence: without its full stop at the end, on one line. */
export function quoted(text: string): string {
  const line = text.replace(/\s+/g, ' ').trim();
  let end = line.length;
  // A pattern with $ at its end would take quadratic time for a text of full stops that ends otherwise.
  while (end > 0 && '. '.includes(line.charAt(end - 1))) end--;
  return line.slice(0, end);
}
