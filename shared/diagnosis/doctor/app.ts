import {RefusedByGitHub} from '../../errors';
import type {
  AppAtGitHub,
  AppInstallation,
  AppPermissions,
  AppWebhook,
  DiscoveredDelivery,
  Inspection,
  Listed,
} from '../../github/github';
import type {Pool} from '../../model/pool';
import {ask, type Check, error, type Found, ok, once, skipped, together, warning} from './check';
import {ownInstallationsFinding} from './installations';

/** How many of the newest deliveries count. */
const DELIVERIES = 20;

/** Without a delivery for so long, an active webhook would have brought the jobs that the sweep found. */
const SILENCE_MS = 3600_000;

const IDS = ['key', 'permissions', 'events', 'webhook', 'deliveries', 'installations'] as const;
type AppCheck = (typeof IDS)[number];

/** What the checks of the App are made with. */
export interface AppSetting {
  readonly inspection: Inspection;
  /** The Apps of `GITHUB_APPS`, which share the load of the first one and have no webhook. */
  readonly more: readonly MoreApp[];
  readonly pools: readonly Pool[];
  readonly webhooks: 'on' | 'off';
  /** Where GitHub has to deliver; undefined: `WEBHOOK_URL` is not set. */
  readonly webhookUrl: string | undefined;
  readonly now: number;
  /** When the newest event was taken for a job that is not over yet, from a webhook or the sweep; null: there is no such job. */
  readonly newestEventAt: () => Promise<number | null>;
}

/** What an App that has no webhook is asked. Never throws what a port throws. */
export type MoreApp = Readonly<Record<'key' | 'permissions' | 'installations', () => Promise<Found>>> & {
  /** The accounts on which it is installed and not suspended, lower case; empty where GitHub does not tell. */
  readonly accounts: () => Promise<readonly string[]>;
};

/** `app.key` to `app.installations`. With a personal access token only what its scopes say. */
export function appChecks(setting: AppSetting): Check[] {
  const look = setting.inspection.credentials === 'app' ? looksAtApp(setting) : looksAtToken(setting);
  return IDS.map((id) => ({id: `app.${id}`, look: look[id]}));
}

/** All of them as skipped, for one reason. */
export function appChecksSkipped(because: string, remedy: string): Check[] {
  return IDS.map((id) => ({id: `app.${id}`, look: async () => skipped(because, remedy)}));
}

function looksAtApp(setting: AppSetting): Record<AppCheck, () => Promise<Found>> {
  const {inspection, pools, webhooks, now} = setting;
  const app = once(() => ask('GitHub', inspection.app()));
  const installations = once(() => ask('GitHub', inspection.installations()));
  const deliveries = once(() => ask('GitHub', inspection.deliveries()));
  const ofMore = (look: (app: MoreApp) => Promise<Found>) => Promise.all(setting.more.map(look));
  /** What cannot be known without a valid key is reported once, as the key's error. */
  const withKey = (look: () => Promise<Found>) => async (): Promise<Found> => {
    const hasKey = await app().then(
      () => true,
      (failure: unknown) => {
        if (failure instanceof RefusedByGitHub) return false;
        throw failure;
      },
    );
    return hasKey ? look() : skipped('GitHub refuses the key of the App; see app.key', 'Correct the key first.');
  };
  const withHook = (look: () => Promise<Found>) =>
    webhooks === 'off' ? async () => skipped('WEBHOOKS is off: no webhook is used') : withKey(look);
  return {
    key: async () => together([await keyFinding(app), ...(await ofMore(({key}) => key()))]),
    permissions: withKey(async () =>
      together([await permissionsOf({app, installations}, pools), ...(await ofMore(({permissions}) => permissions()))]),
    ),
    events: withHook(async () => eventsFinding((await app()).events)),
    webhook: withHook(async () => {
      const found = webhookFinding(await ask('GitHub', inspection.webhook()), setting.webhookUrl);
      if (found.status === 'error') return found;
      return silenceFinding((await deliveries())[0]?.deliveredAt ?? null, await setting.newestEventAt(), now) ?? found;
    }),
    deliveries: withHook(async () => deliveriesFinding(await deliveries())),
    installations: withKey(async () =>
      together([
        ownInstallationsFinding(
          await installations(),
          ownersOf(pools),
          (await Promise.all(setting.more.map((one) => one.accounts()))).flat(),
        ),
        ...(await ofMore(({installations: look}) => look())),
      ]),
    ),
  };
}

