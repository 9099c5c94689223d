import {attempt, type DiscoveredRepository, joined, type Listed} from '../github/github';
import {takesRepository} from '../model/matching';
import type {Pool} from '../model/pool';
import {noteIncomplete, type Sweep} from './context';

const REMEMBERED_MS = 15 * 60_000;

/** How long an incomplete list is used. */
const INCOMPLETE_MS = 2 * 60_000;
const WHAT = 'the list of repositories';

/** The repositories in which a job of a pool could be, as far as `discovery` goes, and those that `known` names. */
export async function findRepositories(
  sweep: Sweep,
  known: readonly Pick<DiscoveredRepository, 'fullName' | 'installationId'>[],
): Promise<DiscoveredRepository[]> {
  const {pools} = sweep.context;
  await remember(sweep);
  const {memory} = sweep;
  const found = new Map<string, DiscoveredRepository>();
  const spelt = pools.flatMap(speltOut).map((fullName) => ({fullName, installationId: null}));
  for (const named of [...spelt, ...known]) {
    found.set(named.fullName.toLowerCase(), {...named, isPublic: null, pushedAt: null});
  }
  for (const repository of memory.repositories.former(WHAT)?.list ?? [])
    found.set(repository.fullName.toLowerCase(), repository);
  return [...found.values()].filter((repository) => couldMatch(pools, repository));
}

/** When the list cannot be read to its end, what could be read is added to what was known. */
async function remember(sweep: Sweep): Promise<void> {
  const {repositories} = sweep.memory;
  const current = repositories.get(WHAT);
  if (current) {
    if (!current.isComplete) sweep.incomplete.push(WHAT);
    return;
  }
  const now = sweep.context.clock.now();
  const {items, failure} = await attempt(() => discover(sweep));
  if (failure === undefined) {
    repositories.set(WHAT, {list: items, isComplete: true}, now + REMEMBERED_MS);
    return;
  }
  noteIncomplete(sweep, WHAT, failure);
  const all = [...(repositories.former(WHAT)?.list ?? []), ...items];
  const list = [...new Map(all.map((repository) => [repository.fullName.toLowerCase(), repository])).values()];
  repositories.set(WHAT, {list, isComplete: false}, list.length > 0 ? now + INCOMPLETE_MS : now);
}

async function discover({context, discovery, source}: Sweep): Promise<Listed<DiscoveredRepository>> {
  const {pools} = context;
  if (source === 'installation') return discovery.visible();
  if (source === 'organization') {
    const lists: Listed<DiscoveredRepository>[] = [];
    for (const owner of owners(pools)) lists.push(await attempt(() => discovery.ofOrganization(owner)));
    return joined(lists);
  }
  return pools.every(isSpeltOut) ? {items: [], failure: undefined} : discovery.visible();
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
