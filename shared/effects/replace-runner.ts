import {jobKeyOf} from '../model/job';
import {creationKey, keyId, runnerKey} from '../model/lease';
import {parseRunnerName, runnerName} from '../model/names';
import {placed} from '../model/placement';
import {advanceRunner, isBeingMade, isWithoutJob, type RunnerDocument} from '../model/runner';
import {takenSlot} from '../model/slot';
import type {Context} from '../ports';
import {type Creation, claimWithin, finishWithin} from './lease';
import {NotWanted} from './record-creation';

/**
 * Gives up the runner's name: the next number takes over its slot and the job that it covers. `claim`: this execution goes on with it;
 * `leave`: a later one will. A name is never used twice, so that nothing late can be mistaken for it. `registration`: what may still stand
 * under the old name. `none`: nothing of ours, and nobody will look for it; `perhaps`: one that no list showed yet, which the sweep removes.
 */
export async function replaceRunner(
  context: Context,
  creation: Creation,
  next: 'claim' | 'leave',
  registration: 'none' | 'perhaps',
): Promise<Creation> {
  const replaced = await context.store.transaction(async (transaction) => {
    const now = context.clock.now();
    const {lease} = creation;
    const old = await transaction.get('runners', creation.runner.name);
    const oldKey = await transaction.get('keys', keyId(lease.key));
    if (!old || !isBeingMade(old)) return undefined;
    const job = await transaction.get('jobs', old.madeFor);
    if (isWithoutJob(old) ? old.spare : !job || old.covers === null) return undefined;
    const held = [old.slot, old.slotOfAll].filter((id) => typeof id === 'string');
    const slots = await Promise.all(held.map((id) => transaction.get('slots', id)));
    const covered = old.covers === old.madeFor || old.covers === null ? job : await transaction.get('jobs', old.covers);

    const parsed = parseRunnerName(context.deployment, old.name);
    const jobId = job?.jobId ?? parsed?.jobId ?? 0;
    const creations = (job?.creations ?? parsed?.n ?? 0) + 1;
    const name = runnerName(context.deployment, old.pool, jobId, creations);
    const runner: RunnerDocument = {
      ...old,
      name,
      state: 'requested',
      githubId: null,
      registrationTriedAt: next === 'claim' ? now : null,
      ...placed(null),
      createdAt: now,
      stateAt: now,
    };
    const key = job ? creationKey({...job, creations}) : runnerKey(name);
    const nextLease = {key, holder: lease.holder};
    if (next === 'claim') claimWithin(transaction, undefined, nextLease, now);
    finishWithin(transaction, oldKey, lease);
    const registered =
      registration === 'none'
        ? {registrationTriedAt: null}
        : {githubId: null, registrationTriedAt: old.registrationTriedAt ?? now};
    const given = {slot: null, slotOfAll: null};
    transaction.set('runners', old.name, {...advanceRunner(old, 'failed', now), ...registered, ...given});
    transaction.set('runners', name, runner);
    held.forEach((id, index) => {
      const slot = slots[index];
      if (slot) transaction.set('slots', id, takenSlot(slot, name, now));
    });
    if (job) {
      const ownJob = {...job, creations, updatedAt: now};
      transaction.set('jobs', old.madeFor, covered === job ? {...ownJob, runner: name} : ownJob);
    }
    if (covered && covered !== job) transaction.set('jobs', jobKeyOf(covered), {...covered, runner: name});
    return {runner, lease: nextLease, wasTried: false};
  });
  if (!replaced) throw new NotWanted(creation, null);
  return replaced;
}
