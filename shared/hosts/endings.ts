import {bootBreaker} from '../model/breaker';
import {type ContainerDocument, giveUpContainer, isContainerOver} from '../model/container';
import {machineSource} from '../model/pool';
import {isOver, type RunnerDocument} from '../model/runner';
import {VERSION_REFUSED} from '../model/runner-program';
import {ownerOf} from '../model/scope';
import {type Context, poolOf} from '../ports';
import {openBreaker} from '../runners/breaker-failures';
import {passGitHubBreakers, tryPassGitHubBreakers} from '../runners/breakers';
import {failRunner} from '../runners/fail';
import {readRunner} from '../runners/read-runner';
import {retireRunner} from '../runners/retire';
import {freeSlot} from './containers';

/** How long after the exit of a container the event of its job may take to be on record. */
const GRACE_MS = 15_000;

/** The agent could not start it. */
const NOT_STARTED = 125;

/** How long a refused version holds its pools back. */
const VERSION_REFUSED_SECONDS = 600;

/** What follows for the runner from the end of its container. `later`: it cannot be told yet. Throws errors of GitHub and the store. */
export async function concludeContainer(context: Context, container: ContainerDocument): Promise<'done' | 'later'> {
  const runner = await context.store.get('runners', container.name);
  if (!runner) return 'done';
  switch (container.state) {
    case 'taken_back':
      return takeBack(context, runner);
    case 'exited':
      return concludeExit(context, container, runner);
    case 'gone':
      if ((await concludeExit(context, container, runner)) === 'later') return 'later';
      await retireIfDraining(context, container.name);
      return 'done';
    default:
      return 'done';
  }
}

/** The host did not confirm the hand-over: the registration is settled, and the job gets a runner of the next name. */
async function takeBack(context: Context, runner: RunnerDocument): Promise<'done' | 'later'> {
  if (isOver(runner)) return 'done';
  const guarded = await tryPassGitHubBreakers(context, `${ownerOf(runner.scope)}/`);
  if (!guarded) return 'later';
  const {name, pool} = runner;
  const result = await guarded(() => failRunner(context, name, {mayBeUnregistered: true, failedToBoot: undefined}));
  const fields = {reason: result, runner: name, pool};
  context.logger.warning(`the hand-over of ${name} was not confirmed, and is taken back`, {
    decision: 'taken_back',
    ...fields,
  });
  return 'done';
}

/**
 * A container that exits without a job is a failed boot. GitHub knows: it deletes the registration of an ephemeral runner when its job is over.
 * The event of a short job may be under way, so a moment passes first.
 */
async function concludeExit(
  context: Context,
  {name, exitCode, reportedAt, lookedForAt = null}: ContainerDocument,
  runner: RunnerDocument,
): Promise<'done' | 'later'> {
  if (exitCode === null || isOver(runner) || runner.runs !== null || runner.state === 'draining') return 'done';
  const neverBegan = exitCode === NOT_STARTED;
  const isRefused = exitCode === VERSION_REFUSED;
  if (!neverBegan && !isRefused && context.clock.now() - (reportedAt ?? 0) < GRACE_MS) return 'later';
  const guarded = await tryPassGitHubBreakers(context, `${ownerOf(runner.scope)}/`);
  if (!guarded) return 'later';
  const words = neverBegan
    ? 'could not be started; the log of the agent on its host has the reason'
    : `exited with ${exitCode} before a job; run its image by hand to see why`;
  // One that its image was to register itself, and that nobody ever saw, was never there.
  const wasNeverSeen = runner.githubId === null && lookedForAt !== null;
  const options = {mayBeUnregistered: neverBegan || wasNeverSeen, failedToBoot: isRefused ? undefined : words};
  const result = await guarded(() => failRunner(context, name, options));
  if (result !== 'failed') return 'done';
  const {pool} = runner;
  const reason = `exit_${exitCode}`;
  context.logger.warning(`the container of ${name} exited with ${exitCode} before a job`, {
    decision: 'ended',
    reason,
    runner: name,
    pool,
  });
  if (isRefused) await holdBackVersion(context, runner.pool, name);
  return 'done';
}

async function holdBackVersion(context: Context, poolName: string, name: string): Promise<void> {
  const pool = poolOf(context, poolName);
  const breaker = pool && bootBreaker(pool);
  if (!pool || !breaker) return;
  const image = machineSource(pool);
  const reason = `GitHub refuses the version of the runner in ${image}, as ${name} says with exit code 7; use a newer image`;
  await openBreaker(context, breaker, reason, VERSION_REFUSED_SECONDS);
}

/** The container is gone: its runner counts no more. One that does not drain is waited for: the event of its job is under way. */
async function retireIfDraining(context: Context, name: string): Promise<void> {
  const runner = await readRunner(context.store, name);
  if (runner?.state !== 'draining') return;
  await retireRunner(context, runner, 'gone', {result: 'accepted', at: context.clock.now()});
}

/**
 * Ends a container whose host does not call, and whose own time is over: wherever it ran, it does not run any more. Its runner is ended first,
 * with its registration; then its slot of the host is free. `left`: GitHub says that the runner is at work. Safe to repeat. Throws while a breaker of GitHub is
 * open.
 */
export async function abandonContainer(context: Context, name: string): Promise<'removed' | 'left'> {
  const {store, clock} = context;
  const runner = await readRunner(store, name);
  if (runner?.state === 'draining') await retireIfDraining(context, name);
  else if (runner && !isOver(runner)) {
    const options = {mayBeUnregistered: true, failedToBoot: undefined};
    const guarded = await passGitHubBreakers(context, `${ownerOf(runner.scope)}/`);
    const result = await guarded(() => failRunner(context, name, options));
    if (result === 'alive') return 'left';
  }
  await store.transaction(async (transaction) => {
    const container = await transaction.get('containers', name);
    if (!container || isContainerOver(container)) return;
    const now = clock.now();
    await freeSlot(transaction, container, now);
    transaction.set('containers', name, giveUpContainer(container, now));
  });
  return 'removed';
}
