import {MINUTE_MS} from '../durations';
import {heldBackPauseMs, type JobDocument, jobKeyOf, markFailedBoot, withoutCapacity} from '../model/job';
import {isOver, type RunnerDocument} from '../model/runner';
import {demandTask} from '../model/tasks';
import {type Context, githubOf} from '../ports';
import {recordBootFailure} from './breaker-failures';
import {hasChosenPower} from './chosen-machine';
import {giveUpJob, writeDeadLetter} from './give-up';
import {findRegistration, retireRunner} from './retire';

/** Why the runner's job needs another one. `lackedCapacity`: its machine waited for capacity in vain. `failedToBoot`: it did not come online. */
export interface ReopenReason {
  readonly lackedCapacity?: boolean;
  readonly failedToBoot?: boolean;
}

/**
 * Reopens the job to which the runner is assigned; returns the key of the job. What the reason says of the job is noted with it. A job whose own
 * choice of a machine has failed to boot several times is held back instead.
 */
export async function reopenCovered(
  context: Context,
  name: string,
  {lackedCapacity = false, failedToBoot = false}: ReopenReason = {},
): Promise<string | undefined> {
  const reopened = await context.store.transaction(async (transaction) => {
    const runner = await transaction.get('runners', name);
    const job = runner?.covers ? await transaction.get('jobs', runner.covers) : undefined;
    if (!runner?.covers || job?.status !== 'queued' || job.runner !== name) return undefined;
    const now = context.clock.now();
    const failure = lackedCapacity ? {failedAttempt: withoutCapacity(job, name, now)} : {};
    const open: JobDocument = {...job, ...failure, demand: 'open', runner: null, updatedAt: now};
    const next = failedToBoot && hasChosenPower(context, runner) ? markFailedBoot(job, now) : open;
    transaction.set('jobs', runner.covers, next);
    transaction.set('runners', name, {...runner, covers: null, spare: false});
    return {job: next, key: runner.covers, runner};
  });
  if (reopened?.job.demand !== 'dead') return reopened?.key;
  await reportFailedBoots(context, reopened.runner, reopened.job);
  return undefined;
}

/** Logs and stores a dead letter: the machine that the job has chosen brings no runner online. */
async function reportFailedBoots(context: Context, {name, pool}: RunnerDocument, job: JobDocument): Promise<void> {
  const {logger, store, clock} = context;
  const key = jobKeyOf(job);
  const chosen = job.labels.filter((label) => /^(machine|cpus|memory)=/i.test(label)).join(', ');
  const minutes = Math.round(heldBackPauseMs(job.heldBack ?? 1) / MINUTE_MS);
  const error = `the machine of job ${key}, which asks for ${chosen}, did not bring runner ${name} online, for the ${job.failedBoots}th time: is it too small? The log of the machine says more. The job is tried again in ${minutes} minutes`;
  const url = job.url ? {url: job.url} : {};
  const reason = 'boot_failed';
  logger.error(error, {decision: 'dead_letter', reason, job: key, runner: name, pool, ...url});
  await writeDeadLetter(store, {
    ...{task: `boot-failed-${name}`, queue: 'provision', body: {kind: 'demand', job: key}, error, reason, job: key},
    ...{jobUrl: job.url, attempts: job.failedBoots ?? 1, now: clock.now()},
  });
}

/**
 * Ends a runner whose machine is known to have ended, or never to have begun, without a job: deletes its registration, reopens its job, frees
 * its slots. `alive`: GitHub has no registration of it, or refuses to delete it, because it has run or runs a job; then nothing is changed.
 * `mayBeUnregistered`: that there is no registration is no sign of a job. `failedToBoot`: what the boot breaker counts, in words.
 */
export async function failRunner(
  context: Context,
  name: string,
  {mayBeUnregistered, failedToBoot}: {readonly mayBeUnregistered: boolean; readonly failedToBoot: string | undefined},
): Promise<'failed' | 'alive' | 'over'> {
  const runner = await context.store.get('runners', name);
  if (!runner || isOver(runner)) return 'over';
  const github = githubOf(context, runner);
  const registration = await findRegistration(github, runner);
  if (!registration && !mayBeUnregistered) return 'alive';
  if (registration && (await github.deleteRunner(registration.id)) === 'busy') return 'alive';
  const reopened = await reopenCovered(context, name, {failedToBoot: failedToBoot !== undefined});
  await retireRunner(context, runner, 'failed', {result: 'absent', at: context.clock.now()});
  // First, so that the job's next machine is made only where the breaker lets it.
  if (failedToBoot !== undefined) await recordBootFailure(context, runner, failedToBoot);
  if (reopened) await context.tasks.enqueue(demandTask(reopened, `ended-${name}`));
  return 'failed';
}

/**
 * Gives up the runner that GitHub refuses to register until a person changes something: its job gets a dead letter, and waits until it is tried
 * again. A runner without a job is ended alone.
 */
export async function giveUpRefused(context: Context, name: string, message: string): Promise<void> {
  const runner = await context.store.get('runners', name);
  if (!runner || isOver(runner)) return;
  const key = await reopenCovered(context, name);
  await retireRunner(context, runner, 'failed', {result: 'absent', at: context.clock.now()});
  const job = key === undefined ? undefined : await context.store.get('jobs', key);
  const fields = {runner: name, pool: runner.pool, reason: 'refused'};
  if (!key || !job) {
    context.logger.error(`runner ${name} is given up: ${message}`, {decision: 'given_up', ...fields});
    return;
  }
  await giveUpJob(context, key);
  const {logger, store, clock} = context;
  const url = job.url ? {url: job.url} : {};
  logger.error(`job ${key} is given up: ${message}`, {decision: 'dead_letter', job: key, ...url, ...fields});
  await writeDeadLetter(store, {
    task: `refused-${name}`,
    queue: 'provision',
    body: {kind: 'demand', job: key},
    error: message,
    reason: fields.reason,
    job: key,
    jobUrl: job.url,
    attempts: 1,
    now: clock.now(),
  });
}
