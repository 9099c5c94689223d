import * as z from 'zod';
import type {Config} from '../../config/config-types';
import {waitingJobs} from '../../diagnosis/waiting-jobs';
import {jsonReply} from '../../http/server';
import type {Pool} from '../../model/pool';
import {isLive, LIVE_STATES, type LiveState, type RunnerDocument, type RunnerState} from '../../model/runner';
import type {SweepSummary} from '../../model/sweep';
import type {Context} from '../../ports';
import {scrubSecrets} from '../../secret';
import type {Store} from '../../store/store';
import {operation} from '../operation';
import {
  isVmPool,
  jobIdOf,
  type PersistentVm,
  persistentVms,
  secondsBetween,
  timeOf,
  vmStateOf,
  vmView,
} from '../resources';
import {JobState, RunnerStateWord, Time, VerdictWord} from '../schemas';

const Counts = z.object({
  requested: z.int(),
  creating: z.int(),
  booting: z.int(),
  idle: z.int(),
  busy: z.int(),
  draining: z.int(),
});

/** Counts by the reason of an action. */
export const ByReason = z.record(z.string(), z.int());

const Status = z
  .object({
    active_runners: z
      .array(
        z.object({
          name: z.string(),
          pool: z.string(),
          state: RunnerStateWord,
          job_id: z.int().nullable().meta({description: 'The job that the runner runs or is assigned to.'}),
          running_seconds: z
            .int()
            .nullable()
            .meta({description: 'For how long the runner has been running its job; null without a job.'}),
        }),
      )
      .meta({description: 'Runners that are not gone, failed or stopped; at most 1,000 of each state.'}),
    max_concurrent: z.int().meta({
      description:
        'Sum of the pools’ limits, where a VM that several pools share counts once; at most `maxRunners` over all pools.',
    }),
    poll_interval_seconds: z
      .int()
      .meta({description: 'Interval of the sweep, which finds events that no webhook delivered.'}),
    job_timeout_seconds: z.int().meta({description: 'The longest job time of any pool.'}),
    pools: z.array(z.object({name: z.string(), limit: z.int(), states: Counts})),
    waiting_jobs: z
      .array(
        z.object({
          job_id: z.int(),
          repository: z.string(),
          pool: z.string(),
          labels: z.array(z.string()),
          status: JobState,
          runner: z.string().nullable(),
          url: z.string().nullable(),
          age_seconds: z.int(),
          id: z.int(),
          attempt: z.int(),
          queued_at: Time,
          position: z
            .int()
            .nullable()
            .meta({description: 'Its place in the queue of its pool, where it waits for a slot.'}),
          verdict: VerdictWord,
          because: z.string(),
          do: z.string().meta({description: 'The next step.'}),
        }),
      )
      .meta({
        description:
          'Those that need a runner, the oldest first, at most 200, and why they have none by the record alone; GET /explain asks GitHub, too.',
      }),
    last_sweep: z
      .object({
        at: Time,
        age_seconds: z.int(),
        seconds: z.number(),
        finished: z.boolean().meta({description: 'False if the time budget ran out; the next sweep continues.'}),
        seen: ByReason,
        decided: ByReason,
        done: ByReason,
        failed: ByReason,
        incomplete: z.array(z.string()).meta({
          description: 'Lists that could not be read completely; the sweep concluded nothing from an absence there.',
        }),
      })
      .nullable()
      .meta({description: 'Null before the first sweep.'}),
    breakers: z.array(z.object({name: z.string(), reason: z.string(), opened_at: Time, next_probe_at: Time})).meta({
      description:
        'Open circuit breakers: a rate limit, a quota, a template that does not boot or errors 5xx of GitHub. Each is probed once a minute.',
    }),
    deadletters: z.int().meta({description: 'Number of dead letters; GET /deadletters lists them.'}),
  })
  .meta({id: 'Status'});

const EXAMPLE: z.output<typeof Status> = {
  active_runners: [
    {name: 'slipway-arm-44200000072-1', pool: 'arm', state: 'busy', job_id: 44200000072, running_seconds: 93},
  ],
  max_concurrent: 50,
  poll_interval_seconds: 60,
  job_timeout_seconds: 7200,
  pools: [{name: 'arm', limit: 50, states: {requested: 0, creating: 0, booting: 0, idle: 0, busy: 1, draining: 0}}],
  waiting_jobs: [],
  last_sweep: {
    at: '2026-11-01T12:00:00.000Z',
    age_seconds: 31,
    seconds: 1.2,
    finished: true,
    seen: {vms: 1, runners: 1, jobs: 1, jobs_at_github: 1, repositories: 4, deliveries: 9},
    decided: {failed_delivery: 1},
    done: {failed_delivery: 1},
    failed: {},
    incomplete: [],
  },
  breakers: [],
  deadletters: 0,
};

export const status = operation(
  {
    id: 'getStatus',
    method: 'GET',
    path: '/status',
    alsoAt: '/api/v1/status',
    tag: 'overview',
    summary: 'Gets runners, queued jobs, limits and failures',
    access: 'secret',
    parameters: z.strictObject({}),
    query: z.strictObject({}),
    outcomes: {
      200: {
        description: 'The records of now; neither GitHub nor Compute Engine is asked.',
        schema: Status,
        example: EXAMPLE,
      },
    },
    problems: [],
  },
  async ({services}) => {
    const {context, config} = await services();
    return jsonReply((await readStatus(context, config)) satisfies z.output<typeof Status>);
  },
);

/** The most runners that are listed of each state, far above the limits of pools in practice. Counts are right beyond it, too. */
const AT_MOST = 1_000;

/** The answer of GET /status. Reads the records only; asks neither GitHub nor Compute Engine. */
async function readStatus(
  context: Context,
  {webhooks, sweepIntervalSeconds}: Pick<Config, 'webhooks' | 'sweepIntervalSeconds'>,
) {
  const {store, pools, clock} = context;
  const now = clock.now();
  const [runners, vms, swept, breakers, deadletters] = await Promise.all([
    liveRunners(store),
    persistentVms(context),
    lastSweep(store),
    store.find('breakers', {where: {}, limit: AT_MOST}),
    store.count('deadletters', {}),
  ]);
  const waiting = await waitingJobs(context, {
    now,
    sweepSeconds: sweepIntervalSeconds,
    webhooks,
    runners: new Map([...runners.values()].flat().map((runner) => [runner.name, runner])),
    breakers: breakers.map(({data}) => data).filter(({open}) => open),
  });
  return {
    active_runners: [...runners.values()]
      .flat()
      .map((runner) => active(runner, now))
      .concat(activeVms(vms)),
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

/** The persistent VMs among the active runners. `running_seconds` is null, because no record says when a VM's job began. */
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
