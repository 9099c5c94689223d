import {placementOf} from '../model/placement';
import {endStandby, makeReady, newStandby, releaseStandby, type StandbyDocument, standbyName} from '../model/standby';
import {standbyTask} from '../model/tasks';
import {type Context, poolOf} from '../ports';
import type {StandbyMachines, StandbyReference} from '../providers/provider';
import {machineOf, removeMachine} from './retire';

/** A standby machine as its provider knows it: where and as what it is on record. */
export function standbyReference(machine: StandbyDocument): StandbyReference {
  return {...machineOf(machine), pool: machine.pool, hold: machine.hold};
}

/** The part of the provider that holds standby machines; undefined: a provider that holds none. */
export function standbyMachines(
  context: Pick<Context, 'provider'>,
  {pool, provider}: Pick<StandbyDocument, 'pool' | 'provider'>,
): StandbyMachines | undefined {
  return context.provider(pool, provider).standby;
}

/**
 * Records a standby machine that is to be created, and enqueues the task that creates it. The same key records the same machine. Undefined: the
 * pool has none any more, or the machine of this key is on record already.
 */
export async function requestStandby(context: Context, poolName: string, key: string): Promise<string | undefined> {
  const machine = standbyFor(context, poolName, key);
  if (!machine) return undefined;
  const isNew = await context.store.transaction(async (transaction) => {
    if (await transaction.get('standby', machine.name)) return false;
    transaction.set('standby', machine.name, machine);
    return true;
  });
  if (!isNew) return undefined;
  await context.tasks.enqueue(standbyTask(machine.name));
  return machine.name;
}

/** The first record of the standby machine of this key; undefined: the pool has none. */
export function standbyFor(
  context: Pick<Context, 'deployment' | 'pools' | 'clock'>,
  poolName: string,
  key: string,
): StandbyDocument | undefined {
  const pool = poolOf(context, poolName);
  if (!pool?.standby) return undefined;
  const name = standbyName(context.deployment, pool.name, key);
  const now = context.clock.now();
  return newStandby({name, pool: pool.name, provider: pool.provider.type, hold: pool.standby.hold, now});
}

/** Records that the machine can be claimed. False: it is not being prepared any more. */
export async function recordReady(context: Context, name: string, fingerprint: string | undefined): Promise<boolean> {
  return changeStandby(context, name, (machine, now) => makeReady(machine, fingerprint, now));
}

/** Records that the machine is prepared and is being suspended. False: it is not being prepared any more. */
export async function recordPrepared(context: Context, name: string): Promise<boolean> {
  return changeStandby(context, name, (machine, now) =>
    machine.state === 'preparing' ? {...machine, preparedAt: machine.preparedAt ?? now} : undefined,
  );
}

/**
 * Ends a standby machine that no job has claimed: records that nobody may claim it any more, then deletes it. `claimed`: a job has. Safe to
 * repeat: a machine whose deletion failed is still held on record.
 */
export async function removeStandby(
  context: Context,
  name: string,
  state: 'failed' | 'expired',
  because: string,
): Promise<'removed' | 'claimed' | 'gone'> {
  const ended = await changeStandby(context, name, (machine, now) => endStandby(machine, state, because, now));
  const machine = await context.store.get('standby', name);
  if (!machine) return 'gone';
  if (!ended) return 'claimed';
  if (!machine.isHeld) return 'gone';
  // No insert is sent before its placement is on record.
  if (placementOf(machine)) await removeMachine(context, machine);
  await changeStandby(context, name, releaseStandby);
  return 'removed';
}

/** Changes the record in a transaction. False: there is none, or nothing is to be changed. */
export async function changeStandby(
  {store, clock}: Pick<Context, 'store' | 'clock'>,
  name: string,
  body: (machine: StandbyDocument, now: number) => StandbyDocument | undefined,
): Promise<boolean> {
  return store.transaction(async (transaction) => {
    const machine = await transaction.get('standby', name);
    const changed = machine && body(machine, clock.now());
    if (!machine || !changed) return false;
    if (changed !== machine) transaction.set('standby', name, changed);
    return true;
  });
}
