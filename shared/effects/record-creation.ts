import {keyId, type Lease} from '../model/lease';
import {type Placement, placed} from '../model/placement';
import {advanceRunner, isOver, isWithoutJob, type RunnerDocument, spared} from '../model/runner';
import type {Context} from '../ports';
import type {Transaction} from '../store/store';
import {type Creation, finishWithin, renewWithin} from './lease';

/** The runner lost its purpose while it was being made: nothing more is to be made of it. */
export class NotWanted extends Error {
  constructor(
    readonly creation: Creation,
    /** GitHub's id of the registration, when there is one for certain. */
    readonly githubId: number | null,
  ) {
    super(`runner ${creation.runner.name} is not wanted any more`);
    this.name = 'NotWanted';
  }
}

/**
 * Before each insert: where the VM is going to be, so that a later execution knows where to look. Fences off an execution that lost its
 * lease, and stops (`NotWanted`) one whose runner became spare or went.
 */
export async function recordAttempt(
  context: Context,
  creation: Creation,
  githubId: number,
  placement: Placement,
): Promise<void> {
  const wanted = await context.store.transaction(async (transaction) => {
    const {runner, key, now} = await readCreation(context, transaction, creation);
    renewWithin(transaction, key, creation.lease, now);
    if (!runner || runner.spare || runner.state === 'draining' || isOver(runner)) {
      return false;
    }
    transaction.set('runners', runner.name, {
      ...advanceRunner(runner, 'creating', now),
      // mutation: id before insert
      githubId: githubId,
      ...placed(placement),
    });
    return true;
  });
  if (!wanted) throw new NotWanted(creation, githubId);
}

/** GitHub refused to register the runner: nothing of ours stands under its name. */
export async function recordUntried(context: Context, {name}: RunnerDocument): Promise<void> {
  await context.store.transaction(async (transaction) => {
    const runner = await transaction.get('runners', name);
    if (runner?.state !== 'requested' || runner.githubId !== null) return;
    transaction.set('runners', name, {...runner, registrationTriedAt: null});
  });
}

/** The VM is there (`placement`), or the runner is online already. The key is done. Returns the runner as it stands. */
export async function recordCreated(
  context: Context,
  creation: Creation,
  placement: Placement | undefined,
): Promise<RunnerDocument> {
  return context.store.transaction(async (transaction) => {
    const {runner = creation.runner, key, now} = await readCreation(context, transaction, creation);
    finishWithin(transaction, key, creation.lease);
    const advanced = {...advanceRunner(runner, 'booting', now), ...(placement ? placed(placement) : {})};
    const booting = isWithoutJob(runner) && advanced.covers === null ? spared(advanced, now) : advanced;
    transaction.set('runners', runner.name, booting);
    return booting;
  });
}

export async function renewLease(context: Context, lease: Lease): Promise<void> {
  await context.store.transaction(async (transaction) => {
    const key = await transaction.get('keys', keyId(lease.key));
    renewWithin(transaction, key, lease, context.clock.now());
  });
}

/** A handled failure: the next attempt need not wait for the lease to run out. */
export async function releaseLease(context: Context, lease: Lease): Promise<void> {
  await context.store.transaction(async (transaction) => {
    const key = await transaction.get('keys', keyId(lease.key));
    if (key?.state !== 'claimed' || key.holder !== lease.holder) return;
    transaction.set('keys', keyId(lease.key), {...key, leaseUntil: 0});
  });
}

async function readCreation(context: Context, transaction: Transaction, {runner, lease}: Creation) {
  return {
    runner: await transaction.get('runners', runner.name),
    key: await transaction.get('keys', keyId(lease.key)),
    now: context.clock.now(),
  };
}
