import type {Config} from '../config/config-types';
import {openBreakers, readUnserved} from '../diagnosis/facts';
import {MOST_READ} from '../diagnosis/looked-at';
import type {RecentJob, RecentJobs} from '../diagnosis/recent-jobs';
import {isUnserved, queuedJobs, type WaitingJob, waitingJobs} from '../diagnosis/waiting-jobs';
import {readHosts} from '../hosts/hosts';
import type {BreakerDocument} from '../model/breaker';
import {RUNNER_VERSIONS} from '../model/facts';
import {type JobDocument, jobKeyOf} from '../model/job';
import type {Pool} from '../model/pool';
import {isLive, LIVE_STATES, type LiveState, type RunnerDocument} from '../model/runner';
import type {SweepSummary} from '../model/sweep';
import type {Context} from '../ports';
import {scrubSecrets} from '../secret';
import type {Store} from '../store/store';
import {
  hostView,
  isVmPool,
  jobIdOf,
  type PersistentVm,
  persistentVms,
  secondsBetween,
  timeOf,
  vmStateOf,
  vmView,
} from './resources';
import {runnerVersionView} from './runner-version';
import {readStandbyStatus} from './standby-status';

/**
 * The answer of GET /status. Reads the records only, and of runners and jobs 200 each at most; asks neither GitHub nor Compute Engine.
 */
export async function readStatus(
  context: Context,
  {webhooks, sweepIntervalSeconds}: Pick<Config, 'webhooks' | 'sweepIntervalSeconds'>,
  recentJobs: RecentJobs,
) {
  const {store, pools, clock} = context;
  const now = clock.now();
  const [jobs, vms, hosts, swept, breakers, deadletters, versions, listed] = await Promise.all([
    queuedJobs(context),
    persistentVms(context),
    readHosts(context),
    lastSweep(store),
    openBreakers(store),
    store.count('deadletters', {}),
    store.get('facts', RUNNER_VERSIONS),
    readUnserved(store, now),
  ]);
  const live = await liveRunners(store, jobs);
  const recent = await recentJobs.read(live.listed, jobs);
  const draining = live.total > live.listed.length ? await recentJobs.drainingByPool(live.listed) : NONE;
  const runners = {...live, draining, listed: live.listed.map((runner) => recentJobs.withEnd(runner))};
  const explained = await waitingJobs(context, jobs, {
    now,
    sweepSeconds: sweepIntervalSeconds,
    webhooks,
    runners: runners.byName,
    breakers,
  });
  const {waiting, unserved} = inOneList(explained, listed);
  const ofVms = activeVms(vms);
  return {
    at: timeOf(now),
    active_runners: runners.listed.map((runner) => active(runner, now)).concat(ofVms),
    active_runners_total: runners.total + ofVms.length,
    max_concurrent: Math.min(context.maxRunners ?? Number.POSITIVE_INFINITY, limitOfAll(pools, vms)),
    poll_interval_seconds: sweepIntervalSeconds,
    job_timeout_seconds: Math.round(Math.max(0, ...pools.map(({jobMinutes}) => jobMinutes * 60))),
    pools: await Promise.all(
      pools.map(async (pool) => ({
        name: pool.name,
        limit: limitOf(pool),
        states: await countsOf(store, pool, runners, vms),
      })),
    ),
    hosts: hosts.map(hostView),
    standby: await readStandbyStatus(context, runners.listed),
    waiting_jobs: waiting.map(({job, explanation}) => ({
      job_id: job.jobId,
      repository: job.repository,
      pool: job.pool,
      labels: [...job.labels],
      status: job.status,
      runner: job.runner,
      url: job.url,
      age_seconds: secondsBetween(job.queuedAt, now),
      id: job.jobId,
      attempt: job.runAttempt,
      queued_at: timeOf(job.queuedAt),
      position: explanation.position ?? null,
      verdict: explanation.verdict,
      because: scrubSecrets(explanation.because),
      do: explanation.do,
    })),
    waiting_jobs_total:
      (jobs.length < MOST_READ ? jobs.length : await countQueued(store)) - (explained.length - waiting.length),
    unserved_jobs: unserved.map(unservedView),
    recent_jobs: recent.map(recentView),
    last_sweep: swept ? sweepView(swept, now) : null,
    breakers: breakers.map(breakerView),
    deadletters,
    runner_version: versions?.kind === 'runner_versions' && versions.readAt > 0 ? runnerVersionView(versions) : null,
  };
}

