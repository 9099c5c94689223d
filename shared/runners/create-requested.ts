import type {Outcome} from '../decisions';
import {runnerKey} from '../model/lease';
import {isBeingCreated} from '../model/runner';
import type {Context} from '../ports';
import {passBreakers, passMachineBreakers} from './breakers';
import {createRunner} from './create';
import {beginCreation, type Creation} from './create-records';
import {readLease} from './creation-lease';
import {isPickedUp} from './register';

/** Creates a runner that was requested without a job. */
export async function createRequestedRunner(context: Context, name: string): Promise<Outcome> {
  const requested = await context.store.get('runners', name);
  if (!requested || !isBeingCreated(requested)) {
    return {decision: 'not_wanted', reason: requested?.state ?? 'unknown_runner'};
  }
  const {scope} = requested;
  const owner = scope.kind === 'organization' ? scope.org : scope.owner;
  const pass = isPickedUp(context, requested) ? passMachineBreakers : passBreakers;
  const guarded = await pass(context, requested.pool, `${owner}/`);
  const creation = await claimCreation(context, name);
  if (!creation) return {decision: 'covered'};
  const {kind, runner} = await guarded((full) => createRunner(context, {...creation, full}));
  return {decision: kind === 'created' ? 'booting' : kind, reason: runner.name};
}

/** Claims the creation of the runner; undefined: it is done, or the runner is not being created. Throws `LeaseHeld`. */
async function claimCreation(context: Context, name: string): Promise<Creation | undefined> {
  const lease = {key: runnerKey(name), holder: context.random.uuid(), runner: name};
  return context.store.transaction(async (transaction) => {
    const runner = await transaction.get('runners', name);
    if (!runner || !isBeingCreated(runner)) return undefined;
    const key = await readLease(transaction, lease, runner);
    return beginCreation(transaction, runner, key, lease, context.clock.now());
  });
}
