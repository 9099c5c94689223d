import {withDeadline} from '../clock';
import {MINUTE_MS} from '../durations';
import {Unavailable} from '../errors';
import {readHosts} from '../hosts/hosts';
import {poolsServing} from '../model/fallback';
import {isDocker} from '../model/host';
import {type FailedAttempt, type JobDocument, jobKeyOf, standingFailure} from '../model/job';
import {matchJob} from '../model/matching';
import {runnerName} from '../model/names';
import {optionsOf} from '../model/options';
import type {Pool} from '../model/pool';
import {ownerOfRepository} from '../model/queues';
import {isBeingCreated, type RunnerDocument} from '../model/runner';
import {repositoryScope, scopeFor} from '../model/scope';
import type {DeadLetterDocument} from '../model/tasks';
import {type Context, poolOf} from '../ports';
import {isStopped, isStopping} from '../providers/persistent-vm';
import {deadLetterId} from '../runners/give-up';
import {queuedJobs} from '../vms/records';
import {findVmOfPool} from '../vms/vms';
import {breakersOfJob, eyesOf, openBreakers, positionOf, queuedBefore, roomOf, usualBootMs} from './facts';
import type {LookUps} from './look-ups';
import type {Eyes, JobLook, JobReference, LookedAt, RegistrationLook, VmLook} from './looked-at';
import {type Worker, workerOf} from './worker';

/** Attempts of one id: GitHub gives a job that is run again another one. */
const MOST_ATTEMPTS = 10;

/** Runners of one job that a timeline shows. */
const MOST_RUNNERS = 10;

/** Of real time, for the provider's answer. */
const PROVIDER_MS = 5_000;

/** What one question looks at, the runners that were there for the job, and the one that is there for it, runs or ran it. */
export interface Look {
  readonly looked: LookedAt;
  readonly runners: readonly RunnerDocument[];
  /** Of any pool; undefined: none is on record. */
  readonly worker: Worker | undefined;
}

/** Looks at everything that the verdict of one job is made of: the record, GitHub's job, and what the job waits for. */
export async function lookAt(
  context: Context,
  asked: JobReference,
  lookUps: LookUps,
  given: Pick<Eyes, 'sweepSeconds' | 'webhooks'>,
): Promise<Look> {
  const found = await recordOf(context, asked);
  const github = await lookAtGitHub(context, lookUps, asked, found);
  // The attempt that was asked for may not be on record, and GitHub's newest one is.
  const job =
    found ??
    (github.kind === 'seen' ? await recordOf(context, {...asked, runAttempt: github.job.runAttempt}) : undefined);
  const pool = job ? poolOf(context, job.pool) : matchingPool(context, github);
  const isQueued = job?.status === 'queued';
  const runners = job ? await runnersOf(context, job) : [];
  const runner = runners.find(({name}) => name === job?.runner);
  // Where its runner is: in a fallback, it may be.
  const at = (runner && poolOf(context, runner.pool)) ?? pool;
  const vm = job && isQueued ? await vmOf(context, job) : undefined;
  const isInQueue = isQueued && pool !== undefined && vm === undefined;
  const open = isInQueue ? await openBreakers(context.store) : [];
  const failed = job && (await failureOf(context, job, runner));
  const worker = await workerOf(context, job, github, runner, runners);
  const looked: LookedAt = {
    now: context.clock.now(),
    asked,
    pools: context.pools,
    job: job && failed ? {...job, failedAttempt: failed} : job,
    failed,
    github,
    pool,
    letter: job && (await letterOf(context, job)),
    runner,
    registration: isQueued ? await registrationOf(context, lookUps, job, runner, vm) : 'unknown',
    breakers: isInQueue && at ? breakersOfJob(context, {pool: at.name, repository: job.repository}, open) : [],
    queue: isInQueue ? {...(await roomOf(context, pool)), position: await positionOf(context, job)} : undefined,
    vm,
    lostVm: job?.status === 'in_progress' ? await lostVmOf(context, worker) : undefined,
    hosts: isInQueue && at && isDocker(at) ? await readHosts(context, at.provider.hosts) : [],
    container:
      isInQueue && at && isDocker(at) && runner ? await context.store.get('containers', runner.name) : undefined,
    eyes: {...(await eyesOf(context.store, given)), queueDown: await queueOf(context, lookUps, job, github)},
    usualBootMs: isInQueue && runner?.state === 'booting' ? await usualBootMs(context.store, runner.pool) : undefined,
    placements: isInQueue && failed?.kind === 'no_capacity' ? await placementsOf(context, job) : [],
    failedBoots: isInQueue && at && runner?.state === 'booting' ? failedBootsOf(runners, at) : [],
  };
  return {looked, runners, worker};
}

