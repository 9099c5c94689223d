import {DEPLOYMENT_LABEL} from '../../compute/labels';
import type {DiscoveredRepository} from '../../github/discovery';
import type {RunnerScope} from '../../github/github';
import {parseRunnerName} from '../../lifecycle/naming';
import {type Observed, scopeKey, settledMs} from '../../lifecycle/sweep/observed';
import {waitsForVm} from '../../lifecycle/sweep/persistent';
import type {JobDocument, JobKey, LockDocument, RunnerDocument} from '../../store/documents';
import {allVms} from '../vm/vms';
import {heldPools} from './held-pools';
import {isTimeUp, orIncomplete, type Sweep} from './ports';
import {findRepositories} from './repositories';
import {readStored, type Stored} from './stored';
import {type KnownScope, registersHere, repositoryScope, type Visits, visit} from './visit';

/** Jobs on record that GitHub did not list are asked for one by one; so many in one sweep. */
const MOST_LOOKUPS = 100;
const MOST_FORMER = 500;

export interface Observation {
  readonly observed: Observed;
  readonly visits: Visits;
  readonly slotsSeen: boolean;
}

/** Everything that there is to see, each part complete or left out. Changes nothing but breakers. */
export async function observe(sweep: Sweep, lock: LockDocument): Promise<Observation> {
  const {context, compute} = sweep;
  const slotsInSight = Object.keys(lock.sightings).some((key) => key.startsWith('slot '));
  const stored = await readStored(sweep, lock.slotsAt, slotsInSight);
  const instances = await orIncomplete(sweep, 'the VMs', () =>
    // mutation: VMs of this deployment
    compute.listInstances({[DEPLOYMENT_LABEL]: context.deployment}),
  );
  const former = await readFormer(sweep, stored, instances?.map(({name}) => name) ?? []);

  const repositories = await findRepositories(sweep, knownRepositories(stored, lock));
  const visits = await visit(sweep, {
    repositories,
    active: new Set(knownRepositories(stored, lock).map(({fullName}) => fullName.toLowerCase())),
    scopes: knownScopes(stored, former, lock),
    lock,
  });
  await addOverOnRecord(sweep, stored, visits);
  const absent = await lookUp(sweep, stored, visits);
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

/** Asks for the jobs on record that a visited repository did not list. Returns those that GitHub does not know. */
async function lookUp(sweep: Sweep, {jobs}: Stored, visits: Visits): Promise<Set<JobKey>> {
  const {context, discovery} = sweep;
  const absent = new Set<JobKey>();
  const missing = [...jobs]
    .filter(([key, job]) => isMissing(key, job, visits, context.clock.now() - settledMs(sweep.webhooks)))
    .sort(([, a], [, b]) => a.updatedAt - b.updatedAt);
  for (const [key, {repository, installationId, jobId}] of missing.slice(0, MOST_LOOKUPS)) {
    if (isTimeUp(sweep)) break;
    const found = await orIncomplete(sweep, `job ${key}`, async () => ({
      job: await discovery.job({fullName: repository, installationId}, jobId),
    }));
    if (!found) continue;
    // One that is queued and in no list is of a run that is over: it waits for ever, and nobody gives it to a runner.
    if (!found.job) absent.add(key);
    else if (found.job.status !== 'queued')
      visits.seen.set(key, {repository, installationId, isPublic: true, job: found.job});
  }
  return absent;
}

function isMissing(key: JobKey, job: JobDocument, {seen, visited}: Visits, before: number): boolean {
  if (seen.has(key) || job.status === 'completed') return false;
  return visited.has(job.repository.toLowerCase()) && job.updatedAt <= before;
}

function sawEvery(sweep: Sweep, repositories: readonly DiscoveredRepository[], {scopes}: Visits): boolean {
  if (sweep.incomplete.includes('the list of repositories')) return false;
  const wanted = repositories.filter(({fullName}) => registersHere(sweep, fullName));
  const orgs = sweep.context.pools.flatMap(({scope}) => (scope.kind === 'organization' ? [scope] : []));
  return [...wanted.map(({fullName}) => repositoryScope(fullName)), ...orgs].every((scope) =>
    scopes.has(scopeKey(scope)),
  );
}

/** Compute Engine is asked for those alone that a job waits for. */
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
        ? await orIncomplete(sweep, `VM ${instance}`, () => context.vm(vm).status())
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
      : await orIncomplete(sweep, `job ${key}`, async () => ({
          job: await sweep.discovery.job({fullName, installationId}, jobId),
        }));
    if (found) preempted.push({preemption, job: found.job});
  }
  return preempted;
}
