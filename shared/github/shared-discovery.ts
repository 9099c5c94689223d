import {TtlCache} from '../cache';
import type {Clock} from '../clock';
import {MINUTE_MS} from '../durations';
import {RateLimited, Refused, RetryableError, Unavailable} from '../errors';
import type {Logger} from '../logger';
import {describeScope, ownerOf, type RunnerScope, repositoryScope} from '../model/scope';
import {ActingApps, type PlacedApp} from './acting-apps';
import type {ShareableApp} from './app-choice';
import {
  type DiscoveredRepository,
  type Discovery,
  type HookReference,
  joinLists,
  type Listed,
  type NamedRepository,
  type RepositoryAccess,
} from './github';

/** How long it is taken for granted which Apps deliver to this deployment, in milliseconds. */
const HOOKS_MS = 15 * MINUTE_MS;

/** Seconds until the next try where no App acts now. */
const RETRY_SECONDS = 60;

/** One of several Apps as the sweep uses it. */
export interface DiscoveringApp extends PlacedApp {
  readonly discovery: Discovery;
  /** Where the App's webhook delivers; null: it has none. Throws typed errors. */
  webhookUrl(): Promise<string | null>;
}

/** One of several Apps, with all that the functions ask of it. */
export type SharedApp = ShareableApp & DiscoveringApp;

export interface SharedDiscoveryOptions {
  /** The first one receives the webhooks, and its installation is the one that records name. */
  readonly apps: readonly [DiscoveringApp, ...DiscoveringApp[]];
  readonly clock: Clock;
  readonly logger: Logger;
}

/** What GitHub has shown of a repository or a run; undefined: nothing is there. */
const isUndefined = (result: unknown): boolean => result === undefined;

/**
 * What the sweep asks of GitHub, by several Apps. Each scope is looked at by the first App that acts for it, so that its answers stay cached by their
 * ETags and one App's list decides; by another one where that App is not installed, suspended, limited, or may not make the call. "Not there"
 * counts only of an App that acts for the scope. Lists of repositories are those of all Apps together.
 */
