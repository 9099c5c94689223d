import {LeaseHeld, NoCapacity, OptionNotAllowed, QuotaExceeded, Refused, Unavailable, Uncertain} from '../errors';
import type {JitConfig} from '../github/github';
import type {MachineOptions} from '../model/options';
import {placementOf} from '../model/placement';
import {isOver, isWithoutJob, machineProvider, type RunnerDocument} from '../model/runner';
import {scopeName} from '../model/scope';
import {type Context, githubOf, poolOf} from '../ports';
import type {CreateOutcome, Machine} from '../providers/provider';
import {Secret} from '../secret';
import {openQuotaBreaker} from './breaker-failures';
import {chosenFor, hasChosenSize} from './chosen-machine';
import {
  type Creation,
  type MadeMachine,
  NotWanted,
  recordAttempt,
  recordCreated,
  recordNothingMade,
  recordNotRegistered,
  replaceRunner,
} from './create-records';
import {releaseLease, renewLease} from './creation-lease';
import {recordFullPlacement} from './full-placements';
import {placeUnassigned} from './idle';
import {deregister, isPickedUp, registerAndReadAhead} from './register';
import {findRegistration, machineOf, removeMachine, retireRunner} from './retire';
import {beginStandby} from './standby-begin';

/** Names tried in one execution when GitHub or Compute Engine already has a runner or VM of the first name. */
const MAX_NAMES = 3;

/** `created`: the VM is created. `alive`: the runner was online already. `not_wanted`: no job needs the runner any more, and it is removed. */
export type Created = {readonly kind: 'created' | 'alive' | 'not_wanted'; readonly runner: RunnerDocument};

/**
 * Registers the runner and creates its VM: JIT config, insert, operation. First looks for what a crashed execution may have created. On
 * failure it cleans up, ends the lease for the next attempt, and throws a typed error.
 */
export async function createRunner(context: Context, creation: Creation): Promise<Created> {
  // A runner that gets another name also gets another lease.
  let current = creation;
  const renamed = (next: Creation) => {
    current = next;
  };
  try {
    if (creation.runner.standby) return await beginClaimed(context, creation, renamed);
    const resumed = await resumeCreation(context, creation);
    return resumed ?? (await registerAndInsert(context, creation, renamed));
  } catch (error) {
    if (error instanceof NotWanted) return abandonCreation(context, error);
    if (!(error instanceof LeaseHeld)) await releaseLease(context, current.lease);
    throw error;
  }
}

/** Starts the standby machine that the job has claimed. If it comes to nothing, a machine is created as for any other job. */
async function beginClaimed(context: Context, creation: Creation, renamed: (next: Creation) => void): Promise<Created> {
  const begun = await beginStandby(context, creation);
  switch (begun.kind) {
    case 'begun':
      return finishCreation(context, creation, begun.made);
    case 'alive':
      return {kind: 'alive', runner: await recordCreated(context, creation, undefined)};
    case 'ended':
      return settleEndedMachine(context, creation, begun.machine);
    case 'next':
      renamed(begun.creation);
      return registerAndInsert(context, begun.creation, renamed);
  }
}

/** Looks for the VM that an earlier execution may have inserted, in the place on record. Undefined: there is none, and the creation starts. */
async function resumeCreation(context: Context, creation: Creation): Promise<Created | undefined> {
  const {runner} = creation;
  const attempted = placementOf(runner);
  if (runner.state !== 'creating' || !attempted) return undefined;
  const machine = await context.provider(runner.pool, machineProvider(runner)).find(machineOf(runner));
  if (!machine) return undefined;
  if (machine.status === 'stopping' || machine.status === 'stopped')
    return settleEndedMachine(context, creation, machine);
  // Compute Engine may still find no capacity for the VM, and delete it.
  if (machine.status === 'starting' && !isPickedUp(context, runner)) {
    throw new Uncertain(`${runner.name} is ${machine.status}: whether there is capacity for it is not known yet`, 10);
  }
  return finishCreation(context, creation, madeMachine(creation, machine));
}

