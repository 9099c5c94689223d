import {parseConfig} from '../../shared/config/config';
import {openBreakers} from '../../shared/diagnosis/facts';
import type {Verdict} from '../../shared/diagnosis/verdict';
import {queuedJobs, type WaitingJob, waitingJobs} from '../../shared/diagnosis/waiting-jobs';
import {type JobDocument, type JobKey, jobKeyOf} from '../../shared/model/job';
import type {Store} from '../../shared/store/store';
import type {EmulatedMachine} from '../emulators/machines';
import {environmentOf} from './environment';
import {LABELS, VM} from './pools';
import {randomOf, type SimulatedWorld} from './simulated-world';

/** The longest time between two looks. When they are is the seed's choice, so that every moment of a minute is met. */
const MOST_MS = 600_000;

/** What a queued job on record may be told. */
const OF_QUEUED: ReadonlySet<Verdict> = new Set<Verdict>([
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
  'given_up',
]);

/** What nobody hears in a world in which nothing goes wrong. */
const OF_TROUBLE: ReadonlySet<Verdict> = new Set<Verdict>(['breaker_open', 'no_capacity', 'retrying', 'given_up']);

/** At any moment, the verdict on every job that waits is one of those that the world knows to be true. */
export function watchVerdicts(world: SimulatedWorld): void {
  const {scheduler, scenario, workload} = world;
  const {pools, maxRunners} = parseConfig(environmentOf(scenario.setting, world.github.app), 'provision');
  const accepted = new Set<string>();
  const leaving = new Set<EmulatedMachine>();
  const failedAtMs: number[] = [];
  world.made.observe(({kind, machine}) => {
    if (kind === 'accepted') accepted.add(machine.name);
    // The slot is free when the deletion is accepted, however long the VM still runs.
    if (kind === 'deleting' || kind === 'failed') leaving.add(machine);
    if (kind === 'failed') failedAtMs.push(scheduler.now());
  });
  const online = new Set<string>();
  world.github.observe((event) => {
    if (event.kind === 'runner' && event.change === 'online') online.add(event.runner.name);
  });
  const chance = randomOf(scenario.seed, 'verdicts');
  const records = {
    store: world.store,
    clock: scheduler,
    hosts: [],
    pools,
    ...(maxRunners === undefined ? {} : {maxRunners}),
  };

  async function check(): Promise<void> {
    const breakers = await openBreakers(world.store);
    const eyes = {
      sweepSeconds: scenario.setting.sweepIntervalSeconds ?? 60,
      webhooks: scenario.setting.webhooksOff ? 'off' : 'on',
    } as const;
    const now = scheduler.now();
    const seen: Seen = {accepted, leaving, failedAtMs, online, ...(await onRecord(world.store))};
    const waiting = await waitingJobs(records, await queuedJobs(records), {...eyes, now, runners: new Map(), breakers});
    for (const one of waiting) {
      const wrong = whatIsWrong(world, one, seen);
      const {verdict, because} = one.explanation;
      if (wrong) world.violated('wrong_verdict', `job ${one.job.jobId} is ${verdict} (${because}), but ${wrong}`);
    }
  }

  // Its own step: nothing else happens while it reads.
  const look = () => {
    scheduler.at(scheduler.now() + 1_000 + chance.below(MOST_MS), () => {
      check().catch((error: unknown) => world.violated('wrong_verdict', String(error)));
      if (!workload.isOver()) look();
    });
  };
  look();
}

/** What is on record, read in another way than the verdicts read it. */
async function onRecord(store: Store): Promise<Pick<Seen, 'held' | 'queues' | 'openBreakers'>> {
  const held = new Map<string, number>();
  for (const {data} of await store.find('slots', {where: {}, limit: EVERYTHING})) {
    if (data.holder !== null) held.set(data.pool, (held.get(data.pool) ?? 0) + 1);
  }
  const queues = new Map<string, JobKey[]>();
  const open = await store.find('jobs', {where: {demand: 'open'}, limit: EVERYTHING});
  for (const {id, data} of open.sort((a, b) => a.data.queuedAt - b.data.queuedAt)) {
    queues.set(data.pool, [...(queues.get(data.pool) ?? []), id]);
  }
  const breakers = await store.find('breakers', {where: {}, limit: EVERYTHING});
  return {held, queues, openBreakers: new Set(breakers.filter(({data}) => data.open).map(({data}) => data.name))};
}

const EVERYTHING = 100_000;

/** What has happened so far, and what is on record. */
interface Seen {
  /** Slots that somebody holds, by pool. */
  readonly held: ReadonlyMap<string, number>;
  /** Jobs that have no slot, by pool, in the order in which they get one. */
  readonly queues: ReadonlyMap<string, readonly JobKey[]>;
  /** Names of the breakers that are open. */
  readonly openBreakers: ReadonlySet<string>;
  /** When a creation failed that had been accepted. */
  readonly failedAtMs: readonly number[];
  /** Names of the runners that were online. */
  readonly online: ReadonlySet<string>;
  /** Names of the machines whose creation was accepted. */
  readonly accepted: ReadonlySet<string>;
  /** Machines whose deletion was accepted, or whose creation failed in the end. */
  readonly leaving: ReadonlySet<EmulatedMachine>;
}