/** Why the queue of the job's owner hands out no task, where one may be on its way for the job. */
async function queueOf(
  {tasks}: Context,
  lookUps: LookUps,
  job: JobDocument | undefined,
  github: JobLook,
): Promise<string | undefined> {
  const seen = github.kind === 'seen' && github.job.status === 'queued' ? github.repository : undefined;
  const repository = job?.status === 'queued' ? job.repository : seen;
  if (repository === undefined) return undefined;
  const owner = ownerOfRepository(repository);
  return lookUps.queue(owner, () => tasks.check('provision', owner));
}

/** The record has the VM up until its job is over: Compute Engine knows of one that was stopped under it. */
async function lostVmOf(context: Context, worker: Worker | undefined): Promise<LookedAt['lostVm']> {
  if (!worker || !('vm' in worker)) return undefined;
  const {instance} = worker.vm;
  try {
    const noAnswer = () => new Unavailable('Compute Engine did not answer', 10);
    const status = await withDeadline(PROVIDER_MS, context.vm(worker.vm).status(), noAnswer);
    if (status === undefined) return {instance, status: 'absent'};
    return isStopped(status) || isStopping(status) ? {instance, status} : undefined;
  } catch (error) {
    context.logger.debug(`the status of VM ${instance} is not known`, {error});
    return undefined;
  }
}

/** The newest attempt on record, or the one that was asked for; of the repository, where the question names one. */
export async function recordOf({store}: Context, asked: JobReference): Promise<JobDocument | undefined> {
  const {jobId, runAttempt, repository} = asked;
  const found =
    runAttempt === undefined
      ? (await store.find('jobs', {where: {jobId}, limit: MOST_ATTEMPTS})).map(({data}) => data)
      : [await store.get('jobs', jobKeyOf({jobId, runAttempt}))];
  return found
    .filter((job) => job !== undefined)
    .filter((job) => repository === undefined || job.repository.toLowerCase() === repository.toLowerCase())
    .sort((a, b) => b.runAttempt - a.runAttempt)[0];
}

async function lookAtGitHub(
  {pools}: Context,
  lookUps: LookUps,
  {jobId, repository}: JobReference,
  job: JobDocument | undefined,
): Promise<JobLook> {
  if (job) {
    const {repository: fullName, installationId, updatedAt} = job;
    return lookUps.job({fullName, installationId}, jobId, updatedAt);
  }
  if (repository === undefined) return lookUps.search(jobId, pools);
  return lookUps.job({fullName: repository, installationId: null}, jobId, 0);
}

function matchingPool({pools}: Context, github: JobLook) {
  if (github.kind !== 'seen') return undefined;
  const {repository, isPublic, job} = github;
  const match = matchJob({repository, isPublic: isPublic ?? false, labels: job.labels}, pools);
  return match.kind === 'matched' ? match.pool : undefined;
}

/** The runners that were made for the job, and the one that covers it or ran it. */
async function runnersOf({store, deployment, pools}: Context, job: JobDocument): Promise<RunnerDocument[]> {
  const {creations, pool, fallbackPool, jobId, runner} = job;
  const ofPools = new Set([...poolsServing(pools, pool), ...(fallbackPool ? [fallbackPool] : [])]);
  const first = Math.max(1, creations - MOST_RUNNERS + 1);
  const numbers = Array.from({length: creations - first + 1}, (_, n) => first + n);
  const made = numbers.flatMap((n) => [...ofPools].map((name) => runnerName(deployment, name, jobId, n)));
  const names = new Set([...made, ...(runner === null ? [] : [runner])]);
  const found = await Promise.all([...names].map((name) => store.get('runners', name)));
  return found.filter((each) => each !== undefined);
}

