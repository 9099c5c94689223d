import type {Clock} from '../clock';
import type {Random} from '../random';
import {Secret} from '../secret';
import {createApp} from './app';
import {classify, unreadable} from './errors';
import {createOctokit} from './octokit';
import type {GitHubCall} from './refusals';

/** GitHub makes a key pair before it answers. */
const TIMEOUT_MS = 20_000;

/** An App that GitHub has just made from a manifest. GitHub shows the key only this once. */
export interface NewApp {
  readonly id: number;
  readonly slug: string;
  readonly name: string;
  readonly owner: {readonly kind: 'person' | 'organization'; readonly login: string};
  /** The App's page. */
  readonly htmlUrl: string;
  /** PEM. */
  readonly privateKey: Secret;
  /** Null: GitHub has made none. */
  readonly webhookSecret: Secret | null;
}

/** Makes Apps from manifests, which browsers have taken to GitHub. */
export interface AppMaker {
  /**
   * Turns the code that GitHub gave the browser into the App. A code is good for an hour and once: after `Unavailable` or `Uncertain` the App
   * may be there, and nobody has its key.
   *
   * @see https://docs.github.com/en/rest/apps/apps#create-a-github-app-from-a-manifest
   */
  convert(code: string): Promise<NewApp>;
  /** Gives the App's webhook a secret, as the App itself. */
  setWebhookSecret(app: Pick<NewApp, 'id' | 'privateKey'>, secret: Secret): Promise<void>;
}

export function createAppMaker({
  apiUrl,
  clock,
  random,
}: {
  readonly apiUrl: string;
  readonly clock: Clock;
  readonly random: Random;
}): AppMaker {
  const connection = {apiUrl, timeoutMs: TIMEOUT_MS};
  return {
    async convert(code) {
      const call = callOf('the App of a manifest');
      try {
        const {data}: {data: unknown} = await createOctokit(connection).rest.apps.createFromManifest({code});
        const app = readNewApp(data);
        if (!app) throw unreadable(call, 'no App with a key');
        return app;
      } catch (error) {
        throw classify(error, call, {nowMs: clock.now(), credentials: 'app'});
      }
    },
    async setWebhookSecret({id, privateKey}, secret) {
      const app = createApp({kind: 'app', appId: id, privateKey: async () => privateKey}, connection, {clock, random});
      await app.ask(callOf('the webhook of the App'), (octokit) =>
        octokit.rest.apps.updateWebhookConfigForApp({secret: secret.reveal()}),
      );
    },
  };
}

function callOf(what: string): GitHubCall {
  return {kind: 'discovery', scope: {kind: 'organization', org: '*'}, what, permission: 'metadata'};
}

function readNewApp(data: unknown): NewApp | undefined {
  const app = Object(data) as Record<string, unknown>;
  const {id, slug, name, owner, html_url: htmlUrl, pem, webhook_secret: webhookSecret} = app;
  const {login, type} = Object(owner) as Record<string, unknown>;
  if (typeof id !== 'number' || !isText(slug) || !isText(htmlUrl) || !isText(pem) || !isText(login)) return undefined;
  return {
    id,
    slug,
    name: isText(name) ? name : slug,
    owner: {kind: type === 'User' ? 'person' : 'organization', login},
    htmlUrl,
    privateKey: new Secret(pem),
    webhookSecret: isText(webhookSecret) ? new Secret(webhookSecret) : null,
  };
}

function isText(value: unknown): value is string {
  return typeof value === 'string' && value !== '';
}
