import type {Random} from '../../../shared/random';

/** Milliseconds, from (inclusive) to (inclusive); each use draws anew. */
export type Range = readonly [minMs: number, maxMs: number];

export interface Latencies {
  /** From an event to its first delivery. Deliveries of one hook stay in order; see `deliveryFaults` for worse. */
  readonly delivery: Range;
  /** From a job being queued, or a runner coming online, to the job being given to a runner. */
  readonly pickup: Range;
  /** How long `busy` stays false after a job has started: 25 to 60 s. */
  readonly busy: Range;
  /** How long lists leave out a new registration. */
  readonly listing: Range;
  /** How long the registration of an ephemeral runner stays, undeletable, after its job has ended. */
  readonly removal: Range;
}

export const LATENCIES: Latencies = {
  delivery: [400, 900],
  pickup: [1000, 2500],
  busy: [0, 0],
  listing: [0, 0],
  removal: [0, 0],
};

export function draw(random: Random, [minMs, maxMs]: Range): number {
  return minMs === maxMs ? minMs : Math.round(minMs + random.next() * (maxMs - minMs));
}
