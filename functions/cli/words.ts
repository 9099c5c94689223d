/** How the command line writes times, lists and counts. */

const MINUTE = 60;
const HOUR = 60 * MINUTE;
const DAY = 24 * HOUR;

/** `47s`, `12m`, `3h 5m`, `2d 4h`. */
export function duration(seconds: number): string {
  const whole = Math.max(0, Math.floor(seconds));
  if (whole < MINUTE) return `${whole}s`;
  if (whole < HOUR) return `${Math.floor(whole / MINUTE)}m`;
  const [big, small, bigName, smallName] =
    whole < DAY ? ([HOUR, MINUTE, 'h', 'm'] as const) : ([DAY, HOUR, 'd', 'h'] as const);
  const rest = Math.floor((whole % big) / small);
  return `${Math.floor(whole / big)}${bigName}${rest > 0 ? ` ${rest}${smallName}` : ''}`;
}

/** How long ago a time of the API is. Undefined: it is none. */
export function age(time: string | null | undefined, nowMs: number): string | undefined {
  const at = time ? Date.parse(time) : Number.NaN;
  return Number.isNaN(at) ? undefined : duration((nowMs - at) / 1000);
}

/** `1 job`, `2 jobs`. */
export function count(number: number, noun: string): string {
  return `${number} ${noun}${number === 1 ? '' : 's'}`;
}
