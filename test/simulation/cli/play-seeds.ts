import {type ChildProcess, fork} from 'node:child_process';
import {join} from 'node:path';
import type {SimulatedProvider} from '../scenario';
import type {SeedResult} from './seed-result';
import type {Batch} from './worker';

export interface PlayOptions {
  readonly seed: number;
  readonly seeds: number;
  readonly days: number;
  readonly provider: SimulatedProvider;
  readonly workers: number;
  readonly onResult: (result: SeedResult) => void;
}

const BATCH = 10;

/** A world makes many small objects that nobody needs a moment later: in a larger young generation most are dead before it is full. */
const MUCH_THAT_IS_SHORT_LIVED = ['--max-semi-space-size=64'];

/** Plays the seeds in worker processes, a few at a time, so that no worker is left with the slow ones. */
export async function playSeeds(options: PlayOptions): Promise<void> {
  let next = options.seed;
  const end = options.seed + options.seeds;
  const take = (): Batch | undefined => {
    if (next >= end) return undefined;
    const seeds = Array.from({length: Math.min(BATCH, end - next)}, (_, index) => next + index);
    next += seeds.length;
    return {seeds, days: options.days, provider: options.provider};
  };
  const count = Math.min(options.workers, Math.ceil(options.seeds / BATCH));
  await Promise.all(Array.from({length: count}, () => work(startWorker(), take, options.onResult)));
}

function startWorker(): ChildProcess {
  return fork(join(__dirname, 'worker.ts'), {execArgv: [...MUCH_THAT_IS_SHORT_LIVED, '-r', 'ts-node/register']});
}

function work(
  worker: ChildProcess,
  take: () => Batch | undefined,
  onResult: (result: SeedResult) => void,
): Promise<void> {
  return new Promise((resolve, reject) => {
    worker.on('message', (message: {result?: SeedResult; ready?: boolean}) => {
      if (message.result) onResult(message.result);
      if (!message.ready) return;
      const batch = take();
      if (batch) worker.send(batch);
      else worker.disconnect();
    });
    worker.on('exit', (code) => {
      if (code === 0) resolve();
      else reject(new Error(`a worker of the simulation ended with ${code}`));
    });
  });
}