/** Those that had `bootMinutes` and never came online. One that was lost sooner, such as a preempted one, says nothing about the boot. */
function failedBootsOf(runners: readonly RunnerDocument[], {bootMinutes}: Pool): RunnerDocument[] {
  return runners.filter(({state, runs, onlineAt, machineAccepted, machineCreatedAt, stateAt}) => {
    const hasEnded = state === 'failed' && runs === null && onlineAt === undefined && machineAccepted === true;
    return hasEnded && stateAt - (machineCreatedAt ?? stateAt) >= bootMinutes * MINUTE_MS;
  });
}

/** The half-made runner may be another job's by its name: what failed of it is on that job's record, where the job was not yet covered by it. */
async function failureOf(
  {store}: Context,
  job: JobDocument,
  runner: RunnerDocument | undefined,
): Promise<FailedAttempt | undefined> {
  const own = standingFailure(job);
  if (own || !runner || !isBeingCreated(runner) || runner.madeFor === jobKeyOf(job)) return own;
  const failed = (await store.get('jobs', runner.madeFor))?.failedAttempt;
  return failed && failed.at >= runner.createdAt ? failed : undefined;
}

async function letterOf({store}: Context, job: JobDocument): Promise<DeadLetterDocument | undefined> {
  return store.get('deadletters', deadLetterId({job: jobKeyOf(job), task: ''}));
}

async function vmOf(context: Context, job: JobDocument): Promise<VmLook | undefined> {
  const vm = findVmOfPool(context, job.pool);
  if (!vm) return undefined;
  const before = queuedBefore(await queuedJobs(context, vm), job);
  return {vm, document: await context.store.get('vms', vm.id), before};
}

/** Of the runner that boots for the job, or of the persistent VM's, where it matters. */
async function registrationOf(
  context: Context,
  lookUps: LookUps,
  job: JobDocument,
  runner: RunnerDocument | undefined,
  look: VmLook | undefined,
): Promise<RegistrationLook> {
  if (runner) {
    if (isBeingCreated(runner) || runner.githubId === null) return 'unknown';
    return lookUps.registration(runner, {id: runner.githubId}, Math.max(runner.stateAt, runner.onlineAt ?? 0));
  }
  const entry = look?.vm.pools.find(({pool}) => pool.name === job.pool);
  if (!entry) return 'unknown';
  const isUp = look?.document?.state === 'running';
  if (!isUp && job.demand !== 'dead') return 'unknown';
  const pool = poolOf(context, job.pool);
  const scope = pool ? scopeFor(pool, job) : repositoryScope(job.repository);
  const since = look?.document?.stateAt ?? 0;
  return lookUps.registration({scope, installationId: job.installationId}, {name: entry.runnerName}, since);
}

/** In words, of the job's pool and its fallbacks. */
async function placementsOf(context: Context, job: JobDocument): Promise<string[]> {
  const [own = job.pool, ...others] = poolsServing(context.pools, job.pool);
  const found = await Promise.all([own, ...others].map((pool) => placementsIn(context, job, pool)));
  if (others.length === 0) return found.flat();
  return found.flatMap((placements, index) => placements.map((text) => `${[own, ...others][index]}: ${text}`));
}

/** In words; none where the provider does not say. */
async function placementsIn(context: Context, job: JobDocument, pool: string): Promise<string[]> {
  const {jobId, creations, labels} = job;
  const configured = poolOf(context, pool);
  const options = configured ? optionsOf(configured, labels) : {};
  const name = runnerName(context.deployment, pool, jobId, Math.max(1, creations));
  try {
    const asked = context.provider(pool).placements({name, pool, job: jobKeyOf(job), options});
    const placements = await withDeadline(PROVIDER_MS, asked, () => new Unavailable('the provider did not answer', 10));
    return placements.map(({place, machineType, spot}) =>
      [place, ...(machineType ? [machineType] : []), ...(spot ? ['spot'] : [])].join(' '),
    );
  } catch (error) {
    context.logger.debug(`the placements of pool ${pool} are not known`, {error});
    return [];
  }
}
