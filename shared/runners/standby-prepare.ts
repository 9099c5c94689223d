import type {Outcome} from '../decisions';
import {LeaseHeld, Refused, SlipwayError, Unavailable, Uncertain} from '../errors';
import {keyId, type Lease} from '../model/lease';
import {type Placement, placementFields} from '../model/placement';
import {type StandbyDocument, standbyKey} from '../model/standby';
import {standbyTask} from '../model/tasks';
import {type Context, poolOf} from '../ports';
import type {CreateOutcome, StandbyMachines} from '../providers/provider';
import {passMachineBreakers} from './breakers';
import {claimInTransaction} from './create-records';
import {releaseLease, renewLease} from './creation-lease';
import {holdBackStandby} from './standby-failures';
import {changeStandby, removeStandby, standbyMachines, standbyReference} from './standby-records';

/** Thrown before an insert when the machine is not wanted any more. */
class NotWantedAnyMore extends Error {}

/** No placement took the machine. Thrown, so that a breaker that this was the probe of stays open. */
class NotCreated extends Error {}

/**
 * Creates a standby machine that is on record. It is ready when the sweep has seen it stopped or suspended. A failure ends the record, and the
 * sweep records another machine later; only what may pass by itself within the task's attempts is thrown.
 */
export async function prepareStandby(context: Context, name: string): Promise<Outcome> {
  const recorded = await context.store.get('standby', name);
  const machines = recorded && standbyMachines(context, recorded);
  if (recorded?.state !== 'preparing' || recorded.machineId !== null) return {decision: 'void'};
  if (!machines || !poolOf(context, recorded.pool)?.standby) {
    await removeStandby(context, name, 'expired', 'its pool has no standby machines any more');
    return {decision: 'void'};
  }
  // A pool whose template does not boot, or whose quota is used up, makes no machines that no job waits for.
  const guarded = await passMachineBreakers(context, recorded.pool, '');
  const lease = {key: standbyKey(name), holder: context.random.uuid()};
  const machine = await claimPreparation(context, name, lease);
  if (!machine) return {decision: 'void'};
  try {
    return await guarded(() => prepare(context, machines, machine, lease));
  } catch (error) {
    if (error instanceof NotWantedAnyMore) return {decision: 'void'};
    if (!(error instanceof LeaseHeld)) await releaseLease(context, lease);
    if (!(error instanceof Refused || error instanceof NotCreated)) throw error;
    return fail(context, machine, error.message);
  }
}

async function prepare(
  context: Context,
  machines: StandbyMachines,
  machine: StandbyDocument,
  lease: Lease,
): Promise<Outcome> {
  const {name, pool, hold} = machine;
  const outcome =
    (await findInserted(context, machine)) ??
    (await machines.prepare({
      name,
      pool,
      hold,
      beforeInsert: (...insert) => recordInsert(context, name, lease, ...insert),
      onWaiting: () => renewLease(context, lease),
    }));
  switch (outcome.kind) {
    case 'created':
      return finish(context, machine, lease, outcome);
    case 'uncertain':
      throw new Uncertain(outcome.message, 10);
    case 'rate_limited':
      throw new Unavailable(outcome.message, outcome.retryAfterSeconds);
    default:
      throw new NotCreated(outcome.message);
  }
}

/** The machine that an earlier execution inserted; undefined: there is none. */
async function findInserted(context: Context, machine: StandbyDocument): Promise<CreateOutcome | undefined> {
  const {placement} = placementFields(machine.placement ?? null);
  if (!placement) return undefined;
  const found = await context.provider(machine.pool, machine.provider).find(standbyReference(machine));
  return found && {kind: 'created', id: found.id, placement: {...placement, place: found.place}};
}

/** Claims the key of the preparation. Undefined: it is done, or the machine is not being prepared. Throws `LeaseHeld`. */
async function claimPreparation({store, clock}: Context, name: string, lease: Lease) {
  return store.transaction(async (transaction) => {
    const machine = await transaction.get('standby', name);
    const key = await transaction.get('keys', keyId(lease.key));
    if (machine?.state !== 'preparing') return undefined;
    return claimInTransaction(transaction, key, lease, clock.now()) === 'done' ? undefined : machine;
  });
}

/** Records the placement before the insert, so that whoever ends the machine deletes it. Throws when it is not wanted any more. */
async function recordInsert(
  context: Context,
  name: string,
  lease: Lease,
  placement: Placement,
  machineType?: string,
): Promise<void> {
  await renewLease(context, lease);
  const billedType = machineType ?? placement.machineType ?? null;
  const isWanted = await changeStandby(context, name, (machine) =>
    machine.state === 'preparing' ? {...machine, ...placementFields(placement), billedType} : undefined,
  );
  if (!isWanted) throw new NotWantedAnyMore(name);
}

async function finish(
  context: Context,
  {name, pool, hold}: StandbyDocument,
  lease: Lease,
  {id, placement}: Extract<CreateOutcome, {kind: 'created'}>,
): Promise<Outcome> {
  // mutation: id of standby
  const found = {machineId: id, ...placementFields(placement)};
  const isWanted = await context.store.transaction(async (transaction) => {
    const machine = await transaction.get('standby', name);
    const key = await transaction.get('keys', keyId(lease.key));
    if (key?.holder === lease.holder) transaction.set('keys', keyId(lease.key), {...key, state: 'done'});
    if (!machine) return false;
    // One that was ended meanwhile is held again until its deletion is accepted.
    const isPreparing = machine.state === 'preparing';
    transaction.set('standby', name, {...machine, ...found, ...(isPreparing ? {} : {isHeld: true})});
    return isPreparing;
  });
  if (!isWanted) {
    await removeStandby(context, name, 'expired', 'is not wanted any more');
    return {decision: 'void'};
  }
  context.logger.info(`standby machine ${name} prepares itself in ${placement.place}`, {
    decision: 'standby_created',
    runner: name,
    pool,
    zone: placement.place,
    machineType: placement.machineType,
    spot: placement.spot,
    hold,
  });
  return {decision: 'preparing'};
}

/** No machine was created. The pool gets no other one for a while. */
async function fail(context: Context, {name, pool}: StandbyDocument, because: string): Promise<Outcome> {
  await holdBackStandby(context, pool, `standby machine ${name} was not created: ${because}`);
  await removeStandby(context, name, 'failed', because);
  return {decision: 'not_created'};
}

/** Gives up a machine after the last attempt of its task. */
export async function giveUpStandby(context: Context, name: string, error: unknown): Promise<void> {
  const machine = await context.store.get('standby', name);
  const because = error instanceof SlipwayError ? error.message : 'its creation failed; the log says why';
  if (machine?.state === 'preparing') await fail(context, machine, because);
}

/** Enqueues the preparation of the successor that was recorded with a claim. The sweep makes up for a failure. */
export async function prepareSuccessor(context: Context, name: string | undefined): Promise<void> {
  if (name === undefined) return;
  try {
    await context.tasks.enqueue(standbyTask(name));
  } catch (error) {
    if (!(error instanceof SlipwayError)) throw error;
    const fields = {decision: 'failed' as const, runner: name, error};
    context.logger.warning(`the task of standby machine ${name} was not created; the sweep creates it`, fields);
  }
}
