import type {UsageDocument, UsageRow} from '../../shared/model/usage';
import type {EmulatedMachine, MachineEventKind} from '../emulators/machines';
import type {CallEffect, Fault} from './scenario';
import type {SimulatedWorld} from './simulated-world';

const LIMIT = 10_000;

/**
 * What the count of a machine may be off: its creation and deletion are noted when they are asked for and answered, on the clocks of two
 * functions. Once in each pool it may be a minute more, where an answer was lost and the deletion repeated.
 */
const OFF_MS = 15_000;
const OFF_ONCE_MS = 60_000;

/** A deletion whose answer was lost, or whose execution died, is noted when it is repeated, by a queue that waits longer each time. */
const REPEATED_MS = 3 * 60_000;

/** In which a machine that ended by itself is found to be gone: two sweeps see it, after faults and the sweep's own pauses. */
const UNNOTICED_MS = 20 * 60_000;

/** A machine that ended by itself so soon need not have been in any list that a sweep reads. */
const UNSEEN_MS = 60_000;

/** Calls that create a machine, of each provider. */
const CREATIONS: ReadonlySet<string> = new Set(['insertInstance', 'runInstance', 'create', 'runJob', 'startBuild']);

/** The call had its effect, and nobody got its answer. */
const UNANSWERED: ReadonlySet<CallEffect> = new Set(['dies_after', 'lost', 'hang']);

/** Whether it may have struck a creation so that nobody knows of the machine. */
function leavesUnknown(fault: Fault): boolean {
  if (fault.on !== 'call' || (fault.port !== 'compute' && fault.port !== 'machines')) return false;
  return UNANSWERED.has(fault.effect) && (fault.method === undefined || CREATIONS.has(fault.method));
}

/** One machine's life, as the world saw it. */
interface Life {
  readonly name: string;
  readonly pool: string;
  readonly fromMs: number;
  /** When its deletion was accepted, or when it ended by itself. */
  toMs?: number;
  endedByItself?: true;
  /** Its creation was accepted and failed in the end: it never ran. */
  hasFailed?: true;
}

const ENDS: ReadonlySet<MachineEventKind> = new Set(['deleting', 'deleted', 'preempted', 'expired']);

/**
 * The world's own account of the machines that were created in it and of the persistent VM, by which the sweep's `usage` is checked: each
 * machine counts once, with its minutes, whatever crashed, was repeated or was lost.
 */
export class UsagePromises {
  readonly #lives = new Map<EmulatedMachine, Life>();
  readonly #claimedAt = new Map<EmulatedMachine, number>();
  #vmMs = 0;
  #vmSince: number | undefined;
  #vmUps = 0;

