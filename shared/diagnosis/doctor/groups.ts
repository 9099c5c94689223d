import {RefusedByGitHub} from '../../errors';
import type {Inspection, RunnerGroupAtGitHub} from '../../github/github';
import {fallbackRefusal, fallbacksOf} from '../../model/fallback';
import {isSpeltOut} from '../../model/names';
import type {Pool} from '../../model/pool';
import {repositoryScope} from '../../model/scope';
import type {Context} from '../../ports';
import {batches} from '../batches';
import {ask, error, type Found, ok, once, skipped, together, warning} from './check';
import {recentRepositories, type Served} from './recent-repositories';

/** Repositories that are asked for, and how many at once. */
const MOST_REPOSITORIES = 30;
const AT_ONCE = 5;

/** A name that no runner has. */
const NOBODY = 'slipway-health-check';

export interface GroupSetting {
  readonly context: Context;
  /** Every App, the first one first; or the token. */
  readonly apps: readonly Inspection[];
}

/** Whether every pool may register runners where its jobs are, and its runner group gives them to its repositories. */
export async function lookAtGroups({context, apps}: GroupSetting): Promise<Found> {
  const served = await servedRepositories(context);
  const looked = await Promise.all(apps.map(async (app) => ({app, owners: await ownersWith(app)})));
  if (looked.every(({owners}) => owners === 'refused'))
    return skipped('GitHub refuses the key of the App; see app.key', 'Correct the key first.');
  /** The first App that acts for the owner. Accounts without an App are left out, because `app.installations` reports them. */
  const inspectionOf = (owner: string) =>
    looked.find(({owners}) => owners === 'all' || (owners !== 'refused' && owners.has(owner.toLowerCase())))?.app;
  const isInstalled = (owner: string) => inspectionOf(owner) !== undefined;

  const organizations = context.pools.flatMap((pool) =>
    pool.scope.kind === 'organization' && isInstalled(pool.scope.org) ? [{pool, org: pool.scope.org}] : [],
  );
  const listed = new Map<string, () => Promise<readonly RunnerGroupAtGitHub[]>>();
  /** Asked once for an organization, or for one of its repositories, however many pools need it. */
  const groupsOf = (org: string, repository?: string) => {
    const key = `${org}/${repository ?? ''}`.toLowerCase();
    const list = listed.get(key) ?? once(() => groups(inspectionOf(org), org, repository));
    listed.set(key, list);
    return list();
  };

  const looks = [
    ...organizations.map(
      ({pool, org}) =>
        async () =>
          groupFinding(pool, org, await groupsOf(org)),
    ),
    ...organizations.flatMap(({pool, org}) =>
      served
        .filter((each) => each.pool === pool)
        .map(({repository}) => async () => {
          const [, name = ''] = repository.split('/');
          return admissionFinding(pool, repository, await groupsOf(org), await groupsOf(org, name));
        }),
    ),
    ...organizations.flatMap(({pool, org}) =>
      fallingBackTo(pool, served, context.pools).map(({home, repository}) => async () => {
        const [, name = ''] = repository.split('/');
        return admissionFinding(pool, repository, await groupsOf(org), await groupsOf(org, name), home);
      }),
    ),
    ...served
      .filter(({pool, repository}) => pool.scope.kind === 'repositories' && isInstalled(repository.split('/')[0] ?? ''))
      .map(({pool, repository}) => async () => {
        if (!isDefaultName(pool.runnerGroup)) return groupOfRepository(pool);
        // GitHub refuses this to whoever may not register runners there.
        await ask('GitHub', context.github(repositoryScope(repository)).findRunner(NOBODY));
        return ok(`runners can be registered in ${repository}`);
      }),
  ];
  if (looks.length === 0) {
    const because =
      'no pool names an organization or a repository without * where the App is installed, and no job is on record yet';
    return skipped(because, 'Run the doctor again after the first job.');
  }
  const found: Found[] = [];
  for await (const some of batches(looks, AT_ONCE, (look) => look())) found.push(...some);
  return together(found);
}

/** The accounts on which the App acts, lower case. `all`: with a token, or where GitHub does not tell of every one. */
async function ownersWith(app: Inspection): Promise<ReadonlySet<string> | 'all' | 'refused'> {
  if (app.credentials !== 'app') return 'all';
  const installed = await ask('GitHub', app.installations()).catch(unlessRefused);
  if (installed === 'refused') return installed;
  if (installed.failure !== undefined) return 'all';
  return new Set(installed.items.flatMap(({login, isSuspended}) => (isSuspended ? [] : login.toLowerCase())));
}

function unlessRefused(failure: unknown): 'refused' {
  if (failure instanceof RefusedByGitHub) return 'refused';
  throw failure;
}