type ListedUnserved = Awaited<ReturnType<typeof readUnserved>>[number];

/** A job on record that no pool takes is unserved once the sweep has listed it, else it waits; one that a pool takes by now waits. */
function inOneList(explained: readonly WaitingJob[], listed: readonly ListedUnserved[]) {
  const keys = new Set(listed.map(({job}) => job));
  const isListed = (one: WaitingJob) => isUnserved(one) && keys.has(jobKeyOf(one.job));
  const waiting = explained.filter((one) => !isListed(one));
  const waits = new Set(waiting.map(({job}) => jobKeyOf(job)));
  return {waiting, unserved: listed.filter(({job}) => !waits.has(job))};
}

function unservedView({jobId, url, repository, labels, verdict, because, do: remedy}: ListedUnserved) {
  return {
    id: jobId,
    url,
    repository,
    labels: [...labels],
    verdict,
    because: scrubSecrets(because),
    do: remedy ?? `GET /explain?job=${jobId} says what to do.`,
  };
}

/** At least the 200 that were read: a moment has passed. */
async function countQueued(store: Store): Promise<number> {
  return Math.max(MOST_READ, await store.count('jobs', {status: 'queued'}));
}

function recentView({job, timeline}: RecentJob) {
  return {
    id: job.jobId,
    attempt: job.runAttempt,
    url: job.url,
    repository: job.repository,
    pool: job.pool,
    status: job.status,
    runner: job.runner,
    timeline: timeline.map(({at, what}) => ({at: timeOf(at), what})),
  };
}

function breakerView({name, reason, openedAt, nextProbeAt}: BreakerDocument) {
  const [since, nextProbe] = [timeOf(openedAt), timeOf(nextProbeAt)];
  const message = scrubSecrets(reason);
  return {name, since, message, next_probe: nextProbe, reason: message, opened_at: since, next_probe_at: nextProbe};
}

function sweepView(swept: SweepSummary, now: number) {
  const because = shortcomingsOf(swept);
  return {
    ...swept,
    incomplete: [...swept.incomplete],
    at: timeOf(swept.at - swept.seconds * 1000),
    ended_at: timeOf(swept.at),
    ok: Object.keys(swept.failed).length === 0,
    complete: swept.finished && swept.incomplete.length === 0,
    because: because.length === 0 ? null : scrubSecrets(because.join('; ')),
    age_seconds: secondsBetween(swept.at, now),
  };
}

/** What a sweep could not do or see, in words. */
function shortcomingsOf({failed, finished, incomplete}: SweepSummary): string[] {
  const failures = Object.entries(failed).map(([reason, count]) => `${count} for ${reason}`);
  return [
    ...(failures.length > 0 ? [`actions failed, and the next sweep tries them again: ${failures.join(', ')}`] : []),
    ...(finished ? [] : ['its time, or what GitHub’s limit allows, was not enough, and the next sweep continues']),
    ...(incomplete.length > 0 ? [`could not be read completely: ${incomplete.join(', ')}`] : []),
  ];
}

/** Runners that are not over. */
interface Live {
  readonly total: number;
  readonly counts: ReadonlyMap<LiveState, number>;
  /** At most 200. */
  readonly listed: readonly RunnerDocument[];
  /** Those, and those that waiting jobs name. */
  readonly byName: ReadonlyMap<string, RunnerDocument>;
}

/**
 * Reads at most 200 runners: those of the waiting jobs before others, and those that run a job last. How many there are of each state is
 * counted.
 */
