import type {Outcome} from '../decisions';
import {LeaseHeld, NameTaken, NoCapacity, QuotaExceeded, RateLimited, Refused, Unavailable, Uncertain} from '../errors';
import type {JitConfig} from '../github/github';
import {quotaBreaker} from '../model/breaker';
import {keyId, runnerKey} from '../model/lease';
import {type Placement, placementOf} from '../model/placement';
import {isBeingCreated, isOver, providerOf, type RunnerDocument} from '../model/runner';
import {type Context, githubOf, poolOf} from '../ports';
import type {CreateOutcome, Machine} from '../providers/provider';
import {openBreaker, passBreakers} from './breakers';
import {
  beginCreation,
  type Creation,
  claimInTransaction,
  NotWanted,
  recordAttempt,
  recordCreated,
  recordNotRegistered,
  releaseLease,
  renewLease,
  replaceRunner,
} from './create-records';
import {placeUnassigned} from './idle';
import {findRegistration, machineOf, removeMachine, retireRunner, settleRegistration} from './retire';

/** Names tried when GitHub has a registration of the first one. */
const MAX_NAMES = 3;

/** `created`: a VM is there. `alive`: the runner was there already. `not_wanted`: its job went, and so did it. */
export type Created = {readonly kind: 'created' | 'alive' | 'not_wanted'; readonly runner: RunnerDocument};

/**
 * Registers the runner and makes its machine: claim → JIT config → insert → operation. Whatever a crashed execution left behind is
 * looked for first. Fails with a typed error after it has cleaned up; the lease is then free for the next attempt.
 */
export async function createRunner(context: Context, creation: Creation): Promise<Created> {
  // The runner may have to change its name, and with it its lease.
  let current = creation;
  const renamed = (next: Creation) => {
    current = next;
  };
  try {
    const resumed = await resumeCreation(context, creation);
    return resumed ?? (await registerAndInsert(context, creation, renamed));
  } catch (error) {
    if (error instanceof NotWanted) return abandonCreation(context, error);
    if (!(error instanceof LeaseHeld)) await releaseLease(context, current.lease);
    throw error;
  }
}

/** An execution before this one may have got as far as the insert: then the VM is looked for where it was going to be. */
async function resumeCreation(context: Context, creation: Creation): Promise<Created | undefined> {
  const {runner} = creation;
  const attempted = placementOf(runner);
  if (runner.state !== 'creating' || !attempted) return undefined;
  const machine = await context.provider(runner.pool, providerOf(runner)).find(machineOf(runner));
  if (!machine) return undefined;
  if (machine.status === 'stopping' || machine.status === 'stopped')
    return settleEndedMachine(context, creation, machine);
  // It may still turn out to have no capacity, and vanish.
  if (machine.status === 'starting') {
    throw new Uncertain(`${runner.name} is ${machine.status}: whether there is capacity for it is not known yet`, 10);
  }
  return finishCreation(context, creation, placementOfMachine(creation, machine));
}

/**
 * The VM was made, and has ended before that was written down. GitHub removes an ephemeral runner when its job is over, so without a
 * registration it has run one, whose `completed` releases it. With one that is offline nothing ran: the VM goes, then the registration,
 * and the next attempt takes the next name.
 */
// mutation: settle ended VM
async function settleEndedMachine(context: Context, creation: Creation, machine: Machine): Promise<Created> {
  const {runner, lease} = creation;
  const github = githubOf(context, runner);
  const registration = await findRegistration(github, runner);
  if (!registration || registration.status === 'online' || registration.busy) {
    return finishCreation(context, creation, placementOfMachine(creation, machine));
  }
  await renewLease(context, lease);
  await removeMachine(context, runner, machine.place);
  await github.deleteRunner(registration.id);
  await replaceRunner(context, creation, 'leave', 'none');
  throw new Unavailable(`the VM of ${runner.name} ended before a runner had started on it`, 5);
}

/** Where the machine was found, with what was written down before its insert. */
function placementOfMachine({runner}: Creation, {place}: Machine): Placement {
  return {spot: false, ...placementOf(runner), place};
}

async function registerAndInsert(
  context: Context,
  first: Creation,
  renamed: (next: Creation) => void,
): Promise<Created> {
  let creation = first;
  for (let tries = 1; ; tries++) {
    const registered = await register(context, creation);
    if (registered === 'alive') return {kind: 'alive', runner: await recordCreated(context, creation, undefined)};
    if (typeof registered === 'object') {
      const outcome = await insertMachine(context, creation, registered);
      if (outcome.kind === 'created') return finishCreation(context, creation, outcome.placement);
      if (outcome.kind !== 'name_taken') return cleanUpAndThrow(context, creation, registered, outcome);
      await deregister(context, creation.runner, registered.runnerId);
    }
    // mutation: registration in doubt
    const left = registered === 'name_in_doubt' ? 'perhaps' : 'none';
    creation = await replaceRunner(context, creation, tries === MAX_NAMES ? 'leave' : 'claim', left);
    renamed(creation);
    if (tries === MAX_NAMES) {
      throw new Uncertain(
        `${MAX_NAMES} names before ${creation.runner.name} were all in use at GitHub or Compute Engine`,
        30,
      );
    }
  }
}

/**
 * One call when all is well. A name that we had not tried before and that is in use is somebody else's. Otherwise, and where the answer was
 * lost, it is settled by looking: a live twin is left alone, a left-over registration is removed and its name not used again.
 */
