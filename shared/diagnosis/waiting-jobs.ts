import type {BreakerDocument} from '../model/breaker';
import {type JobDocument, jobKeyOf} from '../model/job';
import {isEphemeral} from '../model/pool';
import type {RunnerDocument} from '../model/runner';
import {type Context, poolOf} from '../ports';
import {deadLetterId} from '../runners/give-up';
import type {Store} from '../store/store';
import {findVmOfPool} from '../vms/vms';
import {breakersOfJob, eyesOf, roomOf} from './facts';
import type {Eyes, LookedAt, QueuePlace, VmLook} from './looked-at';
import type {Explanation} from './verdict';
import {explain} from './waiting-job';

/** Jobs that are read as documents. */
const MOST_JOBS = 200;

/** A job that needs a runner of this deployment, and why it has none. */
export interface WaitingJob {
  readonly job: JobDocument;
  readonly explanation: Explanation;
}

/** Where the records are, and what is configured. */
export type Records = Pick<Context, 'store' | 'pools' | 'maxRunners'>;

/** What the caller has read already. */
export interface AlreadyRead extends Pick<Eyes, 'sweepSeconds' | 'webhooks'> {
  readonly now: number;
  /** Those that are alive. */
  readonly runners: ReadonlyMap<string, RunnerDocument>;
  /** Open ones. */
  readonly breakers: readonly BreakerDocument[];
  /** Every queued job; left out: they are read. */
  readonly jobs?: readonly JobDocument[];
}

/** The queued jobs on record, oldest first, at most 200, each with the verdict that follows from the record alone: nobody else is asked. */
export async function waitingJobs(context: Records, read: AlreadyRead): Promise<WaitingJob[]> {
  const jobs = read.jobs ? oldest(read.jobs) : await queuedJobs(context);
  if (jobs.length === 0) return [];
  const eyes = await eyesOf(context.store, read);
  const pools = new Set(jobs.map(({pool}) => pool));
  const places = new Map(
    await Promise.all([...pools].map(async (pool) => [pool, await placesOf(context, pool, jobs)] as const)),
  );
  const vms = new Map(await Promise.all([...pools].map(async (pool) => [pool, await vmOf(context, pool)] as const)));
  return Promise.all(
    jobs.map(async (job) => {
      const runner = await runnerOf(context.store, job, read.runners);
      const looked: LookedAt = {
        now: read.now,
        asked: job,
        pools: context.pools,
        job,
        github: {kind: 'not_asked'},
        pool: poolOf(context, job.pool),
        letter: job.demand === 'dead' ? await context.store.get('deadletters', letterId(job)) : undefined,
        runner,
        registration: 'unknown',
        breakers: breakersOfJob(context, job, read.breakers),
        queue: places.get(job.pool)?.(job),
        vm: withBefore(vms.get(job.pool), job, jobs),
        eyes,
        placements: [],
      };
      return {job, explanation: explain(looked)};
    }),
  );
}

/** The oldest first. Beyond 200 those that wait for a slot are the oldest of each pool. */
async function queuedJobs({store, pools}: Records): Promise<JobDocument[]> {
  const some = await store.find('jobs', {where: {status: 'queued'}, limit: MOST_JOBS});
  const found = [...some];
  if (some.length === MOST_JOBS) {
    const each = Math.max(1, Math.floor(MOST_JOBS / Math.max(1, pools.length)));
    const first = await Promise.all(
      pools.map(({name}) =>
        store.find('jobs', {where: {pool: name, demand: 'open'}, orderBy: 'queuedAt', limit: each}),
      ),
    );
    found.push(...first.flat());
  }
  const jobs = new Map(found.map(({id, data}) => [id, data]));
  return oldest([...jobs.values()]);
}

function oldest(jobs: readonly JobDocument[]): JobDocument[] {
  return [...jobs].sort((a, b) => a.queuedAt - b.queuedAt).slice(0, MOST_JOBS);
}

/** How full the pool is, and the place of each of its open jobs; looked at only where one waits for a slot. */
async function placesOf(
  context: Records,
  name: string,
  jobs: readonly JobDocument[],
): Promise<((job: JobDocument) => QueuePlace) | undefined> {
  const pool = poolOf(context, name);
  const open = jobs.filter((job) => job.pool === name && job.demand === 'open').map(jobKeyOf);
  if (!pool || !isEphemeral(pool) || open.length === 0) return undefined;
  const room = await roomOf(context, pool);
  return (job) => {
    const index = open.indexOf(jobKeyOf(job));
    return {...room, position: index < 0 ? undefined : index + 1};
  };
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
  const ofVm = jobs.filter(
    ({pool, demand}) => demand === 'covered' && look.vm.pools.some((one) => one.pool.name === pool),
  );
  return {...look, before: ofVm.filter((other) => other.queuedAt < job.queuedAt).length};
}

/** Of those that are alive; one that is not is read, which is rare. */
async function runnerOf(
  store: Store,
  {runner}: JobDocument,
  alive: ReadonlyMap<string, RunnerDocument>,
): Promise<RunnerDocument | undefined> {
  if (runner === null) return undefined;
  return alive.get(runner) ?? store.get('runners', runner);
}

function letterId(job: JobDocument): string {
  return deadLetterId({job: jobKeyOf(job), task: ''});
}
