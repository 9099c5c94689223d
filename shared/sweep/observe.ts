import type {DiscoveredRepository} from '../github/github';
import {vmOfHost} from '../hosts/host-vm';
import {openContainers, readHosts} from '../hosts/hosts';
import {isContainerOver} from '../model/container';
import {type JobDocument, type JobKey, waitsForVm} from '../model/job';
import {parseRunnerName} from '../model/names';
import type {RunnerDocument} from '../model/runner';
import {type RunnerScope, repositoryScope, scopeKey} from '../model/scope';
import type {LockDocument} from '../model/sweep';
import {findHeldPools} from '../runners/breakers';
import {allVms} from '../vms/vms';
import {type Sweep, tryList} from './context';
import {type GitHubScan, type KnownScope, registersHere, scanGitHub} from './github-scan';
import {lookUpJobs, lookUpPreempted} from './job-lookups';
import {listMachines} from './machines';
import type {Observed} from './observed';
import {findRepositories, findStrangers} from './repositories';
import {isMissing} from './repository-scan';
import {observeStandby} from './standby';
import {readStored, type Stored} from './stored';

const MAX_FORMER_RUNNERS = 500;

export interface Observation {
  readonly observed: Observed;
  readonly scan: GitHubScan;
  readonly areSlotsRead: boolean;
}

/** Reads everything on which the rules decide. Each part is complete or left out. Changes nothing, except that failures of GitHub count for its breakers (owner-guard.ts). */
export async function observe(sweep: Sweep, lock: LockDocument): Promise<Observation> {
  const {context} = sweep;
  const slotsInSight = Object.keys(lock.sightings).some((key) => key.startsWith('slot '));
  const stored = await readStored(sweep, lock.slotsAt, slotsInSight);
  const {apps = 1, intervalSeconds} = sweep;
  sweep.restraint.limit(stored.runners ?? [], {now: context.clock.now(), apps, intervalSeconds});
  const {machines, unlisted} = await listMachines(sweep, [...(stored.runners ?? []), ...(stored.standby ?? [])]);
  const names = machines.map(({name}) => name);
  const formerOfVms = await readFormerOfVms(sweep, stored, names);

  const known = knownRepositories(stored, lock);
  const repositories = await findRepositories(sweep, known);
  const scan = await scanGitHub(sweep, {
    repositories,
    strangers: await findStrangers(sweep),
    active: new Set(known.map(({fullName}) => fullName.toLowerCase())),
    scopes: knownScopes(stored, formerOfVms, lock),
    lock,
  });
  const jobs = new Map([...stored.jobs, ...(await readCompletedJobs(sweep, stored, scan))]);
  const {found, absent, outOfReach} = await lookUpJobs(sweep, jobs, scan, repositories);
  const seen = new Map([...scan.seen, ...found]);
  const former = new Map([...formerOfVms, ...(await readFormerOfListed(sweep, stored, formerOfVms, scan))]);
  const holding = await findHeldPools(context);

  const observed: Observed = {
    deployment: context.deployment,
    startedAt: sweep.startedAt,
    pools: context.pools,
    ...(context.maxRunners === undefined ? {} : {maxRunners: context.maxRunners}),
    webhooks: sweep.webhooks,
    machines,
    unlisted,
    scopes: scan.scopes,
    sawEveryScope: listedEveryScope(sweep, repositories, scan),
    runners: stored.runners,
    former,
    jobs,
    seen,
    absent,
    outOfReach,
    vms: await readVms(sweep, jobs),
    hosts: await readSeenHosts(sweep),
    containers:
      context.hosts.length > 0 ? (await openContainers(context.store)).filter((one) => !isContainerOver(one)) : [],
    ...(await observeStandby(sweep, stored.standby)),
    slots: stored.slots,
    held: holding.held,
    heldByQuota: holding.byQuota,
    preempted: await lookUpPreempted(sweep, lock.preempted, seen),
    sightings: lock.sightings,
  };
  return {observed, scan, areSlotsRead: stored.slots !== undefined};
}

type Known = Pick<DiscoveredRepository, 'fullName' | 'installationId'>;

/** Repositories with a job or runner on record. */
function knownRepositories({jobs, runners}: Stored, {preempted}: LockDocument): Known[] {
  const ofJobs = [...jobs.values(), ...preempted].map(({repository, installationId}) => ({
    fullName: repository,
    installationId,
  }));
  const ofRunners = (runners ?? []).flatMap(({scope, installationId}) =>
    scope.kind === 'repository' ? [{fullName: `${scope.owner}/${scope.repo}`, installationId}] : [],
  );
  return [...ofJobs, ...ofRunners];
}

