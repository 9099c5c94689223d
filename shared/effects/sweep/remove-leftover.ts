import type {ActionOf, Registered} from '../../lifecycle/sweep/actions';
import type {Context} from '../context';
import {removeMachine, retireRunner} from '../retire-runner';

/** `left`: it turned out to be alive. */
export type Removed = 'removed' | 'left';

/** A VM that no runner is known for: deregistered first, in case that it is alive all the same. */
export async function deleteMachine(context: Context, action: ActionOf<'delete_vm'>): Promise<Removed> {
  const {name, zone, pool, registration, isDead} = action;
  const runner = await context.store.get('runners', name);
  if (runner && runner.state !== 'gone' && runner.state !== 'failed') return 'left';
  if (registration) {
    const result = await githubAt(context, registration).deleteRunner(registration.id);
    // mutation: deleted VM turned out busy
    if (result === 'busy' && !isDead) return 'left';
  }
  await removeMachine(context, {name, zone, pool});
  if (runner) await retireRunner(context, runner, 'gone');
  return 'removed';
}

/** A registration that nothing stands behind. A list may be old: it is asked for once more. */
export async function deregisterGhost(
  context: Context,
  {name, registration}: ActionOf<'deregister'>,
): Promise<Removed> {
  const github = githubAt(context, registration);
  const now = await github.getRunner(registration.id);
  if (!now) return 'removed';
  if (now.status !== 'offline' || now.busy || now.name !== name) return 'left';
  return (await github.deleteRunner(registration.id)) === 'busy' ? 'left' : 'removed';
}

function githubAt(context: Context, {scope, installationId}: Registered) {
  return context.github(scope, installationId ?? undefined);
}
