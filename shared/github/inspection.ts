import type {Octokit} from '@octokit/rest';
import type {Clock} from '../clock';
import {Refused} from '../errors';
import type {RunnerScope} from '../model/scope';
import type {Access} from './access';
import {type App, listInstallations} from './app';
import {classify, unreadable} from './errors';
import type {Discovery, Inspection} from './github';
import {readListWith, toListed} from './lists';
import type {GitHubCall} from './refusals';
import {readApp, readGroupAccess, readHookConfig} from './responses';

export interface InspectionOptions {
  readonly access: Access;
  /** Reads the deliveries. */
  readonly discovery: Discovery;
  readonly clock: Clock;
}

/** The scope of calls that belong to no account: those of the App itself and of the token's user. */
const NOBODYS: RunnerScope = {kind: 'organization', org: '*'};

/** Creates the calls of the doctor to GitHub, over HTTP. */
export function createInspection({access, discovery, clock}: InspectionOptions): Inspection {
  const {app, kind: credentials} = access;
  // Octokits of its own, so that no answer is one that an earlier question has kept.
  const octokitFor = access.octokits();

  function theApp(): App {
    if (app) return app;
    throw new Refused('found GITHUB_TOKEN, which belongs to no App; expected GITHUB_APP_ID and its key');
  }

  function askApp<T>(what: string, path: string, read: (data: unknown) => T | undefined): Promise<T> {
    const call: GitHubCall = {kind: 'discovery', scope: NOBODYS, what, permission: 'metadata'};
    return theApp().ask(call, async (octokit) => {
      const {data}: {data: unknown} = await octokit.request(`GET ${path}`);
      const found = read(data);
      if (found === undefined) throw unreadable(call, 'another shape than GitHub describes');
      return found;
    });
  }

  const askAs =
    (call: GitHubCall & {scope: RunnerScope}) =>
    async <T>(work: (octokit: Octokit) => Promise<T>): Promise<T> => {
      try {
        return await work(await octokitFor(call.scope));
      } catch (error) {
        throw classify(error, call, {nowMs: clock.now(), credentials});
      }
    };

  return {
    credentials,
    app: async () => askApp('the App', '/app', readApp),
    installations: async () => listInstallations(theApp()),
    webhook: async () => askApp('the webhook of the App', '/app/hook/config', readHookConfig),
    async deliveries() {
      theApp();
      const {deliveries} = await discovery.deliveries({kind: 'app'}, {cursor: null, failuresOnly: false});
      return deliveries;
    },
    async runnerGroups(org, repository) {
      const call: GitHubCall & {scope: RunnerScope} = {kind: 'runner_groups', scope: {kind: 'organization', org}};
      const query = repository === undefined ? {} : {visible_to_repository: repository};
      const path = `/orgs/${encodeURIComponent(org)}/actions/runner-groups`;
      return toListed(call, await readListWith(call, askAs(call), path, {query}), readGroupAccess);
    },
    async tokenScopes() {
      const call = {kind: 'discovery', scope: NOBODYS, what: 'its repositories', permission: 'metadata'} as const;
      const header = await askAs(call)(async (octokit) => {
        const {headers} = await octokit.request('GET /user/repos', {per_page: 1});
        return headers['x-oauth-scopes'];
      });
      if (typeof header !== 'string') return null;
      return header
        .split(',')
        .map((scope) => scope.trim())
        .filter((scope) => scope !== '');
    },
  };
}
