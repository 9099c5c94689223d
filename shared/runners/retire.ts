import type {GitHub, Registration} from '../github/github';
import {isRegistrationOf, isUnused, wasRegistrationTried} from '../model/identity';
import {type JobDocument, type JobKey, jobKeyOf} from '../model/job';
import {type PlacementFields, placementOf} from '../model/placement';
import {advanceRunner, providerOf, type RunnerDocument} from '../model/runner';
import {jobHolder, slotIsFree} from '../model/slot';
import {demandTask} from '../model/tasks';
import type {Context} from '../ports';
import type {MachineReference} from '../providers/provider';
import type {Transaction} from '../store/store';
import {type JobToServe, openJobsToServe, type SlotRead, type Slots, setSlotHolder, slotLimit} from './slots';

/** Open jobs looked at for a slot that frees. */
const MAX_CANDIDATES = 5;

/** What is on record of a runner's machine. */
type RecordedMachine = Pick<RunnerDocument, 'name' | 'pool' | 'provider'> & PlacementFields;

/** The runner's machine, in the place on record unless another one is given. */
export function machineOf(
  runner: RecordedMachine,
  place: string | undefined = placementOf(runner)?.place,
): MachineReference {
  const {name, pool} = runner;
  return {name, pool, ...(place ? {place} : {})};
}

/** Deletes the runner's VM, in the place on record unless another one is given. Its slot frees when the provider has accepted the deletion. */
export async function removeMachine(context: Context, runner: RecordedMachine, place?: string): Promise<void> {
  const result = await context.provider(runner.pool, providerOf(runner)).delete(machineOf(runner, place));
  context.logger.info(`the VM of ${runner.name} is ${result === 'absent' ? 'gone already' : 'being deleted'}`, {
    decision: 'deleted',
    reason: result,
    runner: runner.name,
    pool: runner.pool,
  });
}

/**
 * Nothing of the runner is there any more. Its slots go to the oldest open job that they can serve, in the same transaction, so that no
 * newcomer takes them, and a task serves that job: a job of its pool, or of any pool with room where all together have a limit. Idempotent:
 * repeated after a crash, it creates the same task again.
 */
export async function retireRunner(
  context: Context,
  {name, pool}: Pick<RunnerDocument, 'name' | 'pool'>,
  state: 'gone' | 'failed',
): Promise<void> {
  const waiting = await openJobsToServe(context, pool, MAX_CANDIDATES);
  const handedTo = await context.store.transaction((transaction) =>
    retireInTransaction(context, transaction, name, state, waiting),
  );
  // mutation: demand of slot
  if (handedTo) await context.tasks.enqueue(demandTask(handedTo, `slot-of-${name}`));
}

async function retireInTransaction(
  context: Context,
  transaction: Transaction,
  name: string,
  state: 'gone' | 'failed',
  waiting: readonly JobToServe[],
): Promise<JobKey | null> {
  const now = context.clock.now();
  const runner = await transaction.get('runners', name);
  if (!runner) return null;
  const {own, all} = await readHeldSlots(transaction, runner);
  if (!own && !all) {
    transaction.set('runners', name, {...advanceRunner(runner, state, now), slot: null, slotOfAll: null});
    return runner.handedTo;
  }
  const next = await findJobToServe(context, transaction, waiting, {own, all});
  const handedTo = next ? jobKeyOf(next.job) : null;
  const kept = next ? [next.own, next.all] : [];
  for (const slot of [own, all]) {
    if (slot && !kept.includes(slot)) setSlotHolder(context, transaction, slot, null, now);
  }
  if (next && handedTo) {
    for (const slot of kept) if (slot) setSlotHolder(context, transaction, slot, jobHolder(handedTo), now);
    const slots = {slot: next.own.id, slotOfAll: next.all?.id ?? null};
    transaction.set('jobs', handedTo, {...next.job, demand: 'reserved', ...slots, updatedAt: now});
  }
  transaction.set('runners', name, {...advanceRunner(runner, state, now), slot: null, slotOfAll: null, handedTo});
  return handedTo;
}

