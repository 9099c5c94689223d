import type {Outcome} from '../decisions';
import {keyId, runnerKey} from '../model/lease';
import {isBeingMade} from '../model/runner';
import type {Context} from '../ports';
import {passBreakers} from './breakers';
import {createRunner} from './create-runner';
import {cleanUp} from './give-up';
import {type Creation, claimedCreation, claimWithin} from './lease';
import {retireRunner} from './retire-runner';

/** A runner that was written down without a job is made. */
export async function makeRunner(context: Context, name: string): Promise<Outcome> {
  const requested = await context.store.get('runners', name);
  if (!requested || !isBeingMade(requested)) {
    return {decision: 'not_wanted', reason: requested?.state ?? 'unknown_runner'};
  }
  const {scope} = requested;
  const owner = scope.kind === 'organization' ? scope.org : scope.owner;
  const guarded = await passBreakers(context, requested.pool, `${owner}/`);
  const creation = await claim(context, name);
  if (!creation) return {decision: 'covered'};
  const {kind, runner} = await guarded(() => createRunner(context, creation));
  return {decision: kind === 'created' ? 'booting' : kind, reason: runner.name};
}

async function claim(context: Context, name: string): Promise<Creation | undefined> {
  const lease = {key: runnerKey(name), holder: context.random.uuid()};
  return context.store.transaction(async (transaction) => {
    const runner = await transaction.get('runners', name);
    const key = await transaction.get('keys', keyId(lease.key));
    if (!runner || !isBeingMade(runner)) return undefined;
    const now = context.clock.now();
    return claimWithin(transaction, key, lease, now) === 'done'
      ? undefined
      : claimedCreation(transaction, runner, lease, now);
  });
}

/** No further attempt will be made. */
export async function giveUpRunner(context: Context, name: string): Promise<void> {
  const runner = await context.store.get('runners', name);
  if (!runner || !isBeingMade(runner)) return;
  if ((await cleanUp(context, runner)) === 'removed') await retireRunner(context, runner, 'failed');
}
