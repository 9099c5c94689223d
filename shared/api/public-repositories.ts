import {Refused} from '../errors';
import type {RepositoryVisibility} from '../github/github';
import {Problem} from '../http/errors';
import type {Pool} from '../model/pool';
import type {RequestContext} from './operation';

type Asking = Pick<RequestContext, 'services'>;

/**
 * Whether the repository is public now, as GitHub answers. A runner may be registered by request only where this is known: without an event no
 * payload says it.
 *
 * @throws Refused where GitHub does not show the repository, and what the call throws.
 */
export async function visibilityOf({services}: Asking, repository: string): Promise<RepositoryVisibility> {
  const {discovery} = await services();
  const visibility = await discovery().visibility({fullName: repository, installationId: null});
  if (visibility) return visibility;
  throw new Refused(
    `GitHub shows no repository ${repository} to this deployment: correct the name, or give the App or the token access to it`,
  );
}

/** Throws the problem `public-repository` where the pool serves no public repository, and this is one. */
export async function refusePublicRepository(request: Asking, pool: Pool, repository: string): Promise<void> {
  if (pool.allowPublicRepos || (await visibilityOf(request, repository)) === 'private') return;
  throw new Problem(
    'public-repository',
    `${repository} is public, and pool ${pool.name} does not set allowPublicRepos: no runner is made for it (docs/security.md says why)`,
  );
}
