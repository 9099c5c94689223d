import {Refused} from '../errors';
import {isRegistrationOf, isUnused, wasRegistrationTried} from '../model/identity';
import {isOver, machineProvider, type RunnerDocument} from '../model/runner';
import {demandTask} from '../model/tasks';
import {type Context, githubOf} from '../ports';
import {recordBootFailure} from '../runners/breaker-failures';
import {reopenCovered} from '../runners/fail';
import {readRunner} from '../runners/read-runner';
import {findRegistration, machineOf, removeMachine, retireRunner} from '../runners/retire';
import {bootFailure} from './boot-failure';
import type {Sweep} from './context';
import type {Registered} from './observed';
import {lostJob} from './preempted';
import type {ActionOutcome, EndOptions, EndRunner, LeftoverVm, Removed} from './rule';

/**
 * Deregisters the runner, which GitHub refuses (422) while a job runs; then reopens the assigned job, deletes the VM and hands the slot to
 * the next job. Results: `left`: the runner is alive; `gone`: the runner was over already; `preempted`: with the job that failed.
 */
export async function endRunner(
  sweep: Sweep,
  action: EndRunner<string>,
  options: EndOptions = {},
): Promise<ActionOutcome> {
  const {context} = sweep;
  const {unlessOnline = false, hasVanished = false, failedToBoot = false, lackedCapacity = false} = options;
  const {runner: name, reason, isDead, force, jobUrl} = action;
  const runner = await readRunner(context.store, name);
  if (!runner || isOver(runner)) return {decision: 'gone'};
  // The runner began to run a job after the sweep observed it.
  if (!force && !isDead && runner.state === 'busy') return {decision: 'left'};
  if (hasVanished && (await isAlive(context, runner))) return {decision: 'left'};
  const failure = await bootFailure(context, runner, options);
  const deregistered = await deregister(context, runner, action, unlessOnline);
  if (deregistered === 'alive') return {decision: 'left'};
  // A runner that was online ends when it is deregistered, and takes its machine along before this asks for its deletion.
  const endsNow = deregistered === 'removed online' ? context.clock.now() : undefined;
  const seenUntil = options.missingSince ?? endsNow;

  const job = runner.runs === null ? undefined : await context.store.get('jobs', runner.runs);
  const preemption = job && hasVanished ? await lostJob(context, runner, job) : undefined;
  // One that was never handed to a host says nothing about what it is made from.
  const wasTried = runner.githubId !== null || wasRegistrationTried(runner);
  // GitHub deletes the registration of a runner that has run its job: one that was there, and not connected, is of a runner that ran none.
  // mutation: ran no job
  const endedInBoot = failure !== undefined && deregistered === 'removed unused';
  const isFailedBoot = (failedToBoot && wasTried) || endedInBoot;
  const reopened = await reopenCovered(context, name, {lackedCapacity, failedToBoot: isFailedBoot});
  const removal = {...(await removeMachine(context, runner)), ...(seenUntil === undefined ? {} : {seenUntil})};
  await retireRunner(context, runner, runner.runs === null ? 'failed' : 'gone', removal);
  // First, so that the job's next machine is made only where the breaker lets it, and shows later than this failure that machines boot again.
  if (isFailedBoot) await recordBootFailure(context, runner, failure && `did not come online: ${failure}`);
  if (reopened) await context.tasks.enqueue(demandTask(reopened, `ended-${name}`));
  const because = isFailedBoot && failure !== undefined ? `: ${failure}` : '';

  const log = {decision: 'ended' as const, reason, runner: name, pool: runner.pool, ...(jobUrl ? {url: jobUrl} : {})};
  if (force) context.logger.error(`runner ${name} was ended with its job: it ran for jobMinutes`, {...log});
  else context.logger.warning(`runner ${name} was ended${because}`, log);
  return preemption ? {decision: 'preempted', preempted: preemption} : {decision: 'ended'};
}

