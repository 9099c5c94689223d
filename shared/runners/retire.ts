import {HOUR_MS} from '../durations';
import type {GitHub, Registration} from '../github/github';
import {isRegistrationOf, isUnused, wasRegistrationTried} from '../model/identity';
import {type JobDocument, type JobKey, jobKeyOf} from '../model/job';
import {endMachine, type Removal} from '../model/machine-end';
import {type PlacementFields, placementOf} from '../model/placement';
import {advanceRunner, isOver, machineProvider, type RunnerDocument} from '../model/runner';
import {jobHolder, parseSlotId, slotIsFree} from '../model/slot';
import {demandTask} from '../model/tasks';
import type {Context} from '../ports';
import type {MachineReference} from '../providers/provider';
import type {Transaction} from '../store/store';
import {readEnd} from './read-runner';
import {type JobToServe, openJobsToServe, type SlotCandidate, type Slots, setSlotHolder, slotLimit} from './slots';

/** Open jobs that are tried for a slot that becomes free. */
const MAX_CANDIDATES = 5;

/** So often the oldest open jobs are looked for, while slots that free at the same time take all that were found. */
const MAX_LOOKS = 10;

/** No two executions differ by more in what time it is, in milliseconds. */
const MOST_CLOCK_SKEW_MS = HOUR_MS;

/** What is on record of a runner's machine. */
export type RecordedMachine = Pick<RunnerDocument, 'name' | 'pool' | 'provider' | 'machineId'> & PlacementFields;

/** Where a machine was seen, and as which one. */
type SeenAt = Pick<MachineReference, 'id' | 'place'>;

/** The runner's machine: as it was seen, else as it is on record. */
export function machineOf(runner: RecordedMachine, seen: SeenAt = {}): MachineReference {
  const {name, pool} = runner;
  // mutation: id of the machine
  const id = seen.id ?? runner.machineId;
  const place = seen.place ?? placementOf(runner)?.place;
  return {name, pool, ...(id ? {id} : {}), ...(place ? {place} : {})};
}

/**
 * Deletes the runner's machine, as it was seen or as it is on record. Its slot frees when the provider has accepted the deletion.
 * What this returns belongs on the runner's record: `retireRunner`.
 */
export async function removeMachine(context: Context, runner: RecordedMachine, seen?: SeenAt): Promise<Removal> {
  const provider = context.provider(runner.pool, machineProvider(runner));
  const result = await provider.delete(machineOf(runner, seen));
  context.logger.info(`the VM of ${runner.name} is ${result === 'absent' ? 'gone already' : 'being deleted'}`, {
    decision: 'deleted',
    reason: result,
    runner: runner.name,
    pool: runner.pool,
  });
  const isUnderWay = provider.registration === 'pickup' && result === 'accepted';
  return {result, at: context.clock.now(), ...(isUnderWay ? {isUnderWay} : {})};
}

/**
 * Records that the runner is over, and hands its slots on: in the same transaction they are reserved for the oldest open job that they can
 * serve, so that no newer job takes them, and a task then serves that job. It is a job of the runner's pool, or, with a limit over all pools,
 * of any pool with a free slot. Idempotent: repeated after a crash, it enqueues the same task. `removal`: what the deletion of its machine said,
 * if there was one. A machine that counts until it is gone is waited for: until then its runner drains, and keeps its slots.
 */
export async function retireRunner(
  context: Context,
  {name, pool}: Pick<RunnerDocument, 'name' | 'pool'>,
  state: 'gone' | 'failed',
  removal?: Removal,
): Promise<void> {
  if (removal?.isUnderWay && (await drainUntilGone(context, name))) return;
  let handedTo: JobKey | null | 'all taken';
  let looks = 0;
  do {
    const waiting = await openJobsToServe(context, pool, MAX_CANDIDATES);
    const looksAgain = waiting.length === MAX_CANDIDATES && ++looks < MAX_LOOKS;
    handedTo = await context.store.transaction((transaction) =>
      retireInTransaction(context, transaction, {name, state, removal}, {waiting, looksAgain}),
    );
  } while (handedTo === 'all taken');
  // mutation: demand of slot
  if (handedTo) await context.tasks.enqueue(demandTask(handedTo, `slot-of-${name}`));
}

/** Marks the runner as draining. False: its machine is gone by now, which who learnt of it could not record yet. */
async function drainUntilGone(context: Context, name: string): Promise<boolean> {
  const runner = await context.store.transaction(async (transaction) => {
    const read = await transaction.get('runners', name);
    if (!read || isOver(read)) return undefined;
    const draining = {...advanceRunner(read, 'draining', context.clock.now()), covers: null, spare: false};
    transaction.set('runners', name, draining);
    return draining;
  });
  if (!runner) return false;
  const machine = await context.provider(runner.pool, machineProvider(runner)).find(machineOf(runner));
  return machine !== undefined;
}

