import type {Verdict} from '../../shared/diagnosis/verdict';
import {type JobDocument, jobKeyOf} from '../../shared/model/job';
import {isUnclaimed} from './held-machines';
import {KEPT_MS, type Known, newsMs, type OnRecord, type Told} from './known';
import {LABELS, VM} from './pools';
import type {SimulatedWorld} from './simulated-world';
import {creatingTruth, retryingTruth} from './task-truths';

/** What a queued job on record may be told. */
export const OF_QUEUED: ReadonlySet<string> = new Set<Verdict>([
  'waiting_for_slot',
  'breaker_open',
  'no_capacity',
  'retrying',
  'creating',
  'booting',
  'runner_idle',
  'vm_starting',
  'vm_runner_offline',
  'vm_cannot_take_it',
  'host_silent',
  'host_full',
  'given_up',
]);

/** What nobody hears in a world in which nothing goes wrong. */
const OF_TROUBLE: ReadonlySet<Verdict> = new Set<Verdict>(['breaker_open', 'no_capacity', 'retrying', 'given_up']);

const MINUTE = 60_000;

/** What the world knows better than what a job that is queued on record was told; undefined: nothing. */
export function whatIsWrong(known: Known, job: JobDocument, told: Told): string | undefined {
  const {world} = known;
  const {verdict, because, do: remedy, since} = told;
  if (!OF_QUEUED.has(verdict)) return 'the job is queued on record';
  if (because === '' || remedy === '') return 'a person cannot act on it';
  if (since > world.scheduler.now() + world.scenario.setting.skewMs) return 'that is in the future';
  if (verdict !== 'creating') known.uncreated.delete(jobKeyOf(job));
  if (OF_TROUBLE.has(verdict) && isCalm(world)) return 'nothing has gone wrong in this world';
  switch (verdict) {
    case 'waiting_for_slot':
      return wrongAboutSlots(known, job, told);
    case 'breaker_open':
      return wrongAboutBreaker(known.record, job, because);
    case 'no_capacity':
      return lackedCapacity(known, job, since) ? undefined : 'nothing lacked capacity';
    case 'retrying':
      return retryingTruth(known, job, told);
    case 'creating':
      return wrongAboutFreeSlot(known, job, told) ?? creatingTruth(known, job);
    case 'booting':
      return wrongAboutBoot(known, job, told);
    case 'runner_idle':
      return wrongAboutIdle(known, job, told);
    case 'host_silent':
    case 'host_full':
      return world.docker ? undefined : 'the world has no Docker host';
    default:
      return verdict.startsWith('vm_') ? wrongAboutVm(known, job, told) : undefined;
  }
}

/** Nothing that the scenario planned has struck, and no setting makes trouble by itself. */
export function isCalm({faultPlan, boots, scenario: {setting, acts}}: SimulatedWorld): boolean {
  if (faultPlan.struck.size > 0 || boots.failed.length > 0 || (acts?.length ?? 0) > 0) return false;
  const {placements, neighbours, brokenLists, leftovers, vm} = setting;
  return !placements && !neighbours && !brokenLists && !leftovers && !vm;
}

/** How old what is said may be: what follows from GitHub's answer is new. */
function oldMs({world}: Known, {by}: Told): number {
  return by === 'github' ? KEPT_MS : newsMs(world);
}

/** The machine is there, and its runner has not been online yet. */
function wrongAboutBoot(known: Known, {runner}: JobDocument, told: Told): string | undefined {
  const {world, history} = known;
  if (runner === null) return 'the job has no runner';
  const now = world.scheduler.now();
  const isThere = world.made.machines().some(({name}) => name === runner);
  // A host picks its container up with its next call, and may never get to know of it.
  if (world.docker && !isThere) return undefined;
  if (!isThere && !history.accepted.has(runner)) return `no machine ${runner} was ever created`;
  const id = known.record.runners.get(runner)?.githubId ?? null;
  const registration = world.github.runners.all().find((one) => one.id === id);
  const online = history.onlineAtMs(runner);
  // GitHub tells that a runner is online, not that it was: of one that is offline again only the sweep has news.
  const lateMs = registration?.session?.live ? oldMs(known, told) : newsMs(world);
  if (online !== undefined && now - online > lateMs) return `${runner} came online ${(now - online) / 1000} s ago`;
  const changed = history.changedAtMs(runner) ?? 0;
  const isRegistered = id === null || registration !== undefined;
  if (told.by === 'github' && !isRegistered && now - changed > KEPT_MS) return `${runner} is not registered any more`;
  const ended = history.endedAtMs(runner);
  return ended !== undefined && now - ended > newsMs(world)
    ? `${runner} has ended ${(now - ended) / 1000} s ago`
    : undefined;
}

/** The runner is online, and has no job, or the other one that is told of. */
function wrongAboutIdle(known: Known, job: JobDocument, told: Told): string | undefined {
  const {world, history, record} = known;
  const persistent = job.pool === 'vm' ? world.vm : undefined;
  const name = persistent ? VM.name : (job.runner ?? '');
  if (history.onlineAtMs(name) === undefined) return `${name} was never online`;
  const now = world.scheduler.now();
  const changed = history.changedAtMs(name);
  if (changed !== undefined && now - changed <= oldMs(known, told)) return undefined;
  const id = persistent ? persistent.runner.id : record.runners.get(name)?.githubId;
  const runner = world.github.runners.all().find((one) => one.id === id);
  if (!runner?.session?.live) return `${name} is not online`;
  const isBusy = /runs another job|online and busy/.test(told.because);
  if (runner.job && !isBusy) return `${name} runs job ${runner.job.id}`;
  return undefined;
}

