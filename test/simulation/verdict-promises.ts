import {parseConfig} from '../../shared/config/config';
import {openBreakers} from '../../shared/diagnosis/facts';
import type {Verdict} from '../../shared/diagnosis/verdict';
import {queuedJobs, type WaitingJob, waitingJobs} from '../../shared/diagnosis/waiting-jobs';
import type {EmulatedMachine} from '../emulators/machines';
import {environmentOf} from './environment';
import type {SimulatedWorld} from './simulated-world';

/** No divisor of what happens every minute, so that every moment of it is met. */
const EVERY_MS = 307_000;

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
  world.made.observe(({kind, machine}) => {
    if (kind === 'accepted') accepted.add(machine.name);
    // The slot is free when the deletion is accepted, however long the VM still runs.
    if (kind === 'deleting' || kind === 'failed') leaving.add(machine);
  });
  const records = {store: world.store, pools, ...(maxRunners === undefined ? {} : {maxRunners})};

  async function check(): Promise<void> {
    const breakers = await openBreakers(world.store);
    const eyes = {
      sweepSeconds: scenario.setting.sweepIntervalSeconds ?? 60,
      webhooks: scenario.setting.webhooksOff ? 'off' : 'on',
    } as const;
    const now = scheduler.now();
    const waiting = await waitingJobs(records, await queuedJobs(records), {...eyes, now, runners: new Map(), breakers});
    for (const one of waiting) {
      const wrong = whatIsWrong(world, one, {accepted, leaving});
      const {verdict, because} = one.explanation;
      if (wrong) world.violated('wrong_verdict', `job ${one.job.jobId} is ${verdict} (${because}), but ${wrong}`);
    }
  }

  // Its own step: nothing else happens while it reads.
  const look = () => {
    scheduler.at(scheduler.now() + EVERY_MS, () => {
      check().catch((error: unknown) => world.violated('wrong_verdict', String(error)));
      if (!workload.isOver()) look();
    });
  };
  look();
}

/** What has happened to machines so far. */
interface Seen {
  /** Names of the machines whose creation was accepted. */
  readonly accepted: ReadonlySet<string>;
  /** Machines whose deletion was accepted, or whose creation failed in the end. */
  readonly leaving: ReadonlySet<EmulatedMachine>;
}

/** What the world knows better; undefined: nothing. */
function whatIsWrong(
  world: SimulatedWorld,
  {job, explanation}: WaitingJob,
  {accepted, leaving}: Seen,
): string | undefined {
  const {verdict, because, do: remedy, since} = explanation;
  if (!OF_QUEUED.has(verdict)) return 'the job is queued on record';
  if (because === '' || remedy === '') return 'a person cannot act on it';
  if (since > world.scheduler.now() + world.scenario.setting.skewMs) return 'that is in the future';
  if (OF_TROUBLE.has(verdict) && isCalm(world)) return 'nothing has gone wrong in this world';
  if (verdict === 'waiting_for_slot') return wrongAboutSlots(world, {accepted, leaving}, job.pool, because);
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

/** More VMs of the pool are there than are said to be in use. */
function wrongAboutSlots(
  world: SimulatedWorld,
  {accepted, leaving}: Seen,
  pool: string,
  because: string,
): string | undefined {
  const found = /^(\d+) of (\d+) runners? of pool /.exec(because);
  if (!found) return undefined;
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
