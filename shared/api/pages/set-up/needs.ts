import type {Config} from '../../../config/config-types';
import type {SecretSource} from '../../../config/credentials';

/** What the set-up works with: the secrets that it fills in, `projects/P/secrets/S` each, and the URLs that GitHub is told. */
export interface SetUpTargets {
  readonly appId: string;
  readonly privateKey: string;
  readonly webhookSecret: string;
  readonly webhookUrl: string;
  /** Without a slash at the end. */
  readonly apiUrl: string;
}

/** What the set-up needs of the configuration; `missing` names each variable and what it has to be. */
export type SetUpNeeds =
  | {readonly kind: 'ready'; readonly targets: SetUpTargets}
  | {readonly kind: 'missing'; readonly missing: readonly string[]};

export function setUpNeeds({github, webhookSecrets, urls, pools}: Config): SetUpNeeds {
  const appId = typeof github.appId === 'number' ? undefined : secretName(github.appId);
  const privateKey = secretName(github.privateKey);
  const webhookSecret = webhookSecrets.length === 1 ? secretName(webhookSecrets[0]) : undefined;
  const {webhook: webhookUrl, api: apiUrl} = urls;
  if (appId && privateKey && webhookSecret && webhookUrl && apiUrl && pools.length > 0) {
    const targets = {appId, privateKey, webhookSecret, webhookUrl, apiUrl: apiUrl.replace(/\/+$/, '')};
    return {kind: 'ready', targets};
  }
  const name = 'the name of a secret in Secret Manager, projects/P/secrets/S, without a version';
  const missing = [
    ...(appId ? [] : [`GITHUB_APP_ID: ${name}`]),
    ...(privateKey ? [] : [`GITHUB_APP_PRIVATE_KEY: ${name}`]),
    ...(webhookSecret ? [] : [`GITHUB_WEBHOOK_SECRET: ${name}`]),
    ...(webhookUrl ? [] : ['WEBHOOK_URL: the URL of webhook, to which GitHub delivers']),
    ...(apiUrl ? [] : ['API_URL: the URL of api, to which GitHub sends the browser back']),
    ...(pools.length > 0 ? [] : ['RUNNER_CONFIG: at least one pool, from which the permissions of the App follow']),
  ];
  return {kind: 'missing', missing};
}

/** The name of a secret that takes new versions. A reference to one version or to a field of JSON takes none. */
function secretName(source: SecretSource | undefined): string | undefined {
  if (source?.kind !== 'resource' || source.field || source.name.includes('/versions/')) return undefined;
  return source.name;
}
