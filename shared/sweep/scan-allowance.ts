import type {LockDocument} from '../model/sweep';

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