async function liveRunners(store: Store, jobs: readonly JobDocument[]): Promise<Live> {
  const counted = LIVE_STATES.map(async (state) => [state, await store.count('runners', {state})] as const);
  const counts = new Map(await Promise.all(counted));
  const total = [...counts.values()].reduce((sum, count) => sum + count, 0);
  const names = new Set(total <= MOST_READ ? [] : jobs.flatMap(({runner}) => runner ?? []));
  const named = await Promise.all([...names].map((name) => store.get('runners', name)));
  const byName = new Map(named.flatMap((runner) => (runner ? [[runner.name, runner] as const] : [])));
  let left = MOST_READ - names.size;
  for (const state of BUSY_LAST) {
    // One that came meanwhile may be among them.
    const limit = Math.min(left, (counts.get(state) ?? 0) + 1);
    if (limit <= 1) continue;
    const found = await store.find('runners', {where: {state}, limit});
    for (const {data} of found) byName.set(data.name, data);
    left -= found.length;
  }
  const listed = [...byName.values()].filter(({state}) => isLive(state));
  return {total: Math.max(total, listed.length), counts, listed, byName};
}

const BUSY_LAST: readonly LiveState[] = [...LIVE_STATES.filter((state) => state !== 'busy'), 'busy'];

function active(runner: RunnerDocument, now: number) {
  return {
    name: runner.name,
    pool: runner.pool,
    state: runner.state,
    job_id: jobIdOf(runner.runs ?? runner.covers),
    running_seconds: runner.state === 'busy' ? secondsBetween(runner.stateAt, now) : null,
  };
}

/** The persistent VMs among the active runners. `running_seconds` is null, because no record says when a VM's job began. */
function activeVms(vms: readonly PersistentVm[]) {
  return vms.flatMap((vm) => {
    const state = vmStateOf(vm);
    if (!isLive(state)) return [];
    const {name, pool, job_id} = vmView(vm);
    return [{name, pool, state, job_id, running_seconds: null}];
  });
}

const NONE: ReadonlyMap<string, number> = new Map();

interface Counted extends Live {
  /** Where not all are listed: how many of each pool drain that are busy on record. */
  readonly draining: ReadonlyMap<string, number>;
}

async function countsOf(
  store: Store,
  pool: Pool,
  runners: Counted,
  vms: readonly PersistentVm[],
): Promise<Record<LiveState, number>> {
  const states = LIVE_STATES.map(async (state) => [state, await countOf(store, pool, state, runners, vms)] as const);
  return Object.fromEntries(await Promise.all(states)) as Record<LiveState, number>;
}

async function countOf(
  store: Store,
  pool: Pool,
  state: LiveState,
  {total, counts, listed, draining}: Counted,
  vms: readonly PersistentVm[],
): Promise<number> {
  if (isVmPool(pool))
    return vms.filter((vm) => vm.pools.some((one) => one.pool === pool) && vmStateOf(vm) === state).length;
  if (total > listed.length) {
    const stored = counts.get(state) ? await store.count('runners', {pool: pool.name, state}) : 0;
    const drain = draining.get(pool.name) ?? 0;
    if (state === 'busy') return Math.max(0, stored - drain);
    return state === 'draining' ? stored + drain : stored;
  }
  return listed.filter((runner) => runner.pool === pool.name && runner.state === state).length;
}

/** A persistent VM has one runner of each pool, unless `maxRunners` is 0. */
function limitOf(pool: Pool): number {
  return isVmPool(pool) ? Math.min(1, pool.maxRunners) : pool.maxRunners;
}

/** The sum of the pools' limits, where a VM that several pools share counts once. */
function limitOfAll(pools: readonly Pool[], vms: readonly PersistentVm[]): number {
  const made = pools.filter((pool) => !isVmPool(pool)).reduce((sum, {maxRunners}) => sum + maxRunners, 0);
  return made + vms.filter((vm) => vm.pools.some(({pool}) => limitOf(pool) > 0)).length;
}

/** The summary of the last sweep; undefined before the first sweep. */
export async function lastSweep(store: Store): Promise<SweepSummary | undefined> {
  const lock = await store.get('locks', 'sweep');
  return lock && 'last' in lock ? (lock.last ?? undefined) : undefined;
}