/**
 * The VM has ended before its creation was recorded. GitHub deletes an ephemeral registration when its job is over. So without a
 * registration the runner has run a job, whose `completed` releases the runner. With an offline registration it has run none: the VM and
 * then the registration are deleted, and the next attempt takes the next name.
 */
// mutation: settle ended VM
async function settleEndedMachine(context: Context, creation: Creation, machine: Machine): Promise<Created> {
  const {runner, lease} = creation;
  const github = githubOf(context, runner);
  const registration = await findRegistration(github, runner);
  if (!registration || registration.status === 'online' || registration.busy) {
    return finishCreation(context, creation, madeMachine(creation, machine));
  }
  await renewLease(context, lease);
  const removal = await removeMachine(context, runner, machine);
  await github.deleteRunner(registration.id);
  await replaceRunner(context, creation, 'leave', 'none', removal);
  throw new Unavailable(`the VM of ${runner.name} ended before a runner had started on it`, 5);
}

/** The machine that was found, in its place, with the machine type and spot that were recorded before its insert. */
function madeMachine({runner}: Creation, {id, place}: Machine): MadeMachine {
  return {id, placement: {spot: false, ...placementOf(runner), place}};
}

/** Registers the runner and inserts its VM, under at most `MAX_NAMES` names. `renamed` is told each creation under another name. */
async function registerAndInsert(
  context: Context,
  first: Creation,
  renamed: (next: Creation) => void,
): Promise<Created> {
  let creation = first;
  const isPickup = isPickedUp(context, creation.runner);
  const options = await allowedOptions(context, creation);
  for (let tries = 1; ; tries++) {
    const registered = isPickup ? null : await registerAndReadAhead(context, creation);
    if (registered === 'alive') return {kind: 'alive', runner: await recordCreated(context, creation, undefined)};
    if (typeof registered === 'object') {
      const outcome = await insertMachine(context, creation, registered, options);
      if (outcome.kind === 'created') return finishCreation(context, creation, outcome);
      if (outcome.kind !== 'name_taken') return cleanUpAndThrow(context, creation, registered, outcome);
      if (registered) await deregister(context, creation.runner, registered.runnerId);
    }
    // mutation: registration in doubt
    const left = isPickup || registered === 'name_in_doubt' ? 'perhaps' : 'none';
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

/** What the runner's labels choose of its machine. Throws `OptionNotAllowed` before anything is registered. */
async function allowedOptions(context: Context, {runner, wasRegistrationTried}: Creation): Promise<MachineOptions> {
  const chosen = chosenFor(context, runner);
  if (chosen.kind === 'allowed') return chosen.options;
  if (!wasRegistrationTried) await recordNotRegistered(context, runner);
  throw notAllowed(runner, chosen.because);
}

function notAllowed({name}: RunnerDocument, because: string): OptionNotAllowed {
  return new OptionNotAllowed(`${name} cannot be created as its job asks for it: ${because}`);
}

/** Inserts the VM. The provider tries the placements of the pool. `jit`: null where the runner is registered later. */
async function insertMachine(
  context: Context,
  creation: Creation,
  jit: JitConfig | null,
  options: MachineOptions,
): Promise<CreateOutcome> {
  const {runner, full} = creation;
  return context.provider(runner.pool).create({
    name: runner.name,
    pool: runner.pool,
    job: runner.madeFor,
    encodedJitConfig: jit?.encodedJitConfig ?? new Secret(''),
    scope: runner.scope,
    labels: runner.labels,
    options,
    repository: () => repositoryOf(context, runner),
    beforeInsert: (...insert) => recordAttempt(context, creation, jit?.runnerId ?? null, ...insert),
    onWaiting: () => renewLease(context, creation.lease),
    // With a disk of its own the disk may be what there is no room for.
    ...(options.disk === undefined
      ? {full: full ?? [], onFull: (placement) => recordFullPlacement(context, runner.pool, placement)}
      : {}),
  });
}

/** The repository of the job that waits for the runner; undefined: none does. */
async function repositoryOf({store}: Context, {scope, madeFor}: RunnerDocument): Promise<string | undefined> {
  return scope.kind === 'repository' ? scopeName(scope) : (await store.get('jobs', madeFor))?.repository;
}

/** Records and logs the created VM. */
async function finishCreation(context: Context, creation: Creation, made: MadeMachine): Promise<Created> {
  const {place: zone, machineType, spot} = made.placement;
  const runner = await recordCreated(context, creation, made);
  context.logger.info(`runner ${runner.name} is booting in ${zone}`, {
    decision: 'created',
    runner: runner.name,
    pool: runner.pool,
    zone,
    machineType,
    spot,
    ...(runner.standby ? {standby: runner.standby} : {}),
  });
  // The runner was requested without a job, or lost its job after the insert. Only a runner whose VM exists can be assigned.
  if (runner.spare) await placeUnassigned(context, runner.name);
  // The job ended during the creation, when its release found no VM to delete.
  if (isOver(runner)) await retireRunner(context, runner, 'gone', await removeMachine(context, runner));
  return {kind: 'created', runner};
}

/** No VM was created: deletes the registration before the task is answered, and gives the next attempt a new name. Throws the outcome's error. */
async function cleanUpAndThrow(
  context: Context,
  creation: Creation,
  jit: JitConfig | null,
  outcome: CreateOutcome,
): Promise<never> {
  const {runner} = creation;
  // A VM may exist, so its registration stays until the next attempt has looked.
  if (outcome.kind === 'uncertain') throw new Uncertain(outcome.message, 10);
  if (outcome.kind === 'created') throw new RangeError('a created machine is no failure');
  // Fences off an execution that lost its lease, before it deletes anything.
  await renewLease(context, creation.lease);
  // Without a registration the name is as good as new.
  if (jit) {
    // mutation: deregister after failed insert
    await deregister(context, runner, jit.runnerId);
    if (isForGood(outcome.kind)) await recordNothingMade(context, creation);
    // Else `serveDemand` gives the job to another pool, or the runner its next name.
    else if (!mayFallBack(context, runner, outcome.kind)) await replaceRunner(context, creation, 'leave', 'none');
  }
  switch (outcome.kind) {
    case 'no_capacity':
      throw new NoCapacity(`no capacity for ${runner.name}: ${outcome.message}`, 30);
    case 'quota':
      // Of a machine or disk that its job has chosen, the quota may be short where it has room for the pool's own.
      if (!hasChosenSize(context, runner))
        await openQuotaBreaker(context, runner.pool, outcome.quotaScope, outcome.message, 60);
      throw new QuotaExceeded(`quota exceeded in ${outcome.quotaScope}: ${outcome.message}`, 60);
    case 'rate_limited':
      throw new Unavailable(outcome.message, outcome.retryAfterSeconds);
    case 'option_not_allowed':
      throw notAllowed(runner, outcome.message);
    default:
      throw new Refused(outcome.message);
  }
}

/** Whether the runner is given up after this outcome, and so needs no other name. */
function isForGood(outcome: CreateOutcome['kind']): boolean {
  return outcome === 'option_not_allowed' || outcome === 'refused';
}

/** Whether another pool may serve the runner's job after this outcome. */
function mayFallBack(context: Context, runner: RunnerDocument, outcome: CreateOutcome['kind']): boolean {
  const lacks = outcome === 'no_capacity' || outcome === 'quota';
  return lacks && !isWithoutJob(runner) && poolOf(context, runner.pool)?.fallback !== undefined;
}

/** Removes what exists of a runner that no job needs any more. */
async function abandonCreation(
  context: Context,
  {creation: {runner, lease}, githubId, removal}: NotWanted,
): Promise<Created> {
  context.logger.info(`runner ${runner.name} is not wanted any more`, {decision: 'abandoned', runner: runner.name});
  // Deleted by its id, because GitHub's list may omit a registration made a moment ago. Without an id, whoever gave up the name has settled it.
  // mutation: deregister abandoned
  if (githubId !== null) await deregister(context, runner, githubId);
  // A standby machine is there before its runner is registered.
  const deleted = removal ?? (runner.standby ? await removeMachine(context, runner) : undefined);
  await retireRunner(context, runner, 'failed', deleted);
  await releaseLease(context, lease);
  return {kind: 'not_wanted', runner};
}
