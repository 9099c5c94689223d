import {isRegistrationOf, isUnused} from '../model/identity';
import {isOver} from '../model/runner';
import type {Context} from '../ports';
import {removeMachine, retireRunner} from '../runners/retire';
import type {Registered} from './observed';
import type {LeftoverVm, Removed} from './rule';

/**
 * A VM that no live runner is on record for: deregistered first, in case that it is alive all the same. One that is on no record cannot be:
 * then nothing of its name may be connected.
 */
export async function deleteLeftoverVm(
  context: Context,
  {name, zone, pool, registration, namesakes, isDead}: LeftoverVm,
): Promise<Removed> {
  const runner = await context.store.get('runners', name);
  if (runner && !isOver(runner)) return 'left';
  if (!isDead && (await isAnyConnected(context, namesakes))) return 'left';
  if (registration) {
    const result = await githubAt(context, registration).deleteRunner(registration.id);
    if (result === 'busy' && !isDead) return 'left';
  }
  await removeMachine(context, {name, pool}, zone);
  if (runner) await retireRunner(context, runner, 'gone');
  return 'removed';
}

/** The list may be old. */
async function isAnyConnected(context: Context, registrations: readonly Registered[]): Promise<boolean> {
  for (const registration of registrations) {
    const now = await githubAt(context, registration).getRunner(registration.id);
    if (now && !isUnused(now)) return true;
  }
  return false;
}

/** A registration that nothing stands behind. A list may be old: it is asked for once more. */
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