function wrongAboutVm(known: Known, job: JobDocument, told: Told): string | undefined {
  const {vm, scheduler} = known.world;
  if (!vm) return 'there is no persistent VM';
  if (told.verdict === 'vm_cannot_take_it') {
    return job.labels.every((label) => LABELS.vm.includes(label.toLowerCase()))
      ? `${VM.name} has all of ${job.labels.join(', ')}`
      : undefined;
  }
  const {session} = vm.runner;
  const connected = known.history.connectedAtMs(VM.name);
  // It waits for the job, and GitHub gives it one within seconds: whoever says that it is not up is late.
  const isReady = session?.live === true && vm.runner.job === null && connected !== undefined;
  if (!isReady || scheduler.now() - connected <= oldMs(known, told)) return undefined;
  if (told.verdict === 'vm_runner_offline') return `its runner is online since ${scheduler.now() - connected} ms`;
  return /has not taken the job yet/.test(told.because)
    ? undefined
    : `its runner is online since ${scheduler.now() - connected} ms`;
}

/** A free slot is there, and not for others. */
function wrongAboutFreeSlot({record, limits}: Known, job: JobDocument, {because}: Told): string | undefined {
  if (job.demand !== 'open' || !because.startsWith('a slot of pool')) return undefined;
  const free = (limits.get(job.pool) ?? 0) - (record.held.get(job.pool) ?? 0);
  const place = (record.queues.get(job.pool) ?? []).indexOf(jobKeyOf(job)) + 1;
  return place > free ? `${free} slots are free, and it is number ${place}` : undefined;
}

/** A breaker that is not open, or that keeps no work of this job back. */
function wrongAboutBreaker({openBreakers: open}: OnRecord, {repository, pool}: JobDocument, because: string) {
  const name = /^breaker (\S+) is open/.exec(because)?.[1] ?? '';
  if (!open.has(name)) return `${name} is not open`;
  const [owner = ''] = repository.toLowerCase().split('/');
  if (name.startsWith('github.') && name !== `github.${owner}`) return `${name} is not of ${owner}`;
  return name.startsWith('boot.') && name.endsWith('-gpu') !== (pool === 'spot')
    ? `${name} is not of ${pool}`
    : undefined;
}

/** One attempt tries several placements, waits for operations, and may be taken over from an execution that died. */
const ATTEMPT_MS = 15 * MINUTE;

/** How long GitHub was down until about then: meanwhile nothing is created, so that no breaker learns that there is quota again. */
function outageMs({scenario: {faults}, startMs}: Known['world'], since: number): number {
  const ends = (fault: (typeof faults)[number]) =>
    fault.on === 'github_down' ? startMs + fault.fromMs + fault.forMs : Number.NEGATIVE_INFINITY;
  const recent = faults.filter((fault) => ends(fault) >= since - ATTEMPT_MS && ends(fault) <= since + ATTEMPT_MS);
  return recent.reduce((total, fault) => total + (fault.on === 'github_down' ? fault.forMs : 0), 0);
}

/** Whether Compute Engine lacked room, or quota, during the attempt that ended at `since`, or before an outage of GitHub until then. */
function lackedCapacity({world, history}: Known, {pool}: JobDocument, since: number): boolean {
  const {faultPlan, scenario, startMs} = world;
  const {faults, setting} = scenario;
  const from = since - ATTEMPT_MS - outageMs(world, since);
  const until = since + setting.skewMs;
  if (history.failedAtMs.some((at) => at >= from && at <= until)) return true;
  return faults.some((fault) => {
    if (fault.on === 'stock_out' || fault.on === 'quota' || fault.on === 'zone_down') {
      const begins = startMs + fault.fromMs;
      return begins <= until && begins + fault.forMs >= from;
    }
    // When a call was refused nobody noted; nor when the start of a persistent VM failed late.
    return fault.on === 'call'
      ? fault.effect === 'quota' && faultPlan.struck.has(fault)
      : fault.on === 'late_failure' && pool === 'vm';
  });
}

/** More VMs of the pool are there than are said to be in use, other slots are held, others are before the job, or a slot is free for it. */
function wrongAboutSlots({world, history, record}: Known, job: JobDocument, told: Told): string | undefined {
  const {pool} = job;
  const {because, position} = told;
  const place = (record.queues.get(pool) ?? []).indexOf(jobKeyOf(job)) + 1;
  const isTold = told.by === 'record';
  if (isTold && !world.vm && position !== place) return `it is number ${place} in the queue, not ${position}`;
  const found = /^(\d+) of (\d+) runners? of pool /.exec(because);
  if (!found) return undefined;
  const held = record.held.get(pool) ?? 0;
  if (Number(found[1]) !== held) return `${held} slots are held`;
  const [taken = 0, limit = 0] = found.slice(1).map(Number);
  if (taken < limit && place <= limit - taken && !because.includes('of all pools')) {
    const all = world.scenario.setting.total;
    if (all === undefined) return `${limit - taken} slots are free, and it is number ${place}`;
  }
  const live = world
    .machines()
    .filter(
      (machine) =>
        machine.pool === pool &&
        machine.isRunning &&
        !isUnclaimed(machine) &&
        history.accepted.has(machine.name) &&
        !history.leaving.has(machine),
    );
  return live.length > taken ? `${live.length} VMs are there` : undefined;
}
