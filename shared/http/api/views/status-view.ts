import type {Pool} from '../../../model/pool';
import type {RunnerDocument, RunnerState} from '../../../model/runner';
import type {Context} from '../../../ports';
import {lastSweep} from '../../../store/last-sweep';
import type {Store} from '../../../store/store';
import {isVmPool, type PersistentVm, persistentVms, vmStateOf, vmView} from './persistent-vms';
import {jobIdOf} from './runner-view';
import {secondsBetween, timeOf} from './time';

export const LIVE_STATES = ['requested', 'creating', 'booting', 'idle', 'busy', 'draining'] as const;
type LiveState = (typeof LIVE_STATES)[number];
const isLive = (state: string): state is LiveState => LIVE_STATES.some((live) => live === state);

/** Of each state. Far beyond any limit that a pool has in practice; counts stay right beyond it. */
const AT_MOST = 1_000;
/** The interval of Cloud Scheduler: its shortest. */
const SWEEP_SECONDS = 60;

/** The answer of GET /status. Reads only; nothing is asked of GitHub or Compute Engine. */
export async function readStatus(context: Context) {
  const {store, pools, clock} = context;
  const now = clock.now();
  const [runners, vms, waiting, swept, breakers, deadletters] = await Promise.all([
    liveRunners(store),
    persistentVms(context),
    store.find('jobs', {where: {status: 'queued'}, limit: AT_MOST}),
    lastSweep(store),
    store.find('breakers', {where: {}, limit: AT_MOST}),
    store.count('deadletters', {}),
  ]);
  return {
    active_runners: [...runners.values()]
      .flat()
      .map((runner) => active(runner, now))
      .concat(activeVms(vms)),
    max_concurrent: Math.min(context.maxRunners ?? Number.POSITIVE_INFINITY, limitOfAll(pools, vms)),
    poll_interval_seconds: SWEEP_SECONDS,
    job_timeout_seconds: Math.round(Math.max(0, ...pools.map(({jobMinutes}) => jobMinutes * 60))),
    pools: await Promise.all(
      pools.map(async (pool) => ({
        name: pool.name,
        limit: limitOf(pool),
        states: await countsOf(store, pool, runners, vms),
      })),
    ),
    waiting_jobs: waiting
      .map(({data}) => data)
      .sort((a, b) => a.queuedAt - b.queuedAt)
      .map((job) => ({
        job_id: job.jobId,
        repository: job.repository,
        pool: job.pool,
        labels: [...job.labels],
        status: job.status,
        runner: job.runner,
        url: job.url,
        age_seconds: secondsBetween(job.queuedAt, now),
      })),
    last_sweep: swept
      ? {...swept, incomplete: [...swept.incomplete], at: timeOf(swept.at), age_seconds: secondsBetween(swept.at, now)}
      : null,
    breakers: breakers
      .filter(({data}) => data.open)
      .map(({data}) => ({
        name: data.name,
        reason: data.reason,
        opened_at: timeOf(data.openedAt),
        next_probe_at: timeOf(data.nextProbeAt),
      })),
    deadletters,
  };
}

type Live = ReadonlyMap<LiveState, readonly RunnerDocument[]>;

async function liveRunners(store: Store): Promise<Live> {
  const found = LIVE_STATES.map(async (state) => {
    const runners = await store.find('runners', {where: {state}, limit: AT_MOST});
    return [state, runners.map(({data}) => data)] as const;
  });
  return new Map(await Promise.all(found));
}

function active(runner: RunnerDocument, now: number) {
  return {
    name: runner.name,
    pool: runner.pool,
    state: runner.state,
    job_id: jobIdOf(runner.runs ?? runner.covers),
    running_seconds: runner.state === 'busy' ? secondsBetween(runner.stateAt, now) : null,
  };
}

/** When a VM's job began is not on record. */
function activeVms(vms: readonly PersistentVm[]) {
  return vms.flatMap((vm) => {
    const state = vmStateOf(vm);
    if (!isLive(state)) return [];
    const {name, pool, job_id} = vmView(vm);
    return [{name, pool, state, job_id, running_seconds: null}];
  });
}

async function countsOf(
  store: Store,
  pool: Pool,
  runners: Live,
  vms: readonly PersistentVm[],
): Promise<Record<LiveState, number>> {
  const states = LIVE_STATES.map(async (state) => [state, await countOf(store, pool, state, runners, vms)] as const);
  return Object.fromEntries(await Promise.all(states)) as Record<LiveState, number>;
}

async function countOf(
  store: Store,
  pool: Pool,
  state: RunnerState & LiveState,
  runners: Live,
  vms: readonly PersistentVm[],
): Promise<number> {
  if (isVmPool(pool))
    return vms.filter((vm) => vm.pools.some((one) => one.pool === pool) && vmStateOf(vm) === state).length;
  const found = runners.get(state) ?? [];
  if (found.length === AT_MOST) return store.count('runners', {pool: pool.name, state});
  return found.filter((runner) => runner.pool === pool.name).length;
}

/** A persistent VM has one runner of each pool, unless `maxRunners` is 0. */
function limitOf(pool: Pool): number {
  return isVmPool(pool) ? Math.min(1, pool.maxRunners) : pool.maxRunners;
}

/** The pools' limits together, in which a VM that several pools share counts once. */
function limitOfAll(pools: readonly Pool[], vms: readonly PersistentVm[]): number {
  const made = pools.filter((pool) => !isVmPool(pool)).reduce((sum, {maxRunners}) => sum + maxRunners, 0);
  return made + vms.filter((vm) => vm.pools.some(({pool}) => limitOf(pool) > 0)).length;
}
