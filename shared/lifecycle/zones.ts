import {createHash} from 'node:crypto';

/**
 * The zones of a pool in the order in which they are tried for a runner: the configured order, rotated to start at
 * `hash(runner name) mod zones`. Every function computes the same one, and the runners of a burst are spread over the zones.
 */
export function zoneOrder(runnerName: string, zones: readonly string[]): string[] {
  if (zones.length === 0) return [];
  const start = createHash('sha256').update(runnerName).digest().readUInt32BE(0) % zones.length;
  return [...zones.slice(start), ...zones.slice(0, start)];
}
