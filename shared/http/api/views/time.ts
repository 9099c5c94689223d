/** RFC 3339. `ms`: since the epoch. */
export function timeOf(ms: number): string {
  return new Date(ms).toISOString();
}

/** Whole seconds, not below 0: clocks differ. */
export function secondsBetween(fromMs: number, toMs: number): number {
  return Math.max(0, Math.floor((toMs - fromMs) / 1000));
}
