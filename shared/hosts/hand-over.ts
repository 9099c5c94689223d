import {NameTaken, Refused, RetryableError, sentenceOf, Uncertain} from '../errors';
import {type ContainerDocument, handOver, isContainerOver, MAX_HAND_OVERS, undoHandOver} from '../model/container';
import {type DockerPool, isDocker} from '../model/host';
import {wasRegistrationTried} from '../model/identity';
import type {JobDocument, JobKey} from '../model/job';
import {optionsOf} from '../model/options';
import {fillAll, fillPlaceholders, type PlaceholderValues, placeholderValues} from '../model/placeholders';
import {isOver, maxLifetimeMs, type RunnerDocument} from '../model/runner';
import {JIT_CONFIG_VARIABLE, RETURN_DEPRECATED_VARIABLE} from '../model/runner-program';
import {ownerOf} from '../model/scope';
import {type Context, githubOf, poolOf} from '../ports';
import {tryPassGitHubBreakers} from '../runners/breakers';
import {failRunner, giveUpRefused} from '../runners/fail';
import {noteFailedAttempt} from '../runners/failed-attempt';
import {settleRegistration} from '../runners/retire';
import {scrubSecrets} from '../secret';
import {freeSlot} from './containers';

/** What a host is to start, as the sync answers it. The only place where a JIT config is written: into an answer, which nobody keeps. */
export interface StartEntry {
  readonly name: string;
  readonly image: string;
  /** Null: the CMD of the image. */
  readonly command: readonly string[] | null;
  readonly env: Readonly<Record<string, string>>;
  readonly cpus: number | null;
  readonly memory: string | null;
  readonly pids_limit: number | null;
  readonly volumes: readonly string[];
  readonly privileged: boolean;
  readonly timeout_seconds: number;
}

/** What a container always has, whatever its pool says. @see https://github.com/actions/runner/blob/main/src/Runner.Listener/CommandSettings.cs */
const ALWAYS = {[RETURN_DEPRECATED_VARIABLE]: '1'};

/**
 * Hands over the oldest of the containers that are assigned to a host, at most `MAX_HAND_OVERS`: claims each in a transaction, registers its
 * runner, and writes the registration's id down before the entry is answered. One that fails holds up no other; it stays assigned, or its runner
 * is ended.
 */
export async function handOverContainers(
  context: Context,
  assigned: readonly ContainerDocument[],
): Promise<readonly StartEntry[]> {
  const oldest = [...assigned].sort((a, b) => a.createdAt - b.createdAt).slice(0, MAX_HAND_OVERS);
  const entries = await Promise.all(
    oldest.map(async (container) => {
      try {
        return await handOverOne(context, container);
      } catch (error) {
        const {name, host, pool} = container;
        context.logger.warning(`${name} could not be handed over to host ${host}`, {
          decision: 'retry',
          runner: name,
          pool,
          host,
          error,
        });
        return undefined;
      }
    }),
  );
  return entries.filter((entry) => entry !== undefined);
}

async function handOverOne(
  context: Context,
  {name, pool: poolName}: ContainerDocument,
): Promise<StartEntry | undefined> {
  const pool = poolOf(context, poolName);
  const wanted = await context.store.get('runners', name);
  if (!pool || !isDocker(pool) || !wanted) return undefined;
  const job = await context.store.get('jobs', jobOf(wanted));
  // The registration of the runner before failed: the job's next try waits longer each time.
  if (job && waitsForNextTry(job, context.clock.now())) return undefined;
  // Before the claim: while GitHub's breaker is open nothing is claimed.
  const guarded = await tryPassGitHubBreakers(context, `${ownerOf(wanted.scope)}/`);
  if (!guarded) return undefined;
  const claimed = await claim(context, name);
  if (!claimed) return undefined;
  const {runner} = claimed;
  const hostname = (await context.store.get('containers', runner.name))?.host;
  const place = {repository: job?.repository, deployment: context.deployment, hostname, now: context.clock.now()};
  const values = placeholderValues(runner, place);
  const secret = await guarded(() => register(context, runner, pool)).catch((error: unknown) =>
    afterFailure(context, claimed, error),
  );
  if (!secret) return undefined;
  context.logger.info(`runner ${name} is handed over`, {decision: 'handed_over', runner: name, pool: pool.name});
  return startEntry(pool, runner, {...values, ...secret.placeholders}, secret.env);
}

/** Kinds of errors after which a hand-over has noted when the next one is due. */
const NOTED: readonly string[] = ['uncertain', 'internal'];

function waitsForNextTry({failedAttempt}: JobDocument, now: number): boolean {
  return failedAttempt !== undefined && NOTED.includes(failedAttempt.kind) && failedAttempt.nextTryAt > now;
}

function jobOf({covers, madeFor}: RunnerDocument): JobKey {
  return covers ?? madeFor;
}

interface Claimed {
  readonly runner: RunnerDocument;
  /** Whether GitHub may have a registration of ours of its name from before. */
  readonly wasTried: boolean;
}

/** Claims the hand-over. Undefined: another sync has it, or the runner is not wanted any more, which frees its slot. */
async function claim(context: Context, name: string): Promise<Claimed | undefined> {
  return context.store.transaction(async (transaction) => {
    const now = context.clock.now();
    const container = await transaction.get('containers', name);
    const runner = await transaction.get('runners', name);
    const next = container && handOver(container, now);
    if (!container || !next) return undefined;
    if (!runner || isOver(runner) || runner.state === 'draining') {
      await freeSlot(transaction, container, now);
      transaction.set('containers', name, {...container, state: 'gone', slot: null, open: false, stateAt: now});
      return undefined;
    }
    const tried = {...runner, registrationTriedAt: now};
    transaction.set('containers', name, next);
    transaction.set('runners', name, tried);
    return {runner: tried, wasTried: wasRegistrationTried(runner)};
  });
}