export interface AskedApp {
  readonly app: () => Promise<AppAtGitHub>;
  readonly installations: () => Promise<Listed<AppInstallation>>;
}

export async function keyFinding(app: AskedApp['app']): Promise<Found> {
  const {id, slug} = await app();
  return ok(`GitHub knows the key of the App ${slug} (${id})`);
}

export async function permissionsOf({app, installations}: AskedApp, pools: readonly Pool[]): Promise<Found> {
  const {permissions} = await app();
  return permissionsFinding(permissions, (await installations()).items, neededPermissions(pools), ownersOf(pools));
}

function looksAtToken({inspection, pools}: AppSetting): Record<AppCheck, () => Promise<Found>> {
  const none = async () => skipped('GITHUB_TOKEN is used in place of a GitHub App');
  return {
    key: none,
    permissions: async () => scopesFinding(await ask('GitHub', inspection.tokenScopes()), pools),
    events: none,
    webhook: none,
    deliveries: none,
    installations: none,
  };
}

/** The permissions of the App that the pools need. */
export function neededPermissions(pools: readonly Pool[]): AppPermissions {
  const has = (is: (pool: Pool) => boolean) => pools.some(is);
  return {
    metadata: 'read',
    actions: has(({rerunOnPreemption}) => rerunOnPreemption) ? 'write' : 'read',
    ...(has(({scope}) => scope.kind === 'repositories') ? {administration: 'write'} : {}),
    ...(has(({scope}) => scope.kind === 'organization') ? {organization_self_hosted_runners: 'write'} : {}),
  };
}

const LEVELS = ['read', 'write', 'admin'];

/** What is missing, in words: `actions: write`. */
export function missingPermissions(granted: AppPermissions, needed: AppPermissions): string[] {
  return Object.entries(needed)
    .filter(([name, level]) => LEVELS.indexOf(granted[name] ?? '') < LEVELS.indexOf(level))
    .map(([name, level]) => `${name}: ${level}`);
}

