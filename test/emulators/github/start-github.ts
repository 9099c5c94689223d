import {createAppAuth} from '@octokit/auth-app';
import {Octokit} from '@octokit/rest';
import {VirtualScheduler} from '../scheduler';
import {SeededRandom} from '../seeded-random';
import {GitHubWorld, type GitHubWorldOptions} from './model';
import {type GitHubServer, serveGitHub} from './server';

/** A world with its server and GitHub's own client on it, for tests. */
export interface StartedGitHub {
  readonly scheduler: VirtualScheduler;
  readonly world: GitHubWorld;
  readonly server: GitHubServer;
  /** As the App, or as an installation of it. */
  client(installationId?: number): Octokit;
}

/** Seed 1 on a virtual clock unless given otherwise. Close `server` at the end. */
export async function startGitHub(
  options: Partial<Omit<GitHubWorldOptions, 'scheduler'>> = {},
): Promise<StartedGitHub> {
  const scheduler = new VirtualScheduler();
  const world = new GitHubWorld({random: new SeededRandom(1), ...options, scheduler});
  const server = await serveGitHub(world);
  return {
    scheduler,
    world,
    server,
    client: (installationId) => appClient(world, server.url, installationId),
  };
}

/** Octokit would write to the console of the test otherwise. */
const quiet = () => undefined;

export function appClient(world: GitHubWorld, baseUrl: string, installationId?: number): Octokit {
  return new Octokit({
    baseUrl,
    authStrategy: createAppAuth,
    auth: {
      appId: world.app.id,
      privateKey: world.app.privateKeyPem,
      ...(installationId === undefined ? {} : {installationId}),
    },
    log: {debug: quiet, info: quiet, warn: quiet, error: quiet},
  });
}
