import {Refused} from '../errors';
import {isOnlineOnRecord, machineProvider, type RunnerDocument} from '../model/runner';
import type {Context} from '../ports';
import {machineOf} from '../runners/retire';
import {wasPreempted} from './preempted';
import type {EndOptions} from './rule';

/**
 * Why the machine did not bring its runner online, as a sentence for people; undefined: nothing says so. A machine whose start-up fails powers
 * itself off, so that one which has ended while its runner was booting did not boot, unless the provider took it back. The machine of a runner that has
 * run its job ends likewise: whoever asks has to know that it ran none. Asked before the machine is removed.
 */
export async function bootFailure(
  context: Context,
  runner: RunnerDocument,
  {hasVanished = false, hasStopped = false, failedToBoot = false}: EndOptions,
): Promise<string | undefined> {
  const hasEnded = hasVanished || hasStopped;
  if (!(hasEnded || failedToBoot) || runner.state !== 'booting' || isOnlineOnRecord(runner)) return undefined;
  const provider = context.provider(runner.pool, machineProvider(runner));
  // How containers end their hosts tell, and shared/hosts/endings.ts counts.
  if (provider.registration === 'pickup') return undefined;
  // mutation: preempted during its boot
  if (await wasPreempted(context, runner)) return undefined;
  const failure = await unlessRefused(provider.failure?.(machineOf(runner)));
  // mutation: ended during its boot
  if (failure !== undefined || !hasEnded) return failure;
  return hasStopped
    ? 'its machine powered off during its boot; the last lines of the machine’s log say why'
    : 'its machine was gone during its boot: it ended by itself, which its log explains, or somebody deleted it';
}

/** What a provider refuses to say until a person changes its rights is not known: the runner is ended all the same. */
async function unlessRefused<T>(answer: Promise<T> | undefined): Promise<T | undefined> {
  try {
    return await answer;
  } catch (error) {
    if (error instanceof Refused) return undefined;
    throw error;
  }
}
