import type {SimulatedProvider} from '../scenario';
import {playSeed} from './seed-result';

/** Seeds that a worker is told to play. */
export interface Batch {
  readonly seeds: readonly number[];
  readonly days: number;
  readonly provider: SimulatedProvider;
}

// Refusals are part of every sweep, and nobody reads where in the code they were made.
Error.stackTraceLimit = 0;

/** A process that plays batches of seeds and tells its parent of each. */
process.on('message', (batch: Batch) => {
  void play(batch);
});

async function play({seeds, days, provider}: Batch): Promise<void> {
  for (const seed of seeds) process.send?.({result: await playSeed(seed, {days, provider})});
  process.send?.({ready: true});
}

// Whoever started this one is gone: nobody is there to be told.
process.on('disconnect', () => process.exit());

process.send?.({ready: true});
