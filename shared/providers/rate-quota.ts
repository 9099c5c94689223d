/**
 * Compute Engine's rate quotas are counted per minute and begin anew with each.
 *
 * @see https://cloud.google.com/compute/api-quota
 */
export function secondsToNextMinute(nowMs: number): number {
  return Math.max(1, Math.ceil((60_000 - (nowMs % 60_000)) / 1000));
}