/**
 * The transaction of `retireRunner`. Returns the job that got the slots, also when it is repeated; null: none did. `all taken`: other slots got each of
 * the jobs that waited, and nothing was written, because more may wait (`looksAgain`).
 */
async function retireInTransaction(
  context: Context,
  transaction: Transaction,
  {name, state, removal}: {name: string; state: 'gone' | 'failed'; removal: Removal | undefined},
  {waiting, looksAgain}: {readonly waiting: readonly JobToServe[]; readonly looksAgain: boolean},
): Promise<JobKey | null | 'all taken'> {
  const now = context.clock.now();
  const read = await transaction.get('runners', name);
  if (!read) return null;
  // Of a machine that is absent the end of its job tells for how long it was there.
  const runner = removal?.result === 'absent' ? await readEnd(transaction, read) : read;
  const over = advanceRunner(endMachine(runner, removal, now), state, now);
  const {own, all} = await readHeldSlots(transaction, runner, now);
  if (!own && !all) {
    transaction.set('runners', name, {...over, slot: null, slotOfAll: null});
    return runner.handedTo;
  }
  const found = await findJobToServe(context, transaction, waiting, {own, all});
  if (found === 'all taken' && looksAgain) return found;
  const next = found === 'all taken' ? undefined : found;
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
  transaction.set('runners', name, {...over, slot: null, slotOfAll: null, handedTo});
  return handedTo;
}

interface HeldSlots {
  readonly own: SlotCandidate | undefined;
  readonly all: SlotCandidate | undefined;
}

/**
 * The slots that the runner still holds. Its record alone tells: whatever gives a slot another holder takes it from the record in the same
 * transaction. Only where the record does not count any more may the sweep have freed the slot as lost. So close to its expiry, when the record has
 * expired for an execution whose clock is ahead, the slots are read.
 */
async function readHeldSlots(
  transaction: Transaction,
  {name, slot, slotOfAll, expireAt}: RunnerDocument,
  now: number,
): Promise<HeldSlots> {
  const isCertain = expireAt - now > MOST_CLOCK_SKEW_MS;
  const [own, all] = await Promise.all(
    [slot, slotOfAll].map(async (id) => {
      const isHeld = id && (isCertain || (await transaction.get('slots', id))?.holder === name);
      return id && isHeld ? {id, ...parseSlotId(id)} : undefined;
    }),
  );
  return {own, all};
}

interface Served extends Slots {
  readonly job: JobDocument;
}

/** The first job that is still open and gets a slot of its pool and, with a limit over all pools, the runner's slot of that limit. `all taken`: none is open. */
async function findJobToServe(
  context: Context,
  transaction: Transaction,
  waiting: readonly JobToServe[],
  held: HeldSlots,
): Promise<Served | 'all taken' | undefined> {
  const isLimited = context.maxRunners !== undefined;
  const all = held.all && isWithinLimit(context, held.all) ? held.all : undefined;
  if (isLimited && !all) return undefined;
  let isAnyOpen = false;
  for (const {job: key, own: candidate} of waiting) {
    const job = await transaction.get('jobs', key);
    isAnyOpen ||= job?.demand === 'open';
    const isFree = !candidate || slotIsFree(await transaction.get('slots', candidate.id));
    const own = candidate ?? (held.own && isWithinLimit(context, held.own) ? held.own : undefined);
    if (job?.demand !== 'open' || !own || !isFree) continue;
    return {job, own, all: isLimited && all ? all : null};
  }
  return isAnyOpen ? undefined : 'all taken';
}

function isWithinLimit(context: Context, {pool, n}: SlotCandidate): boolean {
  return n < slotLimit(context, pool);
}

/** The fields of a record that concern the runner's registration. */
export type RecordedRegistration = Pick<RunnerDocument, 'name' | 'githubId' | 'registrationTriedAt'>;

/**
 * Finds the registration of a runner on record by its id. If no id is on record, finds it by its name, provided that we tried to register
 * the name and that the registration is offline and idle; any other registration of this name is somebody else's.
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
 * Settles whether GitHub has a registration of ours, after a 409 or a generate-jitconfig whose answer was lost. Looks under the id on record,
 * else under the name if we tried to register it (`registrationTriedAt`).
 * - `removed`: it was offline and idle, so nobody holds its JIT config, and is deleted.
 * - `alive`: the registration on record is online or busy, and stays.
 * - `foreign`: the registration of this name is somebody else's, and stays. Ours has its id on record before its VM is created.
 * - `absent`: no registration is listed.
 *
 * After every result but `alive` the caller has to take another name: GitHub may answer 409 to this one for a while.
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
