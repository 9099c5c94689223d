import {readHosts} from '../hosts/hosts';
import type {BreakerDocument} from '../model/breaker';
import {poolsServing} from '../model/fallback';
import {isDocker} from '../model/host';
import {type JobDocument, jobKeyOf, standingFailure, waitsForVm} from '../model/job';
import {isEphemeral} from '../model/pool';
import type {RunnerDocument} from '../model/runner';
import {type Context, poolOf} from '../ports';
import {deadLetterId} from '../runners/give-up';
import type {Store} from '../store/store';
import {findVmOfPool} from '../vms/vms';
import {breakersOfJob, eyesOf, positionIn, queuedBefore, type Room, roomOf, usualBootMs} from './facts';
import {type Eyes, type LookedAt, MOST_READ, type VmLook} from './looked-at';
import type {Explanation, Verdict} from './verdict';
import {explain} from './waiting-job';

/** A job that needs a runner of this deployment, and why it has none. */
export interface WaitingJob {
  readonly job: JobDocument;
  readonly explanation: Explanation;
}

/** Verdicts of jobs on record that wait for no runner: none of ours will ever take them. */
const NOT_TAKEN: ReadonlySet<Verdict> = new Set<Verdict>([
  'no_pool_matches',
  'repository_not_served',
  'public_repository',
  'option_not_allowed',
  'vm_cannot_take_it',
]);

/** Whether no pool takes the job, and nothing but another configuration or another `runs-on` changes that. */
export function isUnserved({explanation}: WaitingJob): boolean {
  return NOT_TAKEN.has(explanation.verdict);
}

/** Where the records are, and what is configured. */
export type Records = Pick<Context, 'store' | 'pools' | 'hosts' | 'clock' | 'maxRunners'>;

/** What the caller has read already. */
export interface AlreadyRead extends Pick<Eyes, 'sweepSeconds' | 'webhooks'> {
  readonly now: number;
  /** By name; one that a job names and that is not among them is read. */
  readonly runners: ReadonlyMap<string, RunnerDocument>;
  /** Open ones. */
  readonly breakers: readonly BreakerDocument[];
}

/**
 * The queued jobs on record, given up or not, in the order in which they are served: the oldest first, at most 200. Jobs that GitHub holds back
 * are not among them.
 */
export async function queuedJobs({store}: Pick<Context, 'store'>): Promise<JobDocument[]> {
  const oldest = await store.find('jobs', {where: {status: 'queued'}, orderBy: 'queuedAt', limit: MOST_READ});
  return oldest.map(({data}) => data);
}

/** Each of `jobs`, which `queuedJobs` gave, with the verdict that follows from the record alone: nobody else is asked. */
export async function waitingJobs(
  context: Records,
  jobs: readonly JobDocument[],
  read: AlreadyRead,
): Promise<WaitingJob[]> {
  if (jobs.length === 0) return [];
  const eyes = await eyesOf(context.store, read);
  const pools = new Set(jobs.map(({pool}) => pool));
  const rooms = new Map(
    await Promise.all([...pools].map(async (pool) => [pool, await roomIfNeeded(context, pool, jobs)] as const)),
  );
  const vms = new Map(await Promise.all([...pools].map(async (pool) => [pool, await vmOf(context, pool)] as const)));
  const serving = [...pools].flatMap((pool) => poolsServing(context.pools, pool));
  const hosts = serving.some((pool) => hostsOf(context, pool).length > 0) ? await readHosts(context) : [];
  const boots = await usualBoots(context, jobs, read.runners);
  return Promise.all(
    jobs.map(async (job) => {
      const runner = await runnerOf(context.store, job, read.runners);
      const room = rooms.get(job.pool);
      const at = runner?.pool ?? job.pool;
      const looked: LookedAt = {
        now: read.now,
        asked: job,
        pools: context.pools,
        job,
        failed: standingFailure(job),
        github: {kind: 'not_asked'},
        pool: poolOf(context, job.pool),
        letter: job.demand === 'dead' ? await context.store.get('deadletters', letterId(job)) : undefined,
        runner,
        registration: 'unknown',
        breakers: breakersOfJob(context, {pool: at, repository: job.repository}, read.breakers),
        // The list is a beginning of the queue of all pools, and so of each.
        queue: room && {...room, position: positionIn(jobs, job)},
        vm: withBefore(vms.get(job.pool), job, jobs),
        hosts: hosts.filter(({name}) => hostsOf(context, at).includes(name)),
        container: await containerOf(context, at, runner),
        eyes,
        usualBootMs: boots.get(at),
        failedBoots: [],
        placements: [],
      };
      return {job, explanation: explain(looked)};
    }),
  );
}

/** Names of the Docker hosts of the pool; empty: it has none. */
function hostsOf(context: Pick<Context, 'pools'>, name: string): readonly string[] {
  const pool = poolOf(context, name);
  return pool && isDocker(pool) ? pool.provider.hosts : [];
}

async function containerOf(context: Records, pool: string, runner: RunnerDocument | undefined) {
  if (runner?.state !== 'booting' || hostsOf(context, pool).length === 0) return undefined;
  return context.store.get('containers', runner.name);
}

/** How full the pool is; looked at only where a job of it waits for a slot. */
async function roomIfNeeded(context: Records, name: string, jobs: readonly JobDocument[]): Promise<Room | undefined> {
  const pool = poolOf(context, name);
  const isOpen = jobs.some((job) => job.pool === name && job.demand === 'open');
  return pool && isEphemeral(pool) && isOpen ? roomOf(context, pool) : undefined;
}

/** Of the pools in which a runner boots for one of the jobs. */
async function usualBoots(
  {store}: Records,
  jobs: readonly JobDocument[],
  runners: ReadonlyMap<string, RunnerDocument>,
): Promise<ReadonlyMap<string, number | undefined>> {
  const booting = jobs.flatMap(({runner}) => (runner === null ? [] : (runners.get(runner) ?? [])));
  const pools = [...new Set(booting.filter(({state}) => state === 'booting').map(({pool}) => pool))];
  return new Map(await Promise.all(pools.map(async (pool) => [pool, await usualBootMs(store, pool)] as const)));
}

async function vmOf(context: Records, pool: string): Promise<Omit<VmLook, 'before'> | undefined> {
  const vm = findVmOfPool(context, pool);
  return vm && {vm, document: await context.store.get('vms', vm.id)};
}

function withBefore(
  look: Omit<VmLook, 'before'> | undefined,
  job: JobDocument,
  jobs: readonly JobDocument[],
): VmLook | undefined {
  if (!look) return undefined;
  const waiting = jobs.filter((other) => waitsForVm(other) && look.vm.pools.some(({pool}) => pool.name === other.pool));
  return {...look, before: queuedBefore(waiting, job)};
}

/** Of those that were read already; another one is read. */
async function runnerOf(
  store: Store,
  {runner}: JobDocument,
  known: ReadonlyMap<string, RunnerDocument>,
): Promise<RunnerDocument | undefined> {
  if (runner === null) return undefined;
  return known.get(runner) ?? store.get('runners', runner);
}

function letterId(job: JobDocument): string {
  return deadLetterId({job: jobKeyOf(job), task: ''});
}
