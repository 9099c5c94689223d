import {NameTaken, RateLimited, Refused, Uncertain} from '../errors';
import type {JitConfig} from '../github/github';
import type {RunnerDocument} from '../model/runner';
import {type Context, githubOf, poolOf} from '../ports';
import {type Creation, recordNotRegistered} from './create-records';
import {settleRegistration} from './retire';

/**
 * `name_in_use`: the name cannot be used. `name_in_doubt`: the same, and GitHub may have a registration of it that no list shows yet. `alive`:
 * the runner is online.
 */
export type Registered = JitConfig | 'name_in_use' | 'name_in_doubt' | 'alive';

/** Registers the runner, and meanwhile has the provider read what the creation needs. Waits for both, so that nothing goes on after an error. */
export async function registerAndReadAhead(context: Context, creation: Creation): Promise<Registered> {
  const {name, pool, madeFor: job} = creation.runner;
  const read = context.provider(pool).readAhead?.({name, pool, job});
  const registered = register(context, creation);
  await Promise.allSettled([read, registered]);
  return registered;
}

/**
 * Registers the runner, usually with one call. If the name is in use and no execution of ours has tried it before, the registration is
 * somebody else's. If one has, or if GitHub's answer was lost, `settleRegistration` looks: a runner that is online stays, a leftover
 * registration is deleted, and its name is not used again.
 */
export async function register(context: Context, {runner, wasRegistrationTried}: Creation): Promise<Registered> {
  const github = githubOf(context, runner);
  const runnerGroup = poolOf(context, runner.pool)?.runnerGroup ?? 'Default';
  try {
    return await github.createJitConfig({name: runner.name, labels: runner.labels, runnerGroup});
  } catch (error) {
    // GitHub registered nothing. The next attempt reads this from the record.
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

/** Whether the runner is registered later, when a host picks its machine up. */
export function isPickedUp(context: Context, {pool}: RunnerDocument): boolean {
  return context.provider(pool).registration === 'pickup';
}

/** Deletes the registration of this id. */
export async function deregister(context: Context, runner: RunnerDocument, githubId: number): Promise<void> {
  await githubOf(context, runner).deleteRunner(githubId);
}