/** What only the container may know. */
interface HandedOver {
  readonly env: Readonly<Record<string, string>>;
  readonly placeholders: Partial<PlaceholderValues>;
}

/** Registers the runner, and writes down the id of its registration. Undefined: it is not wanted any more. */
async function register(context: Context, runner: RunnerDocument, pool: DockerPool): Promise<HandedOver | undefined> {
  const {name, labels} = runner;
  const github = githubOf(context, runner);
  if (pool.provider.registration === 'token') return {env: {}, placeholders: await registrationToken(context, runner)};
  const jit = await github.createJitConfig({name, labels, runnerGroup: pool.runnerGroup});
  const isWanted = await context.store.transaction(async (transaction) => {
    const now = await transaction.get('runners', name);
    const container = await transaction.get('containers', name);
    if (!now || isOver(now) || container?.state !== 'handed_over' || container.leaving) return false;
    transaction.set('runners', name, {...now, githubId: jit.runnerId});
    return true;
  });
  if (isWanted) return {env: {[JIT_CONFIG_VARIABLE]: jit.encodedJitConfig.reveal()}, placeholders: {}};
  await github.deleteRunner(jit.runnerId);
  return undefined;
}

/** The image registers the runner with it, so its id is not known yet: syncs look for it (registrations.ts). */
async function registrationToken(context: Context, runner: RunnerDocument): Promise<Partial<PlaceholderValues>> {
  const token = await githubOf(context, runner).createRegistrationToken();
  await context.store.transaction(async (transaction) => {
    const container = await transaction.get('containers', runner.name);
    if (container) transaction.set('containers', runner.name, {...container, lookedForAt: 0});
  });
  return {registration_token: token.reveal()};
}

/**
 * The registration failed. If GitHub made none, the container is assigned again, for the next sync; where GitHub refuses until a person changes
 * something, the job gets a dead letter. If it may have made one, the runner gets the next name.
 */
async function afterFailure(context: Context, {runner, wasTried}: Claimed, error: unknown): Promise<undefined> {
  const {name, pool} = runner;
  const fields = {runner: name, pool, error};
  // mutation: name of somebody else at a hand-over
  if (error instanceof NameTaken && !wasTried) {
    const message = `somebody else has registered a runner ${name}: the next name is taken`;
    context.logger.warning(message, {decision: 'foreign', ...fields});
    // Else the registration of this name would be taken for ours, and deleted.
    await forgetTry(context, name);
    await endHandOver(context, name);
    await failRunner(context, name, {mayBeUnregistered: true, failedToBoot: undefined});
  } else if (error instanceof Uncertain || error instanceof NameTaken) {
    context.logger.warning('looking whether the registration exists', {decision: 'settle', ...fields});
    if ((await settleRegistration(githubOf(context, runner), runner)) === 'alive') return undefined;
    await endHandOver(context, name);
    await noteFailure(context, runner, error);
    await failRunner(context, name, {mayBeUnregistered: true, failedToBoot: undefined});
  } else if (error instanceof Refused) {
    await endHandOver(context, name);
    await giveUpRefused(context, name, scrubSecrets(sentenceOf(error)));
  } else {
    if (!wasTried) await forgetTry(context, name);
    await undo(context, name);
    if (!(error instanceof RetryableError)) throw error;
    context.logger.warning(`${name} is handed over later`, {decision: 'retry', ...fields});
  }
  return undefined;
}

/** GitHub has made no registration of ours under the name. */
async function forgetTry(context: Context, name: string): Promise<void> {
  await context.store.transaction(async (transaction) => {
    const runner = await transaction.get('runners', name);
    if (runner?.githubId === null) transaction.set('runners', name, {...runner, registrationTriedAt: null});
  });
}

/** The job's next runner is assigned to a host at once, and handed over only when the next try is due. */
async function noteFailure(context: Context, runner: RunnerDocument, error: unknown): Promise<void> {
  const key = jobOf(runner);
  const before = (await context.store.get('jobs', key))?.failedAttempt;
  const attempt = before && NOTED.includes(before.kind) ? before.attempt + 1 : 1;
  await noteFailedAttempt(context, {kind: 'demand', job: key}, error, {attempt});
}

async function undo(context: Context, name: string): Promise<void> {
  await context.store.transaction(async (transaction) => {
    const container = await transaction.get('containers', name);
    if (container) transaction.set('containers', name, undoHandOver(container, context.clock.now()));
  });
}

/** The host was told nothing of the container, and will not be. */
async function endHandOver(context: Context, name: string): Promise<void> {
  await context.store.transaction(async (transaction) => {
    const now = context.clock.now();
    const container = await transaction.get('containers', name);
    if (!container || isContainerOver(container)) return;
    await freeSlot(transaction, container, now);
    transaction.set('containers', name, {...container, state: 'gone', slot: null, open: false, stateAt: now});
  });
}

function startEntry(
  pool: DockerPool,
  {name, labels}: Pick<RunnerDocument, 'name' | 'labels'>,
  values: PlaceholderValues,
  secret: Readonly<Record<string, string>>,
): StartEntry {
  const {image, command, env, cpus, memory, pidsLimit, volumes, privileged} = pool.provider;
  const chosen = optionsOf(pool, labels);
  return {
    name,
    image,
    command: command ? command.map((word) => fillPlaceholders(word, values)) : null,
    env: {...fillAll(env, values), ...ALWAYS, ...secret},
    cpus: chosen.cpus ?? cpus ?? null,
    memory: chosen.memory ?? memory ?? null,
    pids_limit: pidsLimit ?? null,
    volumes,
    privileged,
    timeout_seconds: maxLifetimeMs(pool) / 1000,
  };
}