  constructor(private readonly world: SimulatedWorld) {
    const {made, compute, vm, scheduler} = world;
    made.observe(({kind, machine}) => this.#see(kind, machine, scheduler.now()));
    compute.observe(({kind, instance}) => {
      if (!vm || instance !== vm.instance) return;
      if (kind === 'running') {
        this.#vmSince ??= scheduler.now();
        this.#vmUps += 1;
      }
      if (kind !== 'terminated' || this.#vmSince === undefined) return;
      this.#vmMs += scheduler.now() - this.#vmSince;
      this.#vmSince = undefined;
    });
  }

  #see(kind: MachineEventKind, machine: EmulatedMachine, now: number): void {
    const {name, pool, job} = machine;
    if (kind === 'accepted' && pool !== undefined && job !== undefined) {
      this.#lives.set(machine, {name, pool, fromMs: now});
    }
    this.#seeClaimed(kind, machine, now);
    const life = this.#lives.get(machine);
    if (!life || life.toMs !== undefined) return;
    if (kind === 'failed') life.hasFailed = true;
    if (!ENDS.has(kind)) return;
    life.toMs = now;
    if (kind !== 'deleting') life.endedByItself = true;
  }

  /** A standby machine counts from its JIT config, if it runs with it: what comes before is nobody's. */
  #seeClaimed(kind: MachineEventKind, machine: EmulatedMachine, now: number): void {
    const {name, pool = '', standby, jitConfig, isRunning} = machine;
    if (!standby || !jitConfig || this.#lives.has(machine)) return;
    const fromMs = this.#claimedAt.get(machine) ?? now;
    this.#claimedAt.set(machine, fromMs);
    if (kind === 'running' || isRunning) this.#lives.set(machine, {name, pool, fromMs});
  }

  /** When all is over, and enough sweeps have gone by since then. */
  async check(): Promise<void> {
    const documents = await this.world.store.find('usage', {where: {}, limit: LIMIT});
    const usage = documents.flatMap(({data}): UsageDocument[] => ('rows' in data ? [data] : []));
    const rowsOf = (wanted: readonly UsageDocument[]) => wanted.flatMap(({rows}) => rows);
    const totals = rowsOf(usage.filter(({pool}) => pool === null));
    const parts = rowsOf(usage.filter(({pool}) => pool !== null));
    const lives = [...this.#lives.values()];
    for (const pool of new Set([...totals, ...lives].map((each) => each.pool))) {
      const total = sum(totals, pool);
      if (pool === 'vm') this.#checkVm(total);
      else
        this.#checkPool(
          pool,
          total,
          lives.filter((life) => life.pool === pool),
        );
      const ofParts = sum(parts, pool);
      if (!isSame(total, ofParts)) this.#violated(pool, `${show(total)} in all, ${show(ofParts)} in parts`);
    }
  }

  #checkPool(pool: string, total: Sum, lives: readonly Life[]): void {
    const ran = lives.filter(({hasFailed}) => !hasFailed);
    const failed = lives.length - ran.length;
    const truth = ran.reduce((all, {fromMs, toMs = fromMs}) => all + toMs - fromMs, 0);
    const slack = OFF_ONCE_MS + ran.length * OFF_MS;
    const faults = [...this.world.faultPlan.struck].filter(({on}) => on === 'call' || on === 'dispatch').length;
    const repeated = Math.min(faults, ran.length) * REPEATED_MS;
    const begun = new Set(lives.map(({name}) => name));
    // What was registered and did not begin counts until it is deleted.
    const unbegun = this.world.standby.registeredIn(pool).filter((name) => !begun.has(name)).length;
    const unnoticed = ran.filter(({endedByItself}) => endedByItself).length + failed + unbegun;
    if (total.machines < ran.length - this.#unseen(ran) || total.machines > lives.length + unbegun) {
      this.#violated(pool, `${total.machines} machines are counted, but ${ran.length} ran and ${failed} failed`);
    }
    if (total.ms < truth - slack || total.ms > truth + slack + repeated + unnoticed * UNNOTICED_MS) {
      this.#violated(pool, `${show(total)} are counted, but ${ran.length} machines were there for ${truth} ms`);
    }
  }

  /** Machines of which nobody could know: whoever created them got no answer, and they were gone before anybody looked. */
  #unseen(ran: readonly Life[]): number {
    const unanswered = [...this.world.faultPlan.struck].filter(leavesUnknown);
    const brief = ran.filter(({endedByItself, fromMs, toMs}) => endedByItself && (toMs ?? fromMs) - fromMs < UNSEEN_MS);
    return Math.min(brief.length, unanswered.length);
  }

  /** It counts from when it is noticed to be up until it is noticed to be down; what goes down by itself is noticed minutes later. */
  #checkVm(total: Sum): void {
    const {scenario} = this.world;
    const mostMs = this.#vmMs + OFF_ONCE_MS + (scenario.faults.length > 0 ? UNNOTICED_MS : this.#vmUps * OFF_MS);
    const leastMs = scenario.faults.length > 0 ? 0 : this.#vmMs - OFF_ONCE_MS - this.#vmUps * OFF_MS;
    if (total.ms < leastMs || total.ms > mostMs) {
      this.#violated('vm', `${show(total)} are counted, but the VM was up for ${this.#vmMs} ms`);
    }
  }

  #violated(pool: string, what: string): void {
    this.world.violated('wrong_usage', `pool ${pool}: ${what}`);
  }
}

interface Sum {
  readonly jobs: number;
  readonly machines: number;
  readonly ms: number;
}

function sum(rows: readonly UsageRow[], pool: string): Sum {
  const own = rows.filter((row) => row.pool === pool);
  const of = (field: keyof Sum) => own.reduce((all, row) => all + row[field], 0);
  return {jobs: of('jobs'), machines: of('machines'), ms: of('ms')};
}

function isSame(a: Sum, b: Sum): boolean {
  return a.jobs === b.jobs && a.machines === b.machines && a.ms === b.ms;
}

function show({jobs, machines, ms}: Sum): string {
  return `${jobs} jobs, ${machines} machines and ${ms} ms`;
}
