import {connectGitHub, createDiscovery, createGitHub, type GitHubOptions} from '../../shared/github/client';
import type {Discovery, GitHubConnection, GitHubFor} from '../../shared/github/github';
import type {RunnerScope} from '../../shared/model/scope';
import {Secret} from '../../shared/secret';
import {GitHubWorld, type GitHubWorldOptions} from '../emulators/github/model';
import {serveGitHub} from '../emulators/github/server';
import {VirtualScheduler} from '../emulators/scheduler';
import {SeededRandom} from '../emulators/seeded-random';

export const repository: RunnerScope = {kind: 'repository', owner: 'acme', repo: 'app'};
export const organization: RunnerScope = {kind: 'organization', org: 'acme'};
export const JIT = /generate-jitconfig$/;

/** A simulated GitHub with acme/app and the installed App, and a real client that calls it over HTTP as the App. */
export interface ConnectedWorld {
  readonly world: GitHubWorld;
  readonly scheduler: VirtualScheduler;
  readonly enterpriseUrl: string;
  readonly gitHubFor: GitHubFor;
  /** Creates another client with other credentials. */
  readonly connect: (options?: Partial<GitHubOptions>) => GitHubFor;
  /** Creates another client with both ports. */
  readonly connection: () => GitHubConnection;
  readonly discover: (options?: Partial<GitHubOptions>) => Discovery;
  /** All requests so far, as `POST /path`. */
  readonly lines: () => string[];
  readonly close: () => Promise<void>;
}

export async function connectedWorld(options: Partial<GitHubWorldOptions> = {}): Promise<ConnectedWorld> {
  const scheduler = new VirtualScheduler();
  const world = new GitHubWorld({scheduler, random: new SeededRandom(1), authClock: scheduler, ...options});
  world.app.refusesTwins = true;
  const server = await serveGitHub(world);
  const given: GitHubOptions = {
    apiUrl: server.url,
    clock: scheduler,
    credentials: {kind: 'app', appId: world.app.id, privateKey: async () => new Secret(world.app.privateKeyPem)},
  };
  const connect = (others: Partial<GitHubOptions> = {}) => createGitHub({...given, ...others});
  return {
    world,
    scheduler,
    enterpriseUrl: server.enterpriseUrl,
    gitHubFor: connect(),
    connect,
    connection: () => connectGitHub(given),
    discover: (others = {}) => createDiscovery({...given, ...others}),
    lines: () => world.requests.map(({method, path}) => `${method} ${path}`),
    close: () => server.close(),
  };
}
