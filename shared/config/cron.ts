import {Cron, CronPattern} from 'croner';

const MINUTE_MS = 60_000;

/** Whether `text` is a crontab expression of five fields: `*`, numbers, names, ranges, lists and steps. @see crontab(5) */
export function isCron(text: string): boolean {
  // Without the count, nicknames such as @daily would pass.
  if (text.trim().split(/\s+/).length !== 5) return false;
  try {
    return new CronPattern(text, 'UTC', {mode: '5-part'}) !== undefined;
  } catch {
    return false;
  }
}

/** Whether the minute of `nowMs` is one that the expression matches in the time zone. */
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
