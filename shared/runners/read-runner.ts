import {mayDrainByJob, withEndOfJob} from '../model/end-of-job';
import type {RunnerDocument} from '../model/runner';
import type {Transaction} from '../store/store';

/** The store, or a transaction that has written nothing yet. */
type Reads = Pick<Transaction, 'get'>;

/** Reads a runner, which drains once its job is over (`withEndOfJob`). Of one that is busy on record the job is read, too. */
export async function readRunner(from: Reads, name: string): Promise<RunnerDocument | undefined> {
  const runner = await from.get('runners', name);
  return runner && readEnd(from, runner);
}

/** The runner, which drains if the record of its job says that the job is over. */
export async function readEnd(from: Reads, runner: RunnerDocument): Promise<RunnerDocument> {
  return mayDrainByJob(runner) ? withEndOfJob(runner, await from.get('jobs', runner.runs)) : runner;
}
