import type {SharedApp} from '../../../shared/github/shared-discovery';
import {ownerOf, scopeName} from '../../../shared/model/scope';
import {sameName} from './account';
import type {App, Installation} from './app';
import {directGitHub} from './direct';
import {type DirectDiscoveryOptions, directDiscovery, hookOf} from './direct-discovery';
import {installationCaller} from './http/authenticate';
import type {GitHubWorld} from './model';

/** The world's Apps, each straight on the model, as the functions share them. */
export function directApps(world: GitHubWorld, options: Omit<DirectDiscoveryOptions, 'app'> = {}): SharedApp[] {
  return world.apps.map((app, index) => ({
    name: `app-${index + 1}`,
    forScope: directGitHub(world, app),
    discovery: directDiscovery(world, {...options, app}),
    webhookUrl: async () => hookOf(world, app)?.url ?? null,
    async actsFor(scope) {
      const installation =
        scope.kind === 'organization'
          ? app.installationOfAccount(scope.org)
          : installationOf(world, app, scopeName(scope));
      return installation !== undefined && !installation.suspended;
    },
    left(scope) {
      const installation = app.installationOfAccount(ownerOf(scope));
      if (!installation) return 1;
      const {limit, remaining} = world.limits.state(installationCaller(installation.id));
      return Number.isFinite(limit) ? remaining / limit : 1;
    },
  }));
}

/** A repository that is not there has none: GitHub answers 404. */
function installationOf(world: GitHubWorld, app: App, fullName: string): Installation | undefined {
  const repository = world.accounts.repositories().find((each) => sameName(each.fullName, fullName));
  return repository && app.installationOf(repository);
}