export function sharedDiscovery({apps, clock, logger}: SharedDiscoveryOptions): Discovery {
  const [first, ...others] = apps;
  const acting = new ActingApps({clock, logger});
  /** Apps that GitHub limits, by App and owner. */
  const limited = new TtlCache<RateLimited>(clock);
  const hooks = new TtlCache<readonly HookReference[]>(clock);

  /** Runs the call by the first App that can make it. `isAbsent`: of a result that may mean that the App does not reach the scope. */
  async function ask<T>(
    scope: RunnerScope,
    kind: string,
    call: (discovery: Discovery, isFirst: boolean) => Promise<T>,
    isAbsent: (result: T) => boolean = () => false,
  ): Promise<T> {
    let refused: unknown;
    let held: RateLimited | undefined;
    // mutation: Apps of the sweep
    for (const app of apps) {
      const isFirst = app === first;
      const key = `${app.name} ${ownerOf(scope)}`;
      const limit = limited.get(key);
      const why = acting.whyLeftOut(app, scope, kind);
      held ??= limit;
      if (isFirst) refused ??= why;
      if (limit || why || (!isFirst && !(await acting.actsFor(app, scope)))) continue;
      try {
        const result = await call(app.discovery, isFirst);
        // mutation: not shown to one App
        if (!isAbsent(result) || (await acting.countsAbsence(app, scope))) return result;
        if (isFirst) refused ??= acting.whyLeftOut(app, scope, kind);
      } catch (error) {
        if (error instanceof RateLimited) {
          limited.set(key, error, clock.now() + error.retryAfterSeconds * 1000);
          held ??= error;
        } else if (await acting.mayAnotherSucceed(app, scope, kind, error)) {
          if (isFirst || !acting.whyLeftOut(app, scope, kind)) refused = error;
        } else throw error;
      }
    }
    throw held ?? refused ?? new Unavailable(`no App acts for ${describeScope(scope)} now`, RETRY_SECONDS);
  }

  const askIn = <T>(
    repository: NamedRepository,
    kind: string,
    call: (discovery: Discovery, known: NamedRepository) => Promise<T>,
    isAbsent?: (result: T) => boolean,
  ): Promise<T> =>
    ask(
      repositoryScope(repository.fullName),
      kind,
      (discovery, isFirst) => call(discovery, isFirst ? repository : {...repository, installationId: null}),
      isAbsent,
    );

  /** The repositories that any App sees. What another App than the first refuses is the doctor's to tell: it hides no repository of the first one. */
  async function together(list: (app: DiscoveringApp) => Promise<Listed<DiscoveredRepository>>) {
    const lists: Listed<DiscoveredRepository>[] = [];
    for (const app of apps) lists.push(await listOf(app, list));
    const {items, failure} = joinLists(lists);
    // The first App's own come first, with its installation.
    const byName = new Map<string, DiscoveredRepository>();
    for (const each of items) byName.set(each.fullName.toLowerCase(), byName.get(each.fullName.toLowerCase()) ?? each);
    return {items: [...byName.values()], failure};
  }

  async function listOf(app: DiscoveringApp, list: (app: DiscoveringApp) => Promise<Listed<DiscoveredRepository>>) {
    try {
      const {items, failure} = await list(app);
      return {items: app === first ? items : items.map((each) => ({...each, installationId: null})), failure};
    } catch (failure) {
      return {items: [], failure: app !== first && failure instanceof Refused ? undefined : failure};
    }
  }

  /** The first App's hook, and those that have the same URL. Of an App that does not tell, nothing is delivered again until it does. */
  async function readHooks(): Promise<readonly HookReference[]> {
    const ours = await first.webhookUrl();
    const found: HookReference[] = [{kind: 'app'}];
    for (const {name, webhookUrl} of others) {
      const url = await webhookUrl().catch((error: unknown) => {
        logger.debug(`the webhook of ${name} could not be read`, {error});
        return null;
      });
      if (url !== null && url === ours) found.push({kind: 'app', app: name});
    }
    return found;
  }

  const byHook = (hook: HookReference): Discovery =>
    apps.find(({name}) => hook.kind === 'app' && name === hook.app)?.discovery ?? first.discovery;

  return {
    credentials: 'app',
    listRepositories: () => together(({discovery}) => discovery.listRepositories()),
    listRepositoriesOf: (org) => listRepositoriesOf(org),
    recentRuns: (repository, sinceMs) =>
      askIn(repository, 'recentRuns', (each, known) => each.recentRuns({...repository, ...known}, sinceMs)),
    openRuns: (repository, sinceMs) =>
      askIn(repository, 'openRuns', (each, known) => each.openRuns({...repository, ...known}, sinceMs)),
    jobs: (repository, run) => askIn(repository, 'jobs', (each, known) => each.jobs({...repository, ...known}, run)),
    job: (repository, id) => askIn(repository, 'job', (each, known) => each.job(known, id), isUndefined),
    run: (repository, id) => askIn(repository, 'run', (each, known) => each.run(known, id), isUndefined),
    isOver: (repository, id) =>
      askIn(
        repository,
        'run',
        (each, known) => each.isOver(known, id),
        (isOver) => isOver,
      ),
    access: accessOf,
    visibility: (repository) => askIn(repository, 'visibility', (each, known) => each.visibility(known), isUndefined),
    listRunners: (scope, installationId) =>
      ask(scope, 'listRunners', (each, isFirst) => each.listRunners(scope, isFirst ? installationId : null)),
    runnerDownloads: (scope, installationId) =>
      ask(scope, 'runnerDownloads', (each, isFirst) => each.runnerDownloads(scope, isFirst ? installationId : null)),
    runnerVersionEnds: (scope, installationId, version) =>
      ask(scope, 'runnerVersionEnds', (each, isFirst) =>
        each.runnerVersionEnds(scope, isFirst ? installationId : null, version),
      ),
    hooks: (scope) => first.discovery.hooks(scope),
    appHooks: () => hooks.load('', readHooks, HOOKS_MS).catch(() => hooks.former('') ?? [{kind: 'app'}]),
    async deliveries(hook, from) {
      return byHook(hook).deliveries(hook, from);
    },
    async redeliver(attempt) {
      await byHook(attempt.hook).redeliver(attempt);
    },
    rerun: (repository, jobId) => askIn(repository, 'rerun', (each, known) => each.rerun(known, jobId)),
    remainingQuota: () => Math.min(...apps.map(({discovery}) => discovery.remainingQuota())),
  };

  async function listRepositoriesOf(org: string): Promise<Listed<DiscoveredRepository>> {
    const scope: RunnerScope = {kind: 'organization', org};
    const acts: DiscoveringApp[] = [];
    for (const app of apps) if (await acting.actsFor(app, scope)) acts.push(app);
    if (acts.length === 0) return first.discovery.listRepositoriesOf(org);
    return together(async (app) => {
      if (acts.includes(app)) return app.discovery.listRepositoriesOf(org);
      // Of an App of which GitHub did not tell, repositories may be missing.
      const why = acting.whyLeftOut(app, scope, 'listRepositoriesOf');
      return {items: [], failure: why instanceof RetryableError ? why : undefined};
    });
  }

  async function accessOf(repository: NamedRepository): Promise<RepositoryAccess> {
    const answers: RepositoryAccess[] = [];
    let failure: unknown;
    for (const app of apps) {
      try {
        const access = await app.discovery.access(repository);
        if (access === 'granted') return access;
        answers.push(access);
      } catch (error) {
        failure ??= error;
      }
    }
    if (failure !== undefined) throw failure;
    return answers[0] ?? 'no_app';
  }
}