async function groups(
  inspection: Inspection | undefined,
  org: string,
  repository?: string,
): Promise<readonly RunnerGroupAtGitHub[]> {
  if (!inspection) return [];
  const {items, failure} = await ask('GitHub', inspection.runnerGroups(org, repository));
  // In an incomplete list a group would look absent.
  if (failure !== undefined) throw failure;
  return items;
}

/** At most 30: repositories that pools spell out, then those whose jobs wait or run, then others that had a job in 30 days. */
async function servedRepositories(context: Context): Promise<Served[]> {
  const spelt = context.pools.flatMap((pool) =>
    pool.scope.kind === 'repositories'
      ? pool.scope.patterns.filter(isSpeltOut).map((repository) => ({pool, repository}))
      : [],
  );
  const recent = await recentRepositories(context, MOST_REPOSITORIES);
  const keyOf = ({pool, repository}: Served) => `${pool.name} ${repository.toLowerCase()}`;
  const all = new Map([...spelt, ...recent].map((each) => [keyOf(each), each]));
  return [...all.values()].slice(0, MOST_REPOSITORIES);
}

/**
 * Repositories whose jobs fall back to the pool from one that has another runner group: the finding about that group does not cover them. What may be
 * public is left out where the fallback serves none that is.
 */
function fallingBackTo(
  pool: Pool,
  served: readonly Served[],
  pools: readonly Pool[],
): {readonly home: Pool; readonly repository: string}[] {
  return served.flatMap(({pool: home, repository, isPublic}) => {
    if (home.runnerGroup.toLowerCase() === pool.runnerGroup.toLowerCase()) return [];
    const job = {repository, labels: [], isPublic};
    const serves = fallbacksOf(pools, home.name).includes(pool) && fallbackRefusal(pool, home, job) === undefined;
    return serves ? [{home, repository}] : [];
  });
}

/** Whether the pool's runner group exists. */
export function groupFinding(pool: Pool, org: string, existing: readonly RunnerGroupAtGitHub[]): Found {
  const group = groupOf(pool, existing);
  if (!group) {
    const names = existing.map(({name}) => `"${name}"`).join(', ') || 'none';
    const because = `organization ${org} has no runner group "${pool.runnerGroup}", which pool ${pool.name} names; it has ${names}`;
    return error(because, `Make the group, or correct runnerGroup of pool ${pool.name}.`);
  }
  if (pool.allowPublicRepos && !group.allowsPublicRepositories) {
    const because = `pool ${pool.name} takes jobs of public repositories, and its runner group "${group.name}" admits none`;
    return warning(because, 'Allow public repositories in the settings of the group, after reading docs/security.md.');
  }
  if (group.onlyWorkflows) {
    const because = `the runner group "${group.name}" of pool ${pool.name} gives its runners to ${group.onlyWorkflows.join(', ') || 'no workflow'} alone`;
    return warning(
      because,
      'Check that these are the workflows of the pool, or allow all workflows in the settings of the group.',
    );
  }
  return ok(`the runner group "${group.name}" of ${org} is there`);
}

/** Whether the pool's runner group admits a repository. `visible`: the groups that the repository may use. `home`: the pool whose jobs fall back to this one. */
export function admissionFinding(
  pool: Pool,
  repository: string,
  existing: readonly RunnerGroupAtGitHub[],
  visible: readonly RunnerGroupAtGitHub[],
  home?: Pool,
): Found {
  const group = groupOf(pool, existing);
  // A group that is not there is the finding of `groupFinding`.
  if (!group || groupOf(pool, visible)) return ok(`the runner groups admit ${repository}`);
  const whose = home ? `whose jobs fall back to it from pool ${home.name}` : 'whose jobs the pool takes';
  return error(
    `the runner group "${group.name}" of pool ${pool.name} does not admit ${repository}, ${whose}`,
    `Add ${repository} to the repositories of the group, in the settings of its organization (Actions, Runner groups).`,
  );
}

function groupOfRepository({name, runnerGroup}: Pool): Found {
  const because = `pool ${name} names the runner group "${runnerGroup}", and a repository has no group but Default`;
  return error(because, `Leave runnerGroup of pool ${name} out, or give the pool an org in place of its repositories.`);
}

function groupOf({runnerGroup}: Pool, existing: readonly RunnerGroupAtGitHub[]): RunnerGroupAtGitHub | undefined {
  const wanted = runnerGroup.toLowerCase();
  const theDefault = isDefaultName(runnerGroup) ? existing.find(({isDefault}) => isDefault) : undefined;
  return theDefault ?? existing.find(({name}) => name.toLowerCase() === wanted);
}

function isDefaultName(name: string): boolean {
  return name.toLowerCase() === 'default';
}
