import {Refused, Uncertain} from '../errors';
import {placementOf} from '../model/placement';
import {machineProvider, type RunnerDocument} from '../model/runner';
import {type Context, githubOf} from '../ports';
import type {
  BeginRequest,
  CreateOutcome,
  Machine,
  RunnerProvider,
  StandbyLook,
  StandbyReference,
} from '../providers/provider';
import {type Creation, type MadeMachine, recordAttempt, replaceRunner} from './create-records';
import {renewLease} from './creation-lease';
import {register} from './register';
import {machineOf, removeMachine, settleRegistration} from './retire';

/**
 * What became of a claimed standby machine. `begun`: it starts with its JIT config. `alive`: its runner is online. `ended`: it has ended with
 * its JIT config. `next`: it came to nothing and is deleted, and the job's next runner gets a machine like any other.
 */
export type Begun =
  | {readonly kind: 'begun'; readonly made: MadeMachine}
  | {readonly kind: 'alive'}
  | {readonly kind: 'ended'; readonly machine: Machine}
  | {readonly kind: 'next'; readonly creation: Creation};

/**
 * Registers the runner of a claimed standby machine and starts the machine with its JIT config. Its name is registered once at most: whatever
 * fails after that ends the machine. Throws what may pass by itself, before the machine was touched or while it may have begun.
 */
export async function beginStandby(context: Context, creation: Creation): Promise<Begun> {
  const {runner} = creation;
  const provider = context.provider(runner.pool, machineProvider(runner));
  if (runner.state === 'creating') return resume(context, creation, provider);
  if (creation.wasRegistrationTried) return settle(context, creation, 'an execution before this one did not begin it');
  const registered = await register(context, creation);
  if (registered === 'alive') return {kind: 'alive'};
  if (typeof registered !== 'object') {
    const left = registered === 'name_in_doubt' ? 'perhaps' : 'none';
    return giveUp(context, creation, null, left, 'its name could not be registered');
  }
  const placement = placementOf(runner);
  if (!placement) throw new RangeError(`the record of ${runner.name} has no placement`);
  await recordAttempt(context, creation, registered.runnerId, placement, runner.billedType ?? undefined);
  const outcome = await begin(provider, {
    machine: referenceOf(runner),
    placement,
    job: runner.madeFor,
    encodedJitConfig: registered.encodedJitConfig,
    onWaiting: () => renewLease(context, creation.lease),
  });
  switch (outcome.kind) {
    case 'created':
      return {kind: 'begun', made: outcome};
    case 'uncertain':
      throw new Uncertain(outcome.message, 10);
    default:
      return giveUp(context, creation, registered.runnerId, 'none', outcome.message);
  }
}

async function begin({standby}: RunnerProvider, request: BeginRequest): Promise<CreateOutcome> {
  if (!standby) return {kind: 'refused', message: 'its provider holds no standby machines any more'};
  try {
    return await standby.begin(request);
  } catch (error) {
    if (!(error instanceof Refused)) throw error;
    return {kind: 'refused', message: error.message};
  }
}

/** An earlier execution registered the runner, and may have given the machine its JIT config, which nobody has any more. */
async function resume(context: Context, creation: Creation, provider: RunnerProvider): Promise<Begun> {
  const {runner} = creation;
  const machine = await provider.find(machineOf(runner));
  if (machine?.status === 'stopping' || machine?.status === 'stopped') return {kind: 'ended', machine};
  const look = machine && (await lookAt(provider, referenceOf(runner)));
  if (machine && look?.state === 'begun') {
    if (machine.status === 'starting')
      throw new Uncertain(`${runner.name} is starting: whether there is capacity for it is not known yet`, 10);
    return {
      kind: 'begun',
      made: {id: machine.id, placement: {spot: false, ...placementOf(runner), place: machine.place}},
    };
  }
  return settle(context, creation, machine ? 'it has no JIT config' : 'it is gone');
}

/** Undefined: the provider does not tell of it. One that has its JIT config is told of by that alone. */
async function lookAt({standby}: RunnerProvider, machine: StandbyReference): Promise<StandbyLook | undefined> {
  try {
    return await standby?.look(machine);
  } catch (error) {
    if (error instanceof Refused) return undefined;
    throw error;
  }
}

/** Looks for the registration that an earlier execution may have made, and gives the machine up. */
async function settle(context: Context, creation: Creation, because: string): Promise<Begun> {
  const {runner} = creation;
  await renewLease(context, creation.lease);
  const settled = await settleRegistration(githubOf(context, runner), runner);
  if (settled === 'alive') return {kind: 'alive'};
  return giveUp(
    context,
    creation,
    null,
    settled === 'absent' && runner.githubId === null ? 'perhaps' : 'none',
    because,
  );
}

/** Deregisters the runner, deletes its machine, and gives the job's next runner its slot. `githubId`: of a registration that is there. */
async function giveUp(
  context: Context,
  creation: Creation,
  githubId: number | null,
  left: 'none' | 'perhaps',
  because: string,
): Promise<Begun> {
  const {runner, lease} = creation;
  // Fences off an execution that lost its lease, before it deletes anything.
  await renewLease(context, lease);
  context.logger.warning(`standby machine ${runner.name} did not begin, and is deleted: ${because}`, {
    decision: 'standby_failed',
    runner: runner.name,
    pool: runner.pool,
    job: runner.madeFor,
  });
  if (githubId !== null && (await githubOf(context, runner).deleteRunner(githubId)) === 'busy') {
    throw new Uncertain(`${runner.name} runs a job`, 10);
  }
  // mutation: delete failed standby
  const removal = await removeMachine(context, runner);
  return {kind: 'next', creation: await replaceRunner(context, creation, 'claim', left, removal)};
}

function referenceOf(runner: RunnerDocument): StandbyReference {
  return {...machineOf(runner), pool: runner.pool, hold: runner.standby ?? 'stopped'};
}
