import type {Random} from '../../../shared/random';
import type {Range} from './latencies';
import {draw} from './latencies';

/** What goes wrong with the first delivery of an event; what is left out goes well. */
export interface DeliveryFault {
  /** Never attempted: it is in no list of deliveries either. */
  readonly drop?: boolean;
  /** Sent this many times more, with the same guid. */
  readonly duplicates?: number;
  /** Later by this much, and so possibly after those that followed. */
  readonly delayMs?: number;
  /** The receiver got it and worked on it, but its answer was lost: GitHub lists a time-out. */
  readonly loseAnswer?: boolean;
  /** Every attempt of the event is answered 500. */
  readonly neverArrives?: boolean;
}

/** Asked once for each event and hook. */
export type DeliveryFaults = (event: {readonly event: string; readonly action: string | null}) => DeliveryFault;

/** Shares in [0, 1]. */
export interface DeliveryFaultRates {
  readonly drop?: number;
  readonly duplicate?: number;
  readonly loseAnswer?: number;
  readonly delay?: number;
  /** How late the delayed ones are; up to 2 minutes unless given. */
  readonly delayMs?: Range;
}

/** Faults by chance. The same number of draws for each event, so that one rate does not change what the others do. */
export function randomDeliveryFaults(random: Random, rates: DeliveryFaultRates): DeliveryFaults {
  return () => {
    const [drop, duplicate, loseAnswer, delay] = [random.next(), random.next(), random.next(), random.next()];
    const delayMs = draw(random, rates.delayMs ?? [1000, 120_000]);
    return {
      drop: drop < (rates.drop ?? 0),
      duplicates: duplicate < (rates.duplicate ?? 0) ? 1 : 0,
      loseAnswer: loseAnswer < (rates.loseAnswer ?? 0),
      delayMs: delay < (rates.delay ?? 0) ? delayMs : 0,
    };
  };
}
