import {allVms} from '../effects/vm/vms';
import type {DiscoveredRepository} from '../github/discovery';
import type {RunnerScope} from '../github/github';
import {parseRunnerName} from '../lifecycle/naming';
import type {JobDocument, JobKey, LockDocument, RunnerDocument} from '../store/documents';
import {isTimeUp, type Sweep, tryList} from './context';
import {type KnownScope, registersHere, repositoryScope, type Visits, visit} from './github-scan';
import {heldPools} from './held-pools';
import {listMachines} from './machines';
import {type Observed, scopeKey, settledMs} from './observed';
import {findRepositories} from './repositories';
import {isNotThere} from './repository-scan';
import {waitsForVm} from './rules/stopped-vms';
import {readStored, type Stored} from './stored';

/** Jobs on record that GitHub did not list are asked for one by one; so many in one sweep. */
const MOST_LOOKUPS = 100;
/** So many of them in repositories that are not there, where most answers are 404. */
const MOST_OUT_OF_REACH = 5;
/** Jobs in a row of which GitHub tells nothing: the others are left to the next sweep. */
const MOST_UNANSWERED = 3;
const MOST_FORMER = 500;

export interface Observation {
  readonly observed: Observed;
  readonly visits: Visits;
  readonly slotsSeen: boolean;
}

/** Everything that there is to see, each part complete or left out. Changes nothing but breakers. */
export async function observe(sweep: Sweep, lock: LockDocument): Promise<Observation> {
  const {context} = sweep;
  const slotsInSight = Object.keys(lock.sightings).some((key) => key.startsWith('slot '));
  const stored = await readStored(sweep, lock.slotsAt, slotsInSight);
  const instances = await listMachines(sweep);
  const former = await readFormer(sweep, stored, instances?.map(({name}) => name) ?? []);

  const repositories = await findRepositories(sweep, knownRepositories(stored, lock));
  const visits = await visit(sweep, {
    repositories,
    active: new Set(knownRepositories(stored, lock).map(({fullName}) => fullName.toLowerCase())),
    scopes: knownScopes(stored, former, lock),
    lock,
  });
  await addOverOnRecord(sweep, stored, visits);
  const {absent, outOfReach} = await lookUp(sweep, stored, visits, repositories);
  await addFormerOfListed(sweep, stored, former, visits);

  const observed: Observed = {
    deployment: context.deployment,
    startedAt: sweep.startedAt,
    pools: context.pools,
    ...(context.maxRunners === undefined ? {} : {maxRunners: context.maxRunners}),
    webhooks: sweep.webhooks,
    instances,
    scopes: visits.scopes,
    sawEveryScope: sawEvery(sweep, repositories, visits),
    runners: stored.runners,
    former,
    jobs: stored.jobs,
    seen: visits.seen,
    absent,
    outOfReach,
    vms: await readVms(sweep, stored),
    slots: stored.slots,
    held: await heldPools(context),
    preempted: await preemptedJobs(sweep, lock, visits),
    sightings: lock.sightings,
  };
  return {observed, visits, slotsSeen: stored.slots !== undefined};
}

type Known = Pick<DiscoveredRepository, 'fullName' | 'installationId'>;

/** Where something of ours is on record. */
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

/** Documents of runners that are over whose VM is still listed. */
async function readFormer(
  {context, incomplete}: Sweep,
  {runners}: Stored,
  names: readonly string[],
): Promise<Map<string, RunnerDocument>> {
  const live = new Set(runners?.map(({name}) => name));
  const wanted = names.filter((name) => !live.has(name));
  if (wanted.length > MOST_FORMER) incomplete.push(`more than ${MOST_FORMER} VMs without a runner`);
  const former = new Map<string, RunnerDocument>();
  for (const name of wanted.slice(0, MOST_FORMER)) {
    const document = await context.store.get('runners', name);
    if (document) former.set(name, document);
  }
  return former;
}

/** A runner that came to be while GitHub was asked is no ghost. */
async function addFormerOfListed(
  {context}: Sweep,
  stored: Stored,
  former: Map<string, RunnerDocument>,
  {scopes}: Visits,
): Promise<void> {
  const live = new Map(stored.runners?.map((runner) => [runner.name, runner]));
  for (const {runners} of scopes.values()) {
    for (const {name, status, busy} of runners) {
      if (status !== 'offline' || busy || live.has(name) || former.has(name)) continue;
      if (!parseRunnerName(context.deployment, name)) continue;
      const document = await context.store.get('runners', name);
      if (document) former.set(name, document);
    }
  }
}

