import {jobKeyOf} from '../lifecycle/naming';
import {advanceRunner} from '../lifecycle/runner';
import type {JobDocument, JobKey, RunnerDocument, SlotDocument} from '../store/documents';
import {takenSlot} from '../store/slots';
import type {Transaction} from '../store/store';
import {type Context, poolOf} from './context';
import {demandJob, oldestOpenJobs} from './open-jobs';

/** Open jobs looked at for a slot that frees. */
const CANDIDATES = 5;

/** Deletes the runner's VM. Its slot frees when Compute Engine has accepted the deletion. */
export async function removeMachine(
  context: Context,
  runner: Pick<RunnerDocument, 'name' | 'pool' | 'zone'>,
): Promise<void> {
  const place = runner.zone ? {zone: runner.zone} : {};
  const result = await context.provider(runner.pool).delete({name: runner.name, ...place});
  context.logger.info(`the VM of ${runner.name} is ${result === 'absent' ? 'gone already' : 'being deleted'}`, {
    decision: 'deleted',
    reason: result,
    runner: runner.name,
    pool: runner.pool,
  });
}

/**
 * Nothing of the runner is there any more. Its slot goes to the pool's oldest open job in the same transaction, so that no newcomer takes
 * it, and a task serves that job. Idempotent: repeated after a crash, it creates the same task again.
 */
export async function retireRunner(
  context: Context,
  {name, pool}: Pick<RunnerDocument, 'name' | 'pool'>,
  state: 'gone' | 'failed',
): Promise<void> {
  const waiting = await oldestOpenJobs(context, pool, CANDIDATES);
  const handedTo = await context.store.transaction((transaction) => retire(context, transaction, name, state, waiting));
  // mutation: demand of slot
  if (handedTo) await demandJob(context, handedTo, `slot-of-${name}`);
}

async function retire(
  context: Context,
  transaction: Transaction,
  name: string,
  state: 'gone' | 'failed',
  waiting: readonly JobKey[],
): Promise<JobKey | null> {
  const now = context.clock.now();
  const runner = await transaction.get('runners', name);
  if (!runner) return null;
  const slot = runner.slot ? await transaction.get('slots', runner.slot) : undefined;
  if (!runner.slot || !slot || slot.holder !== name) {
    transaction.set('runners', name, {...advanceRunner(runner, state, now), slot: null});
    return runner.handedTo;
  }
  const next = withinLimit(context, slot) ? await firstOpen(transaction, waiting) : undefined;
  const handedTo = next ? jobKeyOf(next) : null;
  giveSlot(context, transaction, runner.slot, slot, handedTo, now);
  if (next && handedTo) {
    transaction.set('jobs', handedTo, {...next, demand: 'reserved', slot: runner.slot, updatedAt: now});
  }
  transaction.set('runners', name, {...advanceRunner(runner, state, now), slot: null, handedTo});
  return handedTo;
}

async function firstOpen(transaction: Transaction, waiting: readonly JobKey[]): Promise<JobDocument | undefined> {
  for (const key of waiting) {
    const job = await transaction.get('jobs', key);
    if (job?.demand === 'open') return job;
  }
  return undefined;
}

/** A slot above a limit that was lowered goes for good. */
function giveSlot(
  context: Context,
  transaction: Transaction,
  id: string,
  slot: SlotDocument,
  job: JobKey | null,
  now: number,
): void {
  if (withinLimit(context, slot)) {
    transaction.set('slots', id, takenSlot(slot, job && `job:${job}`, now));
  } else {
    transaction.delete('slots', id);
  }
}

function withinLimit(context: Context, slot: SlotDocument): boolean {
  return slot.n < (poolOf(context, slot.pool)?.maxRunners ?? 0);
}
