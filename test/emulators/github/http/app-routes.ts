import type {Account} from '../account';
import type {App, Installation} from '../app';
import type {GitHubWorld} from '../model';
import {accountJson, repositoryJson} from '../payload';
import {GitHubRefusal, notFound} from '../refusal';
import {isoSeconds} from '../time';
import {appOf, type Call, fullName, type Handler, type Handlers, isOfApp, text} from './call';
import {paginate} from './paginate';

const getApp: Handler = (call) => {
  const {world} = call;
  const owner = world.accounts.repositories()[0]?.owner ?? world.accounts.addAccount('slipway-world');
  return {status: 200, body: appJson(world, appOf(call), owner)};
};

function appJson({scheduler, webUrl}: GitHubWorld, app: App, owner: Account) {
  const made = isoSeconds(scheduler.now());
  return {
    id: app.id,
    slug: app.slug,
    node_id: 'A_slipway',
    owner: accountJson(owner),
    name: 'Slipway world',
    description: null,
    external_url: 'https://slipway.example',
    html_url: `${webUrl}/apps/${app.slug}`,
    created_at: made,
    updated_at: made,
    permissions: app.permissions,
    events: app.events,
  };
}

/** An App without a webhook has no URL and no secret. */
const getWebhookConfig: Handler = (call) => {
  const hook = call.world.deliveries.hooks().find(isOfApp(call));
  const set = hook ? {url: hook.url, ...(hook.secret ? {secret: '********'} : {})} : {};
  return {status: 200, body: {content_type: 'json', insecure_ssl: '0', ...set}};
};

/** The App changes its own webhook; what is left out stays. */
const updateWebhookConfig: Handler = (call) => {
  const {url, secret} = (call.body ?? {}) as {readonly url?: string; readonly secret?: string};
  const hook = call.world.deliveries.hooks().find(isOfApp(call));
  if (!hook) throw notFound();
  if (url !== undefined) hook.url = url;
  if (secret !== undefined) hook.secret = secret;
  return getWebhookConfig(call);
};

/** The code is good for an hour and once. */
const createFromManifest: Handler = ({world, path}) => {
  const made = world.manifests.convert(String(path['code']));
  return {
    status: 201,
    body: {
      ...appJson(world, world.app, made.owner),
      name: made.name,
      client_id: 'Iv23liWorld',
      client_secret: '0123456789abcdef0123456789abcdef01234567',
      webhook_secret: made.webhookSecret,
      pem: world.app.privateKeyPem,
    },
  };
};

const listInstallations: Handler = (call) => {
  const page = paginate(call, appOf(call).installations());
  return {status: 200, headers: page.headers, body: page.items.map((each) => installationJson(call, each))};
};

const getInstallation: Handler = (call) => ({
  status: 200,
  body: installationJson(call, appOf(call).installation(Number(call.path['installation_id']))),
});

const createToken: Handler = (call) => {
  const id = Number(call.path['installation_id']);
  const {token, expiresAtMs, installation} = appOf(call).createInstallationToken(id);
  return {
    status: 201,
    body: {
      token,
      expires_at: isoSeconds(expiresAtMs),
      permissions: installation.permissions,
      repository_selection: installation.repositories === 'all' ? 'all' : 'selected',
    },
  };
};

const repositoryInstallation: Handler = (call) => {
  const installation = appOf(call).installationOf(call.world.accounts.repository(fullName(call)));
  if (!installation) throw notFound();
  return {status: 200, body: installationJson(call, installation)};
};

const organizationInstallation: Handler = (call) => {
  const installation = appOf(call).installationOfAccount(text(call, 'org'));
  if (!installation) throw notFound();
  return {status: 200, body: installationJson(call, installation)};
};

const installationRepositories: Handler = (call) => {
  const token = call.identity.kind === 'token' ? call.identity.token : undefined;
  if (token?.kind !== 'installation') throw new GitHubRefusal(403, 'You must authenticate with an installation token.');
  const {installation} = token;
  const seen = call.world.accounts
    .repositoriesOf(installation.account)
    .filter((repository) => appOf(call).installationOf(repository)?.id === installation.id);
  const page = paginate(call, seen);
  return {
    status: 200,
    headers: page.headers,
    body: {
      total_count: page.total,
      repository_selection: installation.repositories === 'all' ? 'all' : 'selected',
      repositories: page.items.map((repository) => repositoryJson(repository, call.world.webUrl)),
    },
  };
};

function installationJson(call: Call, installation: Installation) {
  const {world} = call;
  const app = appOf(call);
  const {account, id} = installation;
  const made = isoSeconds(installation.createdAtMs);
  const suspended = installation.suspended ? isoSeconds(world.scheduler.now()) : null;
  return {
    id,
    account: accountJson(account),
    repository_selection: installation.repositories === 'all' ? 'all' : 'selected',
    access_tokens_url: `https://api.github.com/app/installations/${id}/access_tokens`,
    repositories_url: 'https://api.github.com/installation/repositories',
    html_url: `${world.webUrl}/organizations/${account.login}/settings/installations/${id}`,
    app_id: app.id,
    app_slug: app.slug,
    target_id: account.id,
    target_type: account.type,
    permissions: installation.permissions,
    events: app.events,
    created_at: made,
    updated_at: made,
    single_file_name: null,
    suspended_by: suspended === null ? null : accountJson(account),
    suspended_at: suspended,
  };
}

export const appHandlers: Handlers = {
  'apps/get-authenticated': getApp,
  'apps/get-webhook-config-for-app': getWebhookConfig,
  'apps/update-webhook-config-for-app': updateWebhookConfig,
  'apps/create-from-manifest': createFromManifest,
  'apps/list-installations': listInstallations,
  'apps/get-installation': getInstallation,
  'apps/create-installation-access-token': createToken,
  'apps/get-repo-installation': repositoryInstallation,
  'apps/get-org-installation': organizationInstallation,
  'apps/list-repos-accessible-to-installation': installationRepositories,
};
