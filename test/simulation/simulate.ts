import {arrivalWatch, checkArrivals} from './arrivals';
import {backlogMs, longestMatrixMs} from './backlog';
import {FUNCTIONS, type Functions} from './functions';
import {checkLiveness} from './liveness';
import {isOutageAlone} from './outages';
import {People} from './people';
import {checkReruns} from './rerun-promises';
import type {Violation} from './safety';
import {type Fault, needsSweep, type Scenario} from './scenario';
import {SimulatedServices} from './simulated-services';
import {SimulatedWorld} from './simulated-world';
import {UsagePromises} from './usage-promises';
import {watchVerdicts} from './verdict-promises';
import {WorldHistory} from './world-history';

export interface Outcome {
  readonly violations: readonly Violation[];
  /** Empty unless asked for. */
  readonly trace: readonly string[];
  readonly steps: number;
  /** Without those that were rerun. */
  readonly jobs: number;
  readonly creations: number;
  /** When each VM was accepted for the first time, after the start of the world, by name. */
  readonly madeAtMs: ReadonlyMap<string, number>;
  /** On which runner each job ran that did, by the job's id. */
  readonly ranOn: ReadonlyMap<number, string>;
  /** Those of the scenario's faults that struck. */
  readonly struckFaults: readonly Fault[];
  /** Whether it was checked that every job ran and nothing was left over. */
  readonly isLivenessChecked: boolean;
}

export interface SimulateOptions {
  readonly functions?: Functions;
  readonly isTraced?: boolean;
}

const MINUTE = 60_000;
const HOUR = 60 * MINUTE;

/** Time that is given after the last job and fault: less than a VM's own death takes, which would clear up what we left. */
const SETTLE_MS = 5 * HOUR;

/** Nothing happens for so long: nothing will. Longer than anything is delayed by a fault. */
const QUIET_MS = 45 * MINUTE;
const QUIET_CHECK_STEPS = 40;
const MOST_STEPS = 2_000_000;

/** Plays a scenario from beginning to end. Deterministic: the same scenario gives the same outcome, and the same trace. */
export async function simulate(scenario: Scenario, options: SimulateOptions = {}): Promise<Outcome> {
  const {functions = FUNCTIONS, isTraced = false} = options;
  // Loaded on the first webhook, which takes real time.
  await import('@octokit/webhooks-methods');
  const world = new SimulatedWorld(scenario, isTraced);
  const {made, github, workload, scheduler, safety} = world;
  const haveArrived = arrivalWatch(github);
  const madeAtMs = new Map<string, number>();
  made.observe(({kind, machine}) => {
    if (kind !== 'accepted' || madeAtMs.has(machine.name)) return;
    madeAtMs.set(machine.name, scheduler.now() - world.startMs);
  });
  const isStill = (): boolean =>
    world.machines().length === 0 &&
    world.registrations().length === 0 &&
    world.vm?.isUp() !== true &&
    !services.hasTasks() &&
    (!isOutageAlone(scenario) || haveArrived());
  const isQuiet = (): boolean =>
    workload.isOver() && people.areDone() && isStill() && !world.standby.areToCome(scenario);
  const isResting = (): boolean => workload.isResting() && isStill();
  await world.leftovers?.leaveRecords(world.store, world.startMs);
  const services: SimulatedServices = new SimulatedServices(world, functions, isResting);

  world.docker?.start(services);
  const history = new WorldHistory(world);
  watchVerdicts(world, services, history);
  const people = new People(world, services, history, scenario.acts ?? []);
  const usage = new UsagePromises(world);
  const calmMs = world.startMs + lastPlannedMs(scenario);
  const endMs = calmMs + backlogMs(scenario) + longestMatrixMs(scenario) + SETTLE_MS;
  let steps = 0;
  let quietSince: number | undefined;
  const isOver = () => {
    steps += 1;
    safety.check();
    world.vmPromises?.check();
    if (world.violations.length > 0 && isFatal(world.violations)) return true;
    if (steps % QUIET_CHECK_STEPS !== 0) return false;
    if (steps > MOST_STEPS) world.violated('never_quiet', `${steps} steps, and no end`);
    quietSince = isQuiet() ? (quietSince ?? scheduler.now()) : undefined;
    return quietSince !== undefined && scheduler.now() > Math.max(calmMs, quietSince + QUIET_MS);
  };
  const onRejection = (reason: unknown) => world.violated('unhandled', String(reason));
  process.on('unhandledRejection', onRejection);
  try {
    await scheduler.run(endMs, isOver);
  } finally {
    process.off('unhandledRejection', onRejection);
  }
  for (const violation of github.violations) world.violated('world_contract', JSON.stringify(violation));

  for (const violation of world.peerViolations()) world.violated('world_contract', violation);

  const isLive = functions.sweep !== undefined || !needsSweep(scenario);
  if (isLive && world.violations.length === 0) await checkLiveness(world, services, history, people.excused);
  if (services.isSwept && world.violations.length === 0) world.boots.check();
  if (services.isSwept) checkReruns(world, history);
  // A container counts from its assignment, at which its host need not call.
  if (services.isSwept && !world.docker && world.violations.length === 0) await usage.check();
  if (services.isSwept && isOutageAlone(scenario)) checkArrivals(world);
  return {
    violations: world.violations,
    trace: world.trace.lines,
    steps,
    jobs: workload.jobs.filter(({runAttempt}) => runAttempt === 1).length,
    creations: made.created(),
    madeAtMs,
    ranOn: new Map(workload.jobs.flatMap(({id, runner}) => (runner ? [[id, runner.name]] : []))),
    struckFaults: [...world.faultPlan.struck],
    isLivenessChecked: isLive,
  };
}

/** What happens after a promise was broken is of no interest. */
function isFatal(violations: readonly Violation[]): boolean {
  return violations.length >= 3 || violations.some(({rule}) => rule === 'never_quiet');
}

function lastPlannedMs({jobs, faults, acts = []}: Scenario): number {
  const jobTimes = jobs.map(
    ({atMs, approvedAfterMs = 0, sentBack, rerunAfterMs = 0, cancelAfterMs = 0}) =>
      atMs + cancelAfterMs + approvedAfterMs + rerunAfterMs + (sentBack ? sentBack.afterMs + sentBack.forMs : 0),
  );
  const faultTimes = faults.map((fault) => {
    if ('fromMs' in fault) return fault.fromMs + fault.forMs;
    return 'atMs' in fault ? fault.atMs : 0;
  });
  return Math.max(0, ...jobTimes, ...faultTimes, ...acts.map(({atMs}) => atMs));
}