/** The accounts that the pools name without `*`, lower case. */
export function ownersOf(pools: readonly Pool[]): string[] {
  const owners = pools.flatMap(({scope}) =>
    scope.kind === 'organization'
      ? [scope.org]
      : scope.patterns.flatMap((each) => /^([^!*/]+)\//.exec(each)?.[1] ?? []),
  );
  return [...new Set(owners.map((owner) => owner.toLowerCase()))];
}

/** Whether the App asks for what the pools need, and the accounts of the pools have accepted it. */
export function permissionsFinding(
  asked: AppPermissions,
  installations: readonly AppInstallation[],
  needed: AppPermissions,
  owners: readonly string[],
): Found {
  const missing = missingPermissions(asked, needed);
  if (missing.length > 0) {
    return error(
      `the App lacks the permissions ${missing.join(', ')}, which the pools need`,
      'Add them in the settings of the App (Permissions & events); each account then has to accept them.',
    );
  }
  const notAccepted = installations
    .filter(({login}) => owners.length === 0 || owners.includes(login.toLowerCase()))
    .map(({login, permissions}) => ({login, lacks: missingPermissions(permissions, needed)}))
    .filter(({lacks}) => lacks.length > 0)
    .map(({login, lacks}) => `${login} has not accepted ${lacks.join(', ')}`);
  if (notAccepted.length > 0) {
    return error(
      notAccepted.join('; '),
      'Accept the new permissions in the settings of the installation of that account.',
    );
  }
  return ok(
    `the App has ${Object.entries(needed)
      .map(([name, level]) => `${name}: ${level}`)
      .join(', ')}`,
  );
}

export function eventsFinding(events: readonly string[]): Found {
  if (events.includes('workflow_job')) return ok('the App receives the event workflow_job');
  return error(
    `the App does not receive the event workflow_job (it receives ${events.join(', ') || 'none'})`,
    'Subscribe to the event "Workflow job" in the settings of the App (Permissions & events).',
  );
}

/** Whether the App's webhook points to this deployment and is signed. */
export function webhookFinding({url, hasSecret, isInsecure}: AppWebhook, expected: string | undefined): Found {
  const settings = 'in the settings of the App (Webhook)';
  if (url === null) {
    return error('the App has no webhook URL', `Set ${expected ?? 'the URL of webhook'} ${settings}, and activate it.`);
  }
  if (expected !== undefined && sameUrl(url) !== sameUrl(expected)) {
    return error(`the App delivers to ${url}, and webhook is at ${expected}`, `Set ${expected} ${settings}.`);
  }
  if (!hasSecret)
    return error(
      'the webhook of the App has no secret, so that webhook refuses its deliveries',
      `Set the secret ${settings}.`,
    );
  if (isInsecure)
    return warning('the webhook of the App does not verify certificates', `Enable SSL verification ${settings}.`);
  if (expected === undefined) {
    return skipped(
      `the App delivers to ${url}; WEBHOOK_URL is not set, so that this cannot be compared`,
      'Set WEBHOOK_URL for api.',
    );
  }
  return ok(`the App delivers to ${url}`);
}

function sameUrl(text: string): string {
  const url = URL.canParse(text) ? new URL(text).href : text;
  return url.replace(/\/+$/, '');
}

/**
 * GitHub does not say whether a webhook is active: an inactive one shows by its effect. Undefined: nothing points to that. `newestEventAt`: see
 * `AppSetting`.
 */
export function silenceFinding(
  deliveredAt: number | null,
  newestEventAt: number | null,
  now: number,
): Found | undefined {
  const isQuiet = deliveredAt === null || now - deliveredAt >= SILENCE_MS;
  if (!isQuiet || newestEventAt === null || newestEventAt <= (deliveredAt ?? 0)) return undefined;
  const since = deliveredAt === null ? 'for days' : `since ${new Date(deliveredAt).toISOString()}`;
  return warning(
    `GitHub has delivered nothing ${since}, and the sweep has found jobs meanwhile`,
    'Activate the webhook in the settings of the App (Webhook, "Active").',
  );
}

/** The newest delivery failed: an error. Any of the last 20: a warning. */
export function deliveriesFinding(deliveries: readonly DiscoveredDelivery[]): Found {
  const last = deliveries.slice(0, DELIVERIES);
  const [newest] = last;
  if (!newest)
    return skipped(
      'GitHub has delivered nothing in the last three days',
      'Run a job, or redeliver the ping of the App.',
    );
  const failed = last.filter((delivery) => !delivery.ok);
  const [latest] = failed;
  const remedy =
    latest?.statusCode === 401
      ? 'Write one secret to both places: Webhook secret in the settings of the App (General), and GITHUB_WEBHOOK_SECRET. Until then the sweep finds the jobs.'
      : 'Look at "Recent deliveries" in the settings of the App, and at the log of webhook. The sweep redelivers what failed.';
  if (!latest) return ok(`the last ${last.length} deliveries arrived`);
  const answer = latest.statusCode === null ? 'no answer' : `answered ${latest.statusCode}`;
  const which = `${latest.event} at ${new Date(latest.deliveredAt).toISOString()}, ${answer}`;
  if (latest === newest) return error(`the newest delivery failed: ${which}`, remedy);
  return warning(`${failed.length} of the last ${last.length} deliveries failed, the newest of them ${which}`, remedy);
}

/** Whether a classic token has the scopes that the pools need. */
export function scopesFinding(scopes: readonly string[] | null, pools: readonly Pool[]): Found {
  if (scopes === null) {
    return skipped(
      'GitHub does not show the permissions of this token, which is fine-grained; see groups for what it may do',
    );
  }
  const kinds = new Set(pools.map(({scope}) => scope.kind));
  const needed = [...(kinds.has('organization') ? ['admin:org'] : []), ...(kinds.has('repositories') ? ['repo'] : [])];
  const missing = needed.filter((scope) => !scopes.includes(scope));
  if (missing.length === 0) return ok(`the token has the scopes ${scopes.join(', ') || '(none), and needs none'}`);
  return error(
    `the token lacks the scope ${missing.join(' and ')}, which the pools need`,
    'Add the scope to GITHUB_TOKEN.',
  );
}
