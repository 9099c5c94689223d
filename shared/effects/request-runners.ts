import {createHash} from 'node:crypto';
import {NoCapacity, Refused} from '../errors';
import {unaskedLabels} from '../model/labels';
import {runnerName} from '../model/names';
import {isEphemeral} from '../model/pool';
import {type RunnerDocument, runnerWithoutJob} from '../model/runner';
import {makeTask} from '../model/tasks';
import {type Context, poolOf} from '../ports';
import type {OperationOptions, RequestedRunners, RunnersRequest} from './operations';
import {areFree, findSlots, readSlots, takeSlots} from './slots';

/** Lost races for a slot before the pool counts as full. */
const ROUNDS = 12;
/** Numbers of runners without a job: fifteen digits, above every job id of GitHub's. */
const FIRST_NUMBER = 900_000_000_000_000;
const NUMBERS = 99_999_999_999_999;

/**
 * Writes down runners that no job asked for, and has them made by the provision queue. When they are there they are spare: they take the
 * pool's next jobs, and go after `idleMinutes` without one. The same key gives the same runners. Throws `NoCapacity` when the pool is
 * full: what was written down by then stays, and the same request again goes on from there.
 */
export async function requestRunners(
  context: Context,
  request: RunnersRequest,
  {dryRun}: OperationOptions,
): Promise<RequestedRunners> {
  const pool = poolOf(context, request.pool);
  if (!pool || !isEphemeral(pool)) {
    throw new Refused(`pool ${request.pool} makes no VM for a runner; expected a pool of type gce`);
  }
  const labels = [...new Set([...unaskedLabels(pool), ...request.labels.map((label) => label.toLowerCase())])];
  if (labels.length === 0) {
    throw new Refused(`pool ${pool.name} names no label without a pattern; expected labels for the runner`);
  }
  const runners: Pick<RunnerDocument, 'name' | 'pool' | 'state'>[] = [];
  for (let index = 0; index < request.count; index++) {
    const number = numberOf(`${request.key}/${index}`);
    const name = runnerName(context.deployment, pool.name, number, 1);
    if (dryRun) {
      runners.push({name, pool: pool.name, state: 'requested'});
      continue;
    }
    const runner = await writeDown(context, {name, number, pool: pool.name, labels, scope: request.scope});
    await context.tasks.enqueue(makeTask(name));
    runners.push({name, pool: pool.name, state: runner.state});
  }
  return {runners};
}

type Wanted = Pick<RunnerDocument, 'name' | 'pool' | 'labels' | 'scope'> & {readonly number: number};

async function writeDown(context: Context, wanted: Wanted): Promise<RunnerDocument> {
  const {store, clock} = context;
  const pool = {name: wanted.pool, maxRunners: poolOf(context, wanted.pool)?.maxRunners ?? 0};
  for (let round = 0; round < ROUNDS; round++) {
    const free = await findSlots(context, pool);
    const written = await store.transaction(async (transaction) => {
      const existing = await transaction.get('runners', wanted.name);
      const slots = existing ? undefined : await readSlots(context, transaction, [], free);
      if (!slots) return existing ?? 'full';
      if (!areFree(slots)) return 'taken';
      const now = clock.now();
      const runner = runnerWithoutJob({...wanted, slot: slots.own.id, slotOfAll: slots.all?.id ?? null, now});
      takeSlots(transaction, slots, wanted.name, now);
      transaction.set('runners', wanted.name, runner);
      return runner;
    });
    if (written === 'full') break;
    if (written !== 'taken') return written;
  }
  throw new NoCapacity(
    `pool ${wanted.pool} has no free slot: all of its maxRunners, or of those over all pools, are in use`,
    60,
  );
}

function numberOf(key: string): number {
  const hash = createHash('sha256').update(key).digest();
  return FIRST_NUMBER + (hash.readUIntBE(0, 6) % NUMBERS);
}