async function register(
  context: Context,
  {runner, wasRegistrationTried}: Creation,
): Promise<JitConfig | 'name_in_use' | 'name_in_doubt' | 'alive'> {
  const github = githubOf(context, runner);
  const runnerGroup = poolOf(context, runner.pool)?.runnerGroup ?? 'Default';
  try {
    return await github.createJitConfig({name: runner.name, labels: runner.labels, runnerGroup});
  } catch (error) {
    // Nothing was registered, and the next attempt knows it.
    if ((error instanceof RateLimited || error instanceof Refused) && !wasRegistrationTried)
      await recordNotRegistered(context, runner);
    if (!(error instanceof NameTaken || error instanceof Uncertain)) throw error;
    const fields = {runner: runner.name, pool: runner.pool, error};
    // mutation: name of somebody else
    if (error instanceof NameTaken && !wasRegistrationTried && runner.githubId === null) {
      const message = `somebody else has registered a runner ${runner.name}: the next name is taken`;
      context.logger.warning(message, {decision: 'foreign', ...fields});
      return 'name_in_use';
    }
    context.logger.warning('looking whether the registration exists', {decision: 'settle', ...fields});
    const settled = await settleRegistration(github, runner);
    if (settled === 'alive') return 'alive';
    return settled === 'absent' ? 'name_in_doubt' : 'name_in_use';
  }
}

async function insertMachine(context: Context, creation: Creation, jit: JitConfig): Promise<CreateOutcome> {
  const {runner} = creation;
  return context.provider(runner.pool).create({
    name: runner.name,
    pool: runner.pool,
    job: runner.madeFor,
    encodedJitConfig: jit.encodedJitConfig,
    beforeInsert: (placement) => recordAttempt(context, creation, jit.runnerId, placement),
    onWaiting: () => renewLease(context, creation.lease),
  });
}

async function finishCreation(context: Context, creation: Creation, placement: Placement): Promise<Created> {
  const {place: zone, machineType, spot} = placement;
  const runner = await recordCreated(context, creation, placement);
  context.logger.info(`runner ${runner.name} is booting in ${zone}`, {
    decision: 'created',
    runner: runner.name,
    pool: runner.pool,
    zone,
    machineType,
    spot,
  });
  // It became spare after the insert had been accepted, or was made without a job: only now can another job have it.
  if (runner.spare) await placeUnassigned(context, runner.name);
  // Its job ended while the VM was being made, and the release found nothing to delete.
  if (isOver(runner)) await removeMachine(context, runner, zone);
  return {kind: 'created', runner};
}

/** No VM was made: the registration goes before the task answers, and the next attempt gets a new name. */
async function cleanUpAndThrow(
  context: Context,
  creation: Creation,
  jit: JitConfig,
  outcome: CreateOutcome,
): Promise<never> {
  const {runner} = creation;
  // There may be a VM: its registration stays until somebody has looked.
  if (outcome.kind === 'uncertain') throw new Uncertain(outcome.message, 10);
  if (outcome.kind === 'created') throw new RangeError('a created machine is no failure');
  // Fences off an execution that lost its lease, before it takes anything away.
  await renewLease(context, creation.lease);
  // mutation: deregister after failed insert
  await deregister(context, runner, jit.runnerId);
  await replaceRunner(context, creation, 'leave', 'none');
  switch (outcome.kind) {
    case 'no_capacity':
      throw new NoCapacity(`no capacity for ${runner.name}: ${outcome.message}`, 30);
    case 'quota':
      await openBreaker(context, quotaBreaker(runner.pool, outcome.quotaScope), outcome.message, 60);
      throw new QuotaExceeded(`quota exceeded in ${outcome.quotaScope}: ${outcome.message}`, 60);
    case 'rate_limited':
      throw new Unavailable(outcome.message, outcome.retryAfterSeconds);
    default:
      throw new Refused(outcome.message);
  }
}

async function deregister(context: Context, runner: RunnerDocument, githubId: number): Promise<void> {
  await githubOf(context, runner).deleteRunner(githubId);
}

async function abandonCreation(context: Context, {creation: {runner, lease}, githubId}: NotWanted): Promise<Created> {
  context.logger.info(`runner ${runner.name} is not wanted any more`, {decision: 'abandoned', runner: runner.name});
  // By its id where there is one: a list leaves out what was registered a moment ago. Else whoever gave the name up has settled it.
  // mutation: deregister abandoned
  if (githubId !== null) await deregister(context, runner, githubId);
  await retireRunner(context, runner, 'failed');
  await releaseLease(context, lease);
  return {kind: 'not_wanted', runner};
}

/** A runner that was written down without a job is made. */
export async function createRequestedRunner(context: Context, name: string): Promise<Outcome> {
  const requested = await context.store.get('runners', name);
  if (!requested || !isBeingCreated(requested)) {
    return {decision: 'not_wanted', reason: requested?.state ?? 'unknown_runner'};
  }
  const {scope} = requested;
  const owner = scope.kind === 'organization' ? scope.org : scope.owner;
  const guarded = await passBreakers(context, requested.pool, `${owner}/`);
  const creation = await claimCreation(context, name);
  if (!creation) return {decision: 'covered'};
  const {kind, runner} = await guarded(() => createRunner(context, creation));
  return {decision: kind === 'created' ? 'booting' : kind, reason: runner.name};
}

async function claimCreation(context: Context, name: string): Promise<Creation | undefined> {
  const lease = {key: runnerKey(name), holder: context.random.uuid()};
  return context.store.transaction(async (transaction) => {
    const runner = await transaction.get('runners', name);
    const key = await transaction.get('keys', keyId(lease.key));
    if (!runner || !isBeingCreated(runner)) return undefined;
    const now = context.clock.now();
    return claimInTransaction(transaction, key, lease, now) === 'done'
      ? undefined
      : beginCreation(transaction, runner, lease, now);
  });
}
