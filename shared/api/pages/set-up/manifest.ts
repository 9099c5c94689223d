import {neededPermissions} from '../../../diagnosis/doctor/app';
import type {AppPermissions} from '../../../github/github';
import type {Pool} from '../../../model/pool';

/** GitHub refuses a longer name of an App. */
const MAX_NAME = 34;

/** Who is to own the App. A private App can be installed on its owner alone. */
export interface AppOwner {
  readonly kind: 'person' | 'organization';
  readonly login: string;
}

/** @see https://docs.github.com/en/apps/sharing-github-apps/registering-a-github-app-from-a-manifest */
export interface AppManifest {
  readonly name: string;
  readonly url: string;
  readonly description: string;
  readonly public: false;
  readonly hook_attributes: {readonly url: string; readonly active: true};
  readonly redirect_url: string;
  readonly setup_url: string;
  readonly default_permissions: AppPermissions;
  readonly default_events: readonly string[];
}

/** `base`: URL of `api` as the browser knows it, without a slash at the end. */
export function appManifest({
  owner,
  pools,
  urls,
  base,
}: {
  readonly owner: AppOwner;
  readonly pools: readonly Pool[];
  readonly urls: {readonly webhookUrl: string; readonly apiUrl: string};
  readonly base: string;
}): AppManifest {
  return {
    name: `slipway-${owner.login}`.slice(0, MAX_NAME),
    url: urls.apiUrl,
    description: 'Self-hosted runners for GitHub Actions on Google Cloud',
    public: false,
    hook_attributes: {url: urls.webhookUrl, active: true},
    redirect_url: `${base}/setup/callback`,
    setup_url: `${base}/setup/done`,
    default_permissions: neededPermissions(pools),
    default_events: ['workflow_job'],
  };
}

/** Where a browser posts the manifest. `webUrl`: of GitHub, without a slash at the end. */
export function newAppUrl(webUrl: string, owner: AppOwner): string {
  return `${settingsOf(webUrl, owner)}/apps/new`;
}

/** The page of an App's settings that has the button to delete it. */
export function deleteAppUrl(webUrl: string, owner: AppOwner, slug: string): string {
  return `${settingsOf(webUrl, owner)}/apps/${encodeURIComponent(slug)}/advanced`;
}

function settingsOf(webUrl: string, {kind, login}: AppOwner): string {
  return kind === 'person' ? `${webUrl}/settings` : `${webUrl}/organizations/${encodeURIComponent(login)}/settings`;
}
