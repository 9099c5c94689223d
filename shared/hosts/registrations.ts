import {MINUTE_MS} from '../durations';
import {type ContainerDocument, isLookedFor} from '../model/container';
import {isOver} from '../model/runner';
import {ownerOf} from '../model/scope';
import {type Context, githubOf, poolOf} from '../ports';
import {tryPassGitHubBreakers} from '../runners/breakers';

/**
 * Looks for the registration of a runner that its image registers itself, and takes its id over when the name is first seen in the runner's
 * scope. `missing`: none was seen within `bootMinutes` of the hand-over.
 */
export async function lookForRegistration(
  context: Context,
  container: ContainerDocument,
  now: number,
): Promise<{readonly container: ContainerDocument; readonly isMissing: boolean}> {
  if (!isLookedFor(container, now)) return {container, isMissing: false};
  const runner = await context.store.get('runners', container.name);
  if (!runner || isOver(runner) || runner.githubId !== null) return found(context, container, null);
  const guarded = await tryPassGitHubBreakers(context, `${ownerOf(runner.scope)}/`);
  if (!guarded) return {container, isMissing: false};
  const registration = await guarded(() => githubOf(context, runner).findRunner(runner.name));
  if (registration) return found(context, container, registration.id);
  const bootMs = (poolOf(context, runner.pool)?.bootMinutes ?? Number.POSITIVE_INFINITY) * MINUTE_MS;
  const isMissing = now - (container.handedOverAt ?? now) >= bootMs;
  return {container: await lookedFor(context, container, now), isMissing};
}

/** `id`: null where an event has told it, or the runner is over. */
async function found(context: Context, container: ContainerDocument, id: number | null) {
  if (id !== null) {
    await context.store.transaction(async (transaction) => {
      const runner = await transaction.get('runners', container.name);
      if (runner?.githubId === null) transaction.set('runners', runner.name, {...runner, githubId: id});
    });
  }
  return {container: await lookedFor(context, container, null), isMissing: false};
}

async function lookedFor(
  context: Context,
  container: ContainerDocument,
  at: number | null,
): Promise<ContainerDocument> {
  return context.store.transaction(async (transaction) => {
    const read = await transaction.get('containers', container.name);
    if (!read) return container;
    const looked = {...read, lookedForAt: at};
    transaction.set('containers', read.name, looked);
    return looked;
  });
}
