import {TtlCache} from '../cache';
import type {Clock} from '../clock';
import {MINUTE_MS} from '../durations';
import {Refused, RetryableError} from '../errors';
import type {Logger} from '../logger';
import {type RunnerScope, repositoryScope} from '../model/scope';
import {ActingApps, type PlacedApp} from './acting-apps';
import type {ShareableApp} from './app-choice';
import {askApps} from './ask-apps';
import {
  type DiscoveredRepository,
  type Discovery,
  type HookReference,
  joinLists,
  type Listed,
  type NamedRepository,
  type RepositoryAccess,
} from './github';
import type {AppLimits} from './shared-limits';

/** How long it is taken for granted which Apps deliver to this deployment, in milliseconds. */
const HOOKS_MS = 15 * MINUTE_MS;

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

/** Whether a result says that what was asked for does not exist; null: no result of the method does. */
type Absence = ((result: unknown) => boolean) | null;

/** The calls about one repository. What a repository that an App does not reach would look like: nothing is there, or a run that is over. */
const OF_A_REPOSITORY = {
  recentRuns: null,
  openRuns: null,
  jobs: null,
  job: isUndefined,
  run: isUndefined,
  isOver: Boolean,
  visibility: isUndefined,
  rerun: null,
} satisfies {readonly [Method in keyof Discovery]?: Absence};

/** The calls about the runners of a scope. */
const OF_A_SCOPE = {
  listRunners: null,
  runnerDownloads: null,
  runnerVersionEnds: null,
} satisfies {readonly [Method in keyof Discovery]?: Absence};

/**
 * What the sweep asks of GitHub, by several Apps. Each scope is looked at by the first App that acts for it, so that its answers stay cached by their
 * ETags and one App's list decides; by another one where that App is not installed, suspended, limited, or may not make the call. Lists of
 * repositories are those of all Apps together.
 */
export function sharedDiscovery({apps, clock, logger}: SharedDiscoveryOptions): Discovery {
  const [first, ...others] = apps;
  const acting = new ActingApps({clock, logger});
  const known = {acting, limits: createOwnLimits(clock), clock};
  const hooks = new TtlCache<readonly HookReference[]>(clock);

  /** Calls the method of the first App that can. `parametersOf`: the call's, of the first App or of another one. */
  const ask = (
    scope: RunnerScope,
    method: keyof Discovery,
    isAbsent: Absence,
    parametersOf: (isFirst: boolean) => readonly unknown[],
  ): Promise<unknown> =>
    askApps(known, {
      scope,
      kind: method,
      // mutation: Apps of the sweep
      apps: apps,
      first,
      // mutation: not shown to one App
      isAbsent: isAbsent === null ? () => false : isAbsent,
      call: ({discovery}, isFirst) => Reflect.apply(discovery[method] as Method, discovery, parametersOf(isFirst)),
    });

  const ofRepository = eachMethod(
    OF_A_REPOSITORY,
    (method, isAbsent) =>
      (repository: NamedRepository, ...rest: unknown[]) =>
        ask(repositoryScope(repository.fullName), method, isAbsent, (isFirst) => [
          isFirst ? repository : {...repository, installationId: null},
          ...rest,
        ]),
  );
  const ofScope = eachMethod(
    OF_A_SCOPE,
    (method, isAbsent) =>
      (scope: RunnerScope, installationId: number | null, ...rest: unknown[]) =>
        ask(scope, method, isAbsent, (isFirst) => [scope, isFirst ? installationId : null, ...rest]),
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
    ...ofRepository,
    ...ofScope,
    access: accessOf,
    hooks: (scope) => first.discovery.hooks(scope),
    appHooks: () => hooks.load('', readHooks, HOOKS_MS).catch(() => hooks.former('') ?? [{kind: 'app'}]),
    async deliveries(hook, from) {
      return byHook(hook).deliveries(hook, from);
    },
    async redeliver(attempt) {
      await byHook(attempt.hook).redeliver(attempt);
    },
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

type Method = (...parameters: readonly unknown[]) => Promise<unknown>;

/** The part of the port that the table names. */
function eachMethod<Table extends {readonly [Name in keyof Discovery]?: Absence}>(
  table: Table,
  make: (name: keyof Discovery, isAbsent: Absence) => unknown,
): Pick<Discovery, keyof Table & keyof Discovery> {
  const entries = Object.entries(table).map(([name, isAbsent]) => [name, make(name as keyof Discovery, isAbsent)]);
  return Object.fromEntries(entries);
}

function isUndefined(result: unknown): boolean {
  return result === undefined;
}

/** What this process itself was told of GitHub's limits: one sweep runs at a time, and the look-ups of `api` are few. */
function createOwnLimits(clock: Pick<Clock, 'now'>): AppLimits {
  const held = new TtlCache<number>(clock);
  const keyOf = (app: string, owner: string) => `${app} ${owner}`;
  return {
    heldUntil: async (app, owner) => held.get(keyOf(app, owner)),
    async limited(app, owner, {retryAfterSeconds}) {
      const untilMs = clock.now() + retryAfterSeconds * 1000;
      held.set(keyOf(app, owner), untilMs, untilMs);
    },
    answered: async () => undefined,
  };
}