/** Whether the runner's machine is there although no list had it: lists are eventually consistent, and what pools name changes. */
async function isAlive(context: Context, runner: RunnerDocument): Promise<boolean> {
  // mutation: machine that no list has
  const machine = await context.provider(runner.pool, machineProvider(runner)).find(machineOf(runner));
  return machine !== undefined && machine.status !== 'stopping' && machine.status !== 'stopped';
}

/** `removed online`: the runner was connected to GitHub until now. `removed unused`: it was registered, and neither connected nor at work. */
type Deregistered = 'removed' | 'removed unused' | 'removed online' | 'alive';

async function deregister(
  context: Context,
  runner: RunnerDocument,
  {isDead, force}: EndRunner<string>,
  unlessOnline: boolean,
): Promise<Deregistered> {
  const mayLive = !isDead && !force;
  try {
    return await deregisterUnlessAlive(context, runner, {mayLive, unlessOnline});
  } catch (error) {
    // The App may have been removed. If this error ended the action, the VM would cost money and the slot would stay taken.
    if (mayLive || !(error instanceof Refused)) throw error;
    context.logger.warning(`GitHub does not let go of the registration of ${runner.name}`, {
      decision: 'registration_left',
      runner: runner.name,
      pool: runner.pool,
      error,
    });
    return 'removed';
  }
}

async function deregisterUnlessAlive(
  context: Context,
  runner: RunnerDocument,
  {mayLive, unlessOnline}: {readonly mayLive: boolean; readonly unlessOnline: boolean},
): Promise<Deregistered> {
  const github = githubOf(context, runner);
  const registration = await findRegistration(github, runner);
  if (!registration) return 'removed';
  const cameUp = unlessOnline && registration.status === 'online';
  if (mayLive && (registration.busy || cameUp)) return 'alive';
  // mutation: deregister before end
  const result = await github.deleteRunner(registration.id);
  if (result === 'busy') return mayLive ? 'alive' : 'removed';
  if (result !== 'deleted') return 'removed';
  if (registration.status === 'online') return 'removed online';
  return isUnused(registration) ? 'removed unused' : 'removed';
}

/**
 * Deletes a VM without a live runner. Deregisters its runner first, in case the VM is alive. The runner of a VM on no record cannot be
 * deregistered: then no registration of its name may be connected.
 */
export async function deleteLeftoverVm(
  context: Context,
  {name, id, zone, pool, provider, registration, namesakes, isDead}: LeftoverVm,
): Promise<Removed> {
  const runner = await context.store.get('runners', name);
  if (runner && !isOver(runner)) return 'left';
  // mutation: held standby is left
  if ((await context.store.get('standby', name))?.isHeld) return 'left';
  if (!isDead && (await isAnyConnected(context, namesakes))) return 'left';
  if (registration) {
    const result = await githubAt(context, registration).deleteRunner(registration.id);
    if (result === 'busy' && !isDead) return 'left';
  }
  const removal = await removeMachine(context, {name, pool, provider}, {id, place: zone});
  if (runner) await retireRunner(context, runner, 'gone', removal);
  return 'removed';
}

/** Reads the registrations again, because the list may be old. */
async function isAnyConnected(context: Context, registrations: readonly Registered[]): Promise<boolean> {
  for (const registration of registrations) {
    const now = await githubAt(context, registration).getRunner(registration.id);
    if (now && !isUnused(now)) return true;
  }
  return false;
}

/** Deletes the registration of a runner that is over. Reads the registration again first, because the list may be old. */
export async function deregisterGhost(context: Context, name: string, registration: Registered): Promise<Removed> {
  const github = githubAt(context, registration);
  const now = await github.getRunner(registration.id);
  if (!now) return 'removed';
  const runner = await context.store.get('runners', name);
  if (!isUnused(now) || now.name !== name) return 'left';
  // mutation: ghost on no record
  if (!runner || !isRegistrationOf(runner, now)) return 'left';
  return (await github.deleteRunner(registration.id)) === 'busy' ? 'left' : 'removed';
}

function githubAt(context: Context, {scope, installationId}: Registered) {
  return context.github(scope, installationId ?? undefined);
}