function knownScopes(
  {runners}: Stored,
  former: ReadonlyMap<string, RunnerDocument>,
  {sightings}: LockDocument,
): Map<string, KnownScope> {
  const scopes = new Map<string, KnownScope>();
  for (const key of Object.keys(sightings)) {
    const [, kind, name = ''] = /^ghost (org|repo) (\S+) /.exec(key) ?? [];
    if (!kind) continue;
    const scope: RunnerScope = kind === 'org' ? {kind: 'organization', org: name} : repositoryScope(name);
    scopes.set(scopeKey(scope), {scope, installationId: null});
  }
  for (const {scope, installationId} of [...(runners ?? []), ...former.values()]) {
    scopes.set(scopeKey(scope), {scope, installationId});
  }
  return scopes;
}

/** Reads the records of runners that are over and whose VM is listed. */
async function readFormerOfVms(
  {context, incomplete}: Sweep,
  {runners}: Stored,
  names: readonly string[],
): Promise<ReadonlyMap<string, RunnerDocument>> {
  const live = new Set(runners?.map(({name}) => name));
  const wanted = names.filter((name) => !live.has(name));
  if (wanted.length > MAX_FORMER_RUNNERS) incomplete.push(`more than ${MAX_FORMER_RUNNERS} VMs without a runner`);
  const former = new Map<string, RunnerDocument>();
  for (const name of wanted.slice(0, MAX_FORMER_RUNNERS)) {
    const document = await context.store.get('runners', name);
    if (document) former.set(name, document);
  }
  return former;
}

/**
 * Reads the records of runners that GitHub lists as unused and that are not live. A runner that was created during the scan is not a ghost.
 */
async function readFormerOfListed(
  {context}: Sweep,
  stored: Stored,
  known: ReadonlyMap<string, RunnerDocument>,
  {scopes}: GitHubScan,
): Promise<ReadonlyMap<string, RunnerDocument>> {
  const live = new Set(stored.runners?.map(({name}) => name));
  const former = new Map<string, RunnerDocument>();
  for (const {runners} of scopes.values()) {
    for (const {name, status, busy} of runners) {
      if (status !== 'offline' || busy || live.has(name) || known.has(name) || former.has(name)) continue;
      if (!parseRunnerName(context.deployment, name)) continue;
      const document = await context.store.get('runners', name);
      if (document) former.set(name, document);
    }
  }
  return former;
}

/** Reads jobs that GitHub lists as open and that are completed on record: lists of GitHub lag behind. */
async function readCompletedJobs(
  {context}: Sweep,
  {jobs}: Stored,
  {seen}: GitHubScan,
): Promise<ReadonlyMap<JobKey, JobDocument>> {
  const over = new Map<JobKey, JobDocument>();
  for (const key of seen.keys()) {
    const job = jobs.has(key) ? undefined : await context.store.get('jobs', key);
    if (job) over.set(key, job);
  }
  return over;
}

function listedEveryScope(sweep: Sweep, repositories: readonly DiscoveredRepository[], {scopes}: GitHubScan): boolean {
  if (sweep.incomplete.includes('the list of repositories')) return false;
  // A repository that is not there has no runners, so that it need not be listed.
  const wanted = repositories.filter(({fullName}) => registersHere(sweep, fullName) && !isMissing(sweep, fullName));
  const orgs = sweep.context.pools.flatMap(({scope}) => (scope.kind === 'organization' ? [scope] : []));
  return [...wanted.map(({fullName}) => repositoryScope(fullName)), ...orgs].every((scope) =>
    scopes.has(scopeKey(scope)),
  );
}

/** Reads the persistent VMs. Asks the provider only for the status of VMs for which a job waits. */
async function readVms(sweep: Sweep, jobs: Observed['jobs']): Promise<Observed['vms']> {
  const {context} = sweep;
  const wanted = new Set([...jobs.values()].filter(waitsForVm).map(({pool}) => pool));
  const seen: Observed['vms'][number][] = [];
  for (const vm of allVms(context)) {
    const {id, instance, idleMinutes} = vm;
    const document = await context.store.get('vms', id);
    const pools = vm.pools.map(({pool}) => pool.name);
    const status =
      document && pools.some((pool) => wanted.has(pool))
        ? await tryList(sweep, `VM ${instance}`, () => context.vm(vm).status())
        : undefined;
    if (document) seen.push({id, pools, idleMinutes, document, status});
  }
  return seen;
}

async function readSeenHosts({context}: Sweep): Promise<Observed['hosts']> {
  const hosts = await readHosts(context);
  return hosts.map((host) => {
    const {name, idleMinutes, silent, document, vmDocument} = host;
    const vm = vmOfHost(context, host);
    return {
      name,
      idleMinutes,
      silent,
      document,
      vm: vm && {id: vm.id, bootMinutes: vm.bootMinutes, document: vmDocument},
    };
  });
}