/** GitHub's lists lag behind: a job that it lists as open may be over on record. */
async function addOverOnRecord({context}: Sweep, {jobs}: Stored, {seen}: Visits): Promise<void> {
  for (const key of seen.keys()) {
    const job = jobs.has(key) ? undefined : await context.store.get('jobs', key);
    if (job) jobs.set(key, job);
  }
}

/**
 * Asks for the jobs on record that a visited repository did not list. Returns those that GitHub does not know, and those that it has queued
 * in a run that is over: they wait for ever, and nobody gives them to a runner. A 404 says nothing of a job whose repository answers 404 too:
 * the App may see it again in a moment, and the job runs on.
 */
async function lookUp(
  sweep: Sweep,
  {jobs}: Stored,
  visits: Visits,
  repositories: readonly DiscoveredRepository[],
): Promise<Pick<Observed, 'absent' | 'outOfReach'>> {
  const {context, discovery, memory} = sweep;
  const now = context.clock.now();
  const absent = new Set<JobKey>();
  const outOfReach = new Set<JobKey>();
  const missing = [...jobs].filter(([key, job]) => isMissing(key, job, visits, now - settledMs(sweep.webhooks)));
  const askedAt = new Map(missing.map(([key]) => [key, memory.lookedUpAt.get(key) ?? 0]));
  const turn = missing.sort(
    ([a, one], [b, other]) => (askedAt.get(a) ?? 0) - (askedAt.get(b) ?? 0) || one.updatedAt - other.updatedAt,
  );
  memory.lookedUpAt.clear();
  for (const [key, at] of askedAt) memory.lookedUpAt.set(key, at);
  const isPublic = new Map(repositories.map((each) => [each.fullName.toLowerCase(), each.isPublic]));
  let unanswered = 0;
  for (const [key, {repository, installationId, jobId, runId}] of turn.slice(0, MOST_LOOKUPS)) {
    if (isTimeUp(sweep) || unanswered === MOST_UNANSWERED) break;
    if (outOfReach.size >= MOST_OUT_OF_REACH && isNotThere(sweep, repository)) continue;
    memory.lookedUpAt.set(key, now);
    const place = {fullName: repository, installationId};
    const found = await tryList(sweep, `job ${key}`, async () => {
      const job = await discovery.job(place, jobId);
      return {job, isPhantom: job?.status === 'queued' && (await discovery.isOver(place, runId))};
    });
    unanswered = found ? 0 : unanswered + 1;
    if (!found) continue;
    if (!found.job && memory.notThere.has(repository.toLowerCase())) outOfReach.add(key);
    else if (!found.job || found.isPhantom) absent.add(key);
    // Nobody said that it became public since it was accepted.
    else
      visits.seen.set(key, {
        repository,
        installationId,
        isPublic: isPublic.get(repository.toLowerCase()) ?? false,
        job: found.job,
      });
  }
  return {absent, outOfReach};
}

function isMissing(key: JobKey, job: JobDocument, {seen, visited}: Visits, before: number): boolean {
  if (seen.has(key) || job.status === 'completed') return false;
  return visited.has(job.repository.toLowerCase()) && job.updatedAt <= before;
}

function sawEvery(sweep: Sweep, repositories: readonly DiscoveredRepository[], {scopes}: Visits): boolean {
  if (sweep.incomplete.includes('the list of repositories')) return false;
  // A repository that is not there has no runners, and says nothing of those elsewhere.
  const wanted = repositories.filter(({fullName}) => registersHere(sweep, fullName) && !isNotThere(sweep, fullName));
  const orgs = sweep.context.pools.flatMap(({scope}) => (scope.kind === 'organization' ? [scope] : []));
  return [...wanted.map(({fullName}) => repositoryScope(fullName)), ...orgs].every((scope) =>
    scopes.has(scopeKey(scope)),
  );
}

/** The provider is asked for those alone that a job waits for. */
async function readVms(sweep: Sweep, {jobs}: Stored): Promise<Observed['vms']> {
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

/** What GitHub does not answer for now is asked again by the next sweep. */
async function preemptedJobs(sweep: Sweep, lock: LockDocument, {seen}: Visits): Promise<Observed['preempted']> {
  const preempted: Observed['preempted'][number][] = [];
  for (const preemption of lock.preempted) {
    const {job: key, jobId, repository: fullName, installationId} = preemption;
    const listed = seen.get(key)?.job;
    const found = listed
      ? {job: listed}
      : await tryList(sweep, `job ${key}`, async () => ({
          job: await sweep.discovery.job({fullName, installationId}, jobId),
        }));
    if (found) preempted.push({preemption, job: found.job});
  }
  return preempted;
}