/** What the world knows better; undefined: nothing. */
function whatIsWrong(world: SimulatedWorld, {job, explanation}: WaitingJob, seen: Seen): string | undefined {
  const {accepted} = seen;
  const {verdict, because, do: remedy, since} = explanation;
  if (!OF_QUEUED.has(verdict)) return 'the job is queued on record';
  if (because === '' || remedy === '') return 'a person cannot act on it';
  if (since > world.scheduler.now() + world.scenario.setting.skewMs) return 'that is in the future';
  if (OF_TROUBLE.has(verdict) && isCalm(world)) return 'nothing has gone wrong in this world';
  if (verdict === 'waiting_for_slot') return wrongAboutSlots(world, seen, {job, explanation});
  if (verdict === 'breaker_open') return wrongAboutBreaker(seen, job, because);
  if (verdict === 'no_capacity' && !lackedCapacity(world, seen, job, since)) return 'nothing lacked capacity';
  if (verdict === 'vm_cannot_take_it' && job.labels.every((label) => LABELS.vm.includes(label.toLowerCase())))
    return `${VM.name} has all of ${job.labels.join(', ')}`;
  if (verdict === 'runner_idle' && !(job.runner && seen.online.has(job.runner)) && !world.vm)
    return `${job.runner} was never online`;
  if (verdict === 'booting' && !wasCreated(world, job.runner, accepted)) return `no VM ${job.runner} was ever created`;
  if (verdict.startsWith('vm_') && !world.vm) return 'there is no persistent VM';
  return undefined;
}

/** Nothing that the scenario planned has struck, and no setting makes trouble by itself. */
function isCalm({faultPlan, failedBoots, scenario: {setting}}: SimulatedWorld): boolean {
  if (faultPlan.struck.size > 0 || failedBoots.length > 0) return false;
  const {placements, neighbours, brokenLists, leftovers, vm} = setting;
  return !placements && !neighbours && !brokenLists && !leftovers && !vm;
}

/** A breaker that is not open, or that keeps no work of this job back. */
function wrongAboutBreaker({openBreakers: open}: Seen, {repository, pool}: JobDocument, because: string) {
  const name = /^breaker (\S+) is open/.exec(because)?.[1] ?? '';
  if (!open.has(name)) return `${name} is not open`;
  const [owner = ''] = repository.toLowerCase().split('/');
  if (name.startsWith('github.') && name !== `github.${owner}`) return `${name} is not of ${owner}`;
  return name.startsWith('boot.') && name.endsWith('-gpu') !== (pool === 'spot')
    ? `${name} is not of ${pool}`
    : undefined;
}

/** One attempt tries several placements, waits for operations, and may be taken over from an execution that died. */
const ATTEMPT_MS = 15 * 60_000;

/** Whether Compute Engine lacked room, or quota, during the attempt that ended at `since`. */
function lackedCapacity(
  {faultPlan, scenario, startMs}: SimulatedWorld,
  {failedAtMs}: Seen,
  {pool}: JobDocument,
  since: number,
): boolean {
  const {faults, setting} = scenario;
  const from = since - ATTEMPT_MS;
  const until = since + setting.skewMs;
  if (failedAtMs.some((at) => at >= from && at <= until)) return true;
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

/** More VMs of the pool are there than are said to be in use, other slots are held, or others are before the job. */
function wrongAboutSlots(
  world: SimulatedWorld,
  {accepted, leaving, held, queues}: Seen,
  {job, explanation: {because, position}}: WaitingJob,
): string | undefined {
  const {pool} = job;
  const place = (queues.get(pool) ?? []).indexOf(jobKeyOf(job)) + 1;
  if (!world.vm && position !== place) return `it is number ${place} in the queue, not ${position}`;
  const found = /^(\d+) of (\d+) runners? of pool /.exec(because);
  if (!found) return undefined;
  if (Number(found[1]) !== (held.get(pool) ?? 0)) return `${held.get(pool) ?? 0} slots are held`;
  const [taken = 0, limit = 0] = found.slice(1).map(Number);
  if (taken < limit) return 'a slot is free';
  const live = world
    .machines()
    .filter(
      (machine) => machine.pool === pool && machine.isRunning && accepted.has(machine.name) && !leaving.has(machine),
    );
  return live.length > taken ? `${live.length} VMs are there` : undefined;
}

/** Whether a machine of the name exists, or its creation was accepted before. */
function wasCreated({made}: SimulatedWorld, name: string | null, accepted: ReadonlySet<string>): boolean {
  return name !== null && (accepted.has(name) || made.machines().some((machine) => machine.name === name));
}
