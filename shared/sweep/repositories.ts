import {MINUTE_MS} from '../durations';
import {type DiscoveredRepository, joinLists, type Listed, listOrFailure} from '../github/github';
import {takesRepository} from '../model/matching';
import {isSpeltOut} from '../model/names';
import type {Pool} from '../model/pool';
import {noteIncomplete, type Sweep} from './context';

const CACHE_TTL_MS = 15 * MINUTE_MS;
/** How long an incomplete list is used, in milliseconds. */
const INCOMPLETE_TTL_MS = 2 * MINUTE_MS;
const WHAT = 'the list of repositories';

/** The repositories that may have a job of a pool: those that `discovery` lists, those that the pools name, and `known`. */
export async function findRepositories(
  sweep: Sweep,
  known: readonly Pick<DiscoveredRepository, 'fullName' | 'installationId'>[],
): Promise<DiscoveredRepository[]> {
  const {pools} = sweep.context;
  await refreshList(sweep);
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

const STRANGERS = 'the repositories that no pool serves';
const STRANGERS_TTL_MS = 3600_000;

/**
 * Repositories that no pool serves, of owners that a pool names: a job there that asks for a label of ours waits for a repository that was
 * left out. Where the pools spell out theirs, an App asks GitHub for the
 * others once an hour; without an answer there are none. A personal token does not: its user may see thousands.
 */
export async function findStrangers(sweep: Sweep): Promise<DiscoveredRepository[]> {
  const {context, discovery, memory, source} = sweep;
  const {pools, clock, logger} = context;
  const isListed = source !== 'configured' || !pools.every(areAllSpeltOut);
  let list = memory.repositories.former(WHAT)?.list ?? [];
  if (!isListed && discovery.credentials === 'token') return [];
  if (!isListed) {
    if (!memory.repositories.get(STRANGERS)) {
      const {items, failure} = await listOrFailure(() => discovery.listRepositories());
      if (failure !== undefined) logger.debug(`sweep: ${STRANGERS} could not be listed`, {error: failure});
      memory.repositories.set(
        STRANGERS,
        {list: items, isComplete: failure === undefined},
        clock.now() + STRANGERS_TTL_MS,
      );
    }
    list = memory.repositories.former(STRANGERS)?.list ?? [];
  }
  const named = new Set(owners(pools).map((owner) => owner.toLowerCase()));
  return list.filter(
    (repository) => named.has(repository.fullName.split('/')[0]?.toLowerCase() ?? '') && !couldMatch(pools, repository),
  );
}

/** Lists the repositories again when the cached list has expired. An incomplete list is merged into the former one. */
async function refreshList(sweep: Sweep): Promise<void> {
  const {repositories} = sweep.memory;
  const current = repositories.get(WHAT);
  if (current) {
    if (!current.isComplete) sweep.incomplete.push(WHAT);
    return;
  }
  const now = sweep.context.clock.now();
  const {items, failure} = await listOrFailure(() => listRepositories(sweep));
  if (failure === undefined) {
    repositories.set(WHAT, {list: items, isComplete: true}, now + CACHE_TTL_MS);
    return;
  }
  noteIncomplete(sweep, WHAT, failure);
  const all = [...(repositories.former(WHAT)?.list ?? []), ...items];
  const list = [...new Map(all.map((repository) => [repository.fullName.toLowerCase(), repository])).values()];
  repositories.set(WHAT, {list, isComplete: false}, list.length > 0 ? now + INCOMPLETE_TTL_MS : now);
}

async function listRepositories({context, discovery, source}: Sweep): Promise<Listed<DiscoveredRepository>> {
  const {pools} = context;
  if (source === 'installation') return discovery.listRepositories();
  if (source === 'organization') {
    const lists: Listed<DiscoveredRepository>[] = [];
    for (const owner of owners(pools)) lists.push(await listOrFailure(() => discovery.listRepositoriesOf(owner)));
    return joinLists(lists);
  }
  return pools.every(areAllSpeltOut) ? {items: [], failure: undefined} : discovery.listRepositories();
}

function couldMatch(pools: readonly Pool[], repository: DiscoveredRepository): boolean {
  return pools.some(
    (pool) => takesRepository(pool, repository.fullName) && (repository.isPublic !== true || pool.allowPublicRepos),
  );
}

function speltOut({scope}: Pool): string[] {
  if (scope.kind === 'organization') return [];
  return scope.patterns.filter(isSpeltOut);
}

function areAllSpeltOut(pool: Pool): boolean {
  const {scope} = pool;
  if (scope.kind === 'organization') return false;
  return scope.patterns.every((pattern) => pattern.startsWith('!') || isSpeltOut(pattern));
}

/** Accounts that pools name as the owner of repositories. */
export function owners(pools: readonly Pool[]): string[] {
  const names = pools.flatMap(({scope}) =>
    scope.kind === 'organization'
      ? [scope.org]
      : scope.patterns.filter((pattern) => !pattern.startsWith('!')).map((pattern) => pattern.split('/')[0] ?? ''),
  );
  return [...new Set(names.filter((name) => name !== '' && !name.includes('*')))];
}
