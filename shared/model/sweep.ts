import type {JobKey} from './job';

/** A job whose spot VM Compute Engine took back, until it is known how the job ended. */
export interface Preemption {
  readonly runner: string;
  readonly pool: string;
  readonly job: JobKey;
  readonly jobId: number;
  readonly repository: string;
  readonly installationId: number | null;
  readonly url: string | null;
  readonly at: number;
}

/** What the last sweep saw, decided and did, by reason. */
export interface SweepSummary {
  readonly at: number;
  readonly seconds: number;
  /** False: the time was up; the next sweep goes on from there. */
  readonly finished: boolean;
  readonly seen: Readonly<Record<string, number>>;
  readonly decided: Readonly<Record<string, number>>;
  readonly done: Readonly<Record<string, number>>;
  readonly failed: Readonly<Record<string, number>>;
  /** What could not be listed, in words. */
  readonly incomplete: readonly string[];
}

/** `locks/sweep`: one sweep at a time, and what it has to remember for the next one. */
export interface LockDocument {
  /** Random id of the execution that holds it. */
  readonly holder: string | null;
  readonly leaseUntil: number;
  /** The repositories looked into last: the next sweep goes on behind them. */
  readonly cursors: {readonly active: string | null; readonly quiet: string | null};
  /** Calls to GitHub that are saved up, and when. */
  readonly allowance: {readonly active: number; readonly quiet: number; readonly at: number};
  /** When all taken slots were looked at. */
  readonly slotsAt: number;
  /** When each thing was first seen to be wrong. */
  readonly sightings: Readonly<Record<string, number>>;
  readonly preempted: readonly Preemption[];
  readonly last: SweepSummary | null;
  readonly expireAt: number;
  /** Read by the version before this one alone, whose sweep fails without them: whoever goes back to it finds them. */
  readonly deliveriesSince?: number;
  readonly redelivered?: Readonly<Record<string, never>>;
}

interface Rate {
  /** Calls a minute, and at most so many saved up. */
  readonly perMinute: number;
  readonly most: number;
}

/** Of 5,000 calls an hour: repositories where nothing happens cost 300 of them, or 1,800 where no webhook tells of jobs. */
const QUIET: Record<'on' | 'off', Rate> = {on: {perMinute: 5, most: 20}, off: {perMinute: 30, most: 60}};

const ACTIVE: Rate = {perMinute: 60, most: 120};

/** Calls to GitHub that the sweep may make, by the time since the last one; whatever the rate at which it is started. */
export function allowanceAt(saved: LockDocument['allowance'], webhooks: 'on' | 'off', now: number) {
  const minutes = (now - saved.at) / 60_000;
  const grown = (calls: number, {perMinute, most}: Rate) => Math.min(most, calls + minutes * perMinute);
  return {active: grown(saved.active, ACTIVE), quiet: grown(saved.quiet, QUIET[webhooks]), at: now};
}

/** From behind `cursor` on, round the circle, by name. */
export function rotated<T extends {readonly fullName: string}>(items: readonly T[], cursor: string | null): T[] {
  const sorted = [...items].sort((a, b) => (key(a) < key(b) ? -1 : 1));
  const start = cursor === null ? 0 : sorted.findIndex((item) => key(item) > cursor);
  return start <= 0 ? sorted : [...sorted.slice(start), ...sorted.slice(0, start)];
}

function key({fullName}: {readonly fullName: string}): string {
  return fullName.toLowerCase();
}
