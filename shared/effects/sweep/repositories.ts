import type {Pool} from '../../config/config';
import type {DiscoveredRepository} from '../../github/discovery';
import {takesRepository} from '../../lifecycle/matching';
import {orIncomplete, type Sweep} from './ports';

const REMEMBERED_MS = 15 * 60_000;

/** The repositories in which a job of a pool could be, as far as `discovery` goes, and those that `known` names. */
export async function findRepositories(
  sweep: Sweep,
  known: readonly Pick<DiscoveredRepository, 'fullName' | 'installationId'>[],
): Promise<DiscoveredRepository[]> {
  const {pools, clock} = sweep.context;
  const {memory} = sweep;
  if (!memory.repositories || clock.now() - memory.repositories.atMs >= REMEMBERED_MS) {
    const list = await orIncomplete(sweep, 'the list of repositories', () => discover(sweep));
    if (list) memory.repositories = {list, atMs: clock.now()};
  }
  const found = new Map<string, DiscoveredRepository>();
  const spelt = pools.flatMap(speltOut).map((fullName) => ({fullName, installationId: null}));
  for (const named of [...spelt, ...known]) {
    found.set(named.fullName.toLowerCase(), {...named, isPublic: null, pushedAt: null});
  }
  for (const repository of memory.repositories?.list ?? []) found.set(repository.fullName.toLowerCase(), repository);
  return [...found.values()].filter((repository) => couldMatch(pools, repository));
}

async function discover({context, discovery, source}: Sweep): Promise<DiscoveredRepository[]> {
  const {pools} = context;
  if (source === 'installation') return discovery.visible();
  if (source === 'organization') {
    const lists: DiscoveredRepository[][] = [];
    for (const owner of owners(pools)) lists.push(await discovery.ofOrganization(owner));
    return lists.flat();
  }
  return pools.every(isSpeltOut) ? [] : discovery.visible();
}

function couldMatch(pools: readonly Pool[], repository: DiscoveredRepository): boolean {
  return pools.some(
    (pool) => takesRepository(pool, repository.fullName) && (repository.isPublic !== true || pool.allowPublicRepos),
  );
}

function speltOut({scope}: Pool): string[] {
  if (scope.kind === 'organization') return [];
  return scope.patterns.filter((pattern) => !pattern.startsWith('!') && !pattern.includes('*'));
}

function isSpeltOut(pool: Pool): boolean {
  const {scope} = pool;
  if (scope.kind === 'organization') return false;
  return scope.patterns.every((pattern) => pattern.startsWith('!') || !pattern.includes('*'));
}

function owners(pools: readonly Pool[]): string[] {
  const names = pools.flatMap(({scope}) =>
    scope.kind === 'organization'
      ? [scope.org]
      : scope.patterns.filter((pattern) => !pattern.startsWith('!')).map((pattern) => pattern.split('/')[0] ?? ''),
  );
  return [...new Set(names.filter((name) => name !== '' && !name.includes('*')))];
}
