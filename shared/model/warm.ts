import {Cron, CronPattern} from 'croner';
import {MINUTE_MS} from '../durations';
import type {IdleSchedule, Pool} from './pool';
import type {RunnerDocument} from './runner';

/** Whether `text` is a crontab expression of five fields: `*`, numbers, names, ranges, lists and steps. @see crontab(5) */
export function isCron(text: string): boolean {
  // CronPattern accepts nicknames such as @daily, which have one field.
  if (text.trim().split(/\s+/).length !== 5) return false;
  try {
    return new CronPattern(text, 'UTC', {mode: '5-part'}) !== undefined;
  } catch {
    return false;
  }
}

/** Whether the expression matches the minute of `nowMs` in the time zone. */
export function cronMatches(cron: string, timezone: string, nowMs: number): boolean {
  const minute = new Date(Math.floor(nowMs / MINUTE_MS) * MINUTE_MS);
  return new Cron(cron, {timezone, mode: '5-part', paused: true}).match(minute);
}

/** Whether the runtime knows the time zone, e.g. `Europe/Berlin`. */
export function isTimeZone(name: string): boolean {
  try {
    new Intl.DateTimeFormat('en', {timeZone: name});
    return true;
  } catch {
    return false;
  }
}

/** A warm runner is replaced when it is this old. An older one could not give a job its `jobMinutes` before `maxRunDuration` ends the VM. */
export const WARM_MINUTES = 12 * 60;

/** Longest time in minutes for which a runner of the pool may wait for a job. It is part of the VM's longest life. */
export function longestIdleMinutes({
  minIdle = 0,
  idleMinutes,
}: Partial<Pick<Pool, 'minIdle'>> & Pick<Pool, 'idleMinutes'>): number {
  const isWarm = typeof minIdle === 'number' ? minIdle > 0 : minIdle.some(({count}) => count > 0);
  return isWarm ? WARM_MINUTES + idleMinutes : idleMinutes;
}

/** Number of warm runners that the pool should have now. If several schedules match, the highest count. */
export function wantedWarm({minIdle, maxRunners}: Pick<Pool, 'minIdle' | 'maxRunners'>, now: number): number {
  return scheduledCount(minIdle, maxRunners, now);
}

/** The number itself, or the highest count of the schedules that match now; at most `most`. */
export function scheduledCount(wanted: number | readonly IdleSchedule[], most: number, now: number): number {
  if (typeof wanted === 'number') return Math.min(wanted, most);
  const counts = wanted
    .filter(({cron, timezone}) => cronMatches(cron, timezone, now))
    .map(({count}) => Math.min(count, most));
  return Math.max(0, ...counts);
}

/** Names of the unassigned runners that count as warm: the youngest `wanted`, because their VMs live longest, without those older than `WARM_MINUTES`. */
export function warmRunnerNames(
  unassigned: readonly Pick<RunnerDocument, 'name' | 'createdAt'>[],
  wanted: number,
  now: number,
): ReadonlySet<string> {
  const young = unassigned.filter(({createdAt}) => now - createdAt < WARM_MINUTES * MINUTE_MS);
  const youngest = young.sort((a, b) => b.createdAt - a.createdAt || (a.name < b.name ? -1 : 1));
  return new Set(youngest.slice(0, wanted).map(({name}) => name));
}