/** The slots that are the runner's still. */
async function readHeldSlots(
  transaction: Transaction,
  {name, slot, slotOfAll}: RunnerDocument,
): Promise<{own: SlotRead | undefined; all: SlotRead | undefined}> {
  const [own, all] = await Promise.all(
    [slot, slotOfAll].map(async (id) => {
      const document = id ? await transaction.get('slots', id) : undefined;
      return id && document?.holder === name ? {id, pool: document.pool, n: document.n, document} : undefined;
    }),
  );
  return {own, all};
}

interface Served extends Slots<SlotRead> {
  readonly job: JobDocument;
}

/** The first that is open still and gets a slot of its pool and, where there is a limit, the runner's of all pools. */
async function findJobToServe(
  context: Context,
  transaction: Transaction,
  waiting: readonly JobToServe[],
  held: {readonly own: SlotRead | undefined; readonly all: SlotRead | undefined},
): Promise<Served | undefined> {
  const isLimited = context.maxRunners !== undefined;
  const all = held.all && isWithinLimit(context, held.all) ? held.all : undefined;
  if (isLimited && !all) return undefined;
  for (const {job: key, own: candidate} of waiting) {
    const job = await transaction.get('jobs', key);
    const own = candidate
      ? {...candidate, document: await transaction.get('slots', candidate.id)}
      : held.own && isWithinLimit(context, held.own) && held.own;
    if (job?.demand !== 'open' || !own || (candidate && !slotIsFree(own.document))) continue;
    return {job, own, all: isLimited && all ? all : null};
  }
  return undefined;
}

function isWithinLimit(context: Context, {pool, n}: SlotRead): boolean {
  return n < slotLimit(context, pool);
}

/** What a record says of the runner's registration. */
export type RecordedRegistration = Pick<RunnerDocument, 'name' | 'githubId' | 'registrationTriedAt'>;

/**
 * The registration of a runner on record: by its id. While that is not known by its name, and only where we tried to register this name, and
 * nothing is connected under it; any other is somebody else's.
 */
export async function findRegistration(
  github: Pick<GitHub, 'findRunner' | 'getRunner'>,
  runner: RecordedRegistration,
): Promise<Registration | undefined> {
  if (runner.githubId !== null) return github.getRunner(runner.githubId);
  if (!wasRegistrationTried(runner)) return undefined;
  const named = await github.findRunner(runner.name);
  return named && isRegistrationOf(runner, named) ? named : undefined;
}

/**
 * After a 409, or a generate-jitconfig whose answer was lost: is a registration of ours there, under the id on record, or under the name,
 * where we tried to register it (`registrationTriedAt`)? One that is offline and idle is one whose JIT config nobody holds: it is removed.
 * `alive`: the one on record is online or busy, and stays. `foreign`: what has the name is not ours, and stays: whoever connects as ours has
 * its id on record before its VM is made. After all but `alive`, take another name: GitHub may go on answering 409 to this one for a while.
 */
export async function settleRegistration(
  github: Pick<GitHub, 'findRunner' | 'getRunner' | 'deleteRunner'>,
  runner: RecordedRegistration,
): Promise<'absent' | 'removed' | 'alive' | 'foreign'> {
  const {name, githubId} = runner;
  const known = githubId === null ? undefined : await github.getRunner(githubId);
  if (known) {
    if (!isUnused(known)) return 'alive';
    return (await github.deleteRunner(known.id)) === 'busy' ? 'alive' : 'removed';
  }
  if (!wasRegistrationTried(runner)) return 'foreign';
  const named = await github.findRunner(name);
  if (!named) return 'absent';
  if (!isUnused(named)) return 'foreign';
  return (await github.deleteRunner(named.id)) === 'busy' ? 'foreign' : 'removed';
}
