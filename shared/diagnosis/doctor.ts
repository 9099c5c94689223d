import {type Clock, withDeadline} from '../clock';
import {Refused, SlipwayError, Unavailable} from '../errors';
import {isSpeltOut} from '../model/names';
import {isPersistent, type Pool} from '../model/pool';
import {type RunnerScope, repositoryScope} from '../model/scope';
import type {Context, Services} from '../ports';
import {scrubSecrets} from '../secret';

/** Time-out of one check. The checks run at the same time, so the whole answer takes no longer. */
const TIMEOUT_MS = 5_000;

/** A name that no runner, VM or document has. */
const NOTHING = 'slipway-health-check';

export interface Check {
  readonly status: 'ok' | 'failed' | 'not_checked';
  readonly milliseconds: number;
  readonly detail?: string;
}

/** Sends every service a harmless request that needs the same permissions as the functions. */
export async function checkDependencies(
  services: Services<'api'>,
  clock: Clock,
): Promise<Record<'firestore' | 'tasks' | 'github' | 'compute', Check>> {
  const [firestore, tasks, github, compute] = await Promise.all([
    check(clock, async () => void (await services.context.store.get('keys', NOTHING))),
    check(clock, () => checkQueues(services)),
    check(clock, () => checkGitHub(services)),
    check(clock, () => checkProvider(services)),
  ]);
  return {firestore, tasks, github, compute};
}

/** A check that could not be made; the message says why. */
class NotChecked extends Error {}

async function check(clock: Clock, ask: () => Promise<void>): Promise<Check> {
  const start = clock.now();
  const took = () => ({milliseconds: Math.round(clock.now() - start)});
  try {
    await withDeadline(TIMEOUT_MS, ask(), () => new Unavailable(`no answer within ${TIMEOUT_MS} ms`, 10));
    return {status: 'ok', ...took()};
  } catch (error) {
    if (error instanceof NotChecked) return {status: 'not_checked', ...took(), detail: error.message};
    const detail =
      error instanceof SlipwayError ? scrubSecrets(error.message) : 'failed unexpectedly; see the log of the function';
    return {status: 'failed', ...took(), detail};
  }
}

async function checkQueues({config, context}: Services<'api'>): Promise<void> {
  if (!config.queues.provision || !config.queues.stop)
    throw new NotChecked('no queues are configured for this function');
  await Promise.all([context.tasks.check('provision'), context.tasks.check('stop')]);
}

/** Looks up a runner: GitHub refuses this to a token without the permission. */
async function checkGitHub({context}: Services<'api'>): Promise<void> {
  const scope = context.pools.map(scopeOf).find((found) => found !== undefined) ?? (await scopeOfJob(context));
  if (!scope) throw new NotChecked('no pool names a repository without *, and no job is on record yet');
  await context.github(scope.scope, scope.installationId).findRunner(NOTHING);
}

interface Asked {
  readonly scope: RunnerScope;
  readonly installationId?: number;
}

function scopeOf({scope}: Pool): Asked | undefined {
  if (scope.kind === 'organization') return {scope: {kind: 'organization', org: scope.org}};
  const exact = scope.patterns.find(isSpeltOut);
  return exact === undefined ? undefined : {scope: repositoryScope(exact)};
}

async function scopeOfJob({store}: Context): Promise<Asked | undefined> {
  const [job] = await store.find('jobs', {where: {}, limit: 1});
  if (!job) return undefined;
  const {repository, installationId} = job.data;
  return {scope: repositoryScope(repository), ...(installationId === null ? {} : {installationId})};
}

/** Asks the provider of the first pool. */
async function checkProvider({config, context}: Services<'api'>): Promise<void> {
  const [pool] = context.pools;
  if (!pool) throw new NotChecked('no pools are configured');
  if (isPersistent(pool)) {
    const zone = pool.provider.zone ?? config.zone;
    if (!zone) throw new NotChecked('no pool names a zone or region');
    await context.vm({instance: NOTHING, zone}).status();
    return;
  }
  for (const {status, because} of await context.provider(pool.name).check(pool.name)) {
    if (status === 'error') throw new Refused(because);
    if (status === 'skipped') throw new NotChecked(because);
  }
}
