import type {GitHubWorld} from '../emulators/github/model';
import type {EmulatedMachine, MachineWorld} from '../emulators/machines';
import type {Killed} from '../emulators/runner-process';
import {MANAGER_SECRET, TASK_SIGNING_KEY, WEBHOOK_SECRET} from './environment';
import {isUnclaimed} from './held-machines';
import {homeOf, RUNS_MAX} from './pools';
import type {Drained, Setting} from './scenario';

/** A promise that was broken. */
export interface Violation {
  readonly rule:
    | 'busy_killed'
    | 'too_many_runners'
    | 'host_overfull'
    | 'drained_pool'
    | 'two_machines'
    | 'wrong_machine'
    | 'registered_twice'
    | 'registered_unclaimed'
    | 'claimed_twice'
    | 'held_for_standby'
    | 'unused_runner'
    | 'call_in_transaction'
    | 'secret'
    | 'forged'
    | 'misdirected'
    | 'misrouted'
    | 'foreign_touched'
    | 'redelivered_too_often'
    | 'given_up'
    | 'large_document'
    | 'event_late'
    | 'event_lost'
    | 'world_contract'
    | 'unhandled'
    | 'job_not_run'
    | 'job_not_rerun'
    | 'job_rerun'
    | 'left_over'
    | 'too_many_creations'
    | 'uncounted_boot'
    | 'miscounted_boot'
    | 'vm_held'
    | 'vm_late'
    | 'wrong_verdict'
    | 'wrong_usage'
    | 'wrong_cleanup'
    | 'wrong_answer'
    | 'dry_run'
    | 'never_quiet';
  readonly detail: string;
  readonly atMs: number;
}

export interface SafetyOptions {
  readonly setting: Setting;
  readonly startMs: number;
  readonly github: GitHubWorld;
  readonly machines: MachineWorld;
  readonly killed: readonly Killed[];
  readonly violated: (rule: Violation['rule'], detail: string) => void;
}

/** How each JIT config begins, a private key reads, the webhook's secret, and the key that signs tasks. Text and not patterns: everything written is searched. */
const SECRETS = [
  Buffer.from('{".runner":"').toString('base64').slice(0, 15),
  'PRIVATE KEY',
  WEBHOOK_SECRET,
  TASK_SIGNING_KEY,
  MANAGER_SECRET,
];

/**
 * Refusals that no job may be given up for: every pool has a template, a placement that works, and the App's access to GitHub, and no job asks
 * for a machine that its pool does not allow.
 */
const REFUSED =
  /insert machine|(?:GET|POST) \/projects\/world\/\S+: HTTP 4|GitHub answered 404|cannot be created as its job asks for it/;

/** An answer of success that somebody took for a failure. */
const SUCCESS_AS_FAILURE = /CodeMagic answered 2\d\d/;

/** A quarter of what Firestore takes. */
const LARGEST_DOCUMENT = 256 * 1024;

/** What has to hold at each moment. Watches the world rather than asking it: a step costs only what it changed. */
export class Safety {
  /** VMs that hold a slot, by pool. A slot frees when the deletion is accepted. */
  readonly #held = new Map<string, Set<EmulatedMachine>>();
  readonly #names = new Map<string, EmulatedMachine>();
  #seenKilled = 0;

  constructor(private readonly options: SafetyOptions) {
    options.machines.observe(({kind, machine}) => {
      if (kind === 'accepted') this.#accepted(machine);
      // A standby machine counts once a job has claimed it.
      if (kind === 'metadata' && machine.standby && machine.jitConfig) this.#hold(machine);
      if (kind === 'deleting' || kind === 'failed' || kind === 'deleted') this.#heldBy(machine).delete(machine);
      if (kind === 'failed' || kind === 'deleted') {
        if (this.#names.get(machine.name) === machine) this.#names.delete(machine.name);
      }
    });
  }

  /** After each step. */
  check(): void {
    const {killed, violated} = this.options;
    for (; this.#seenKilled < killed.length; this.#seenKilled++) {
      const one = killed[this.#seenKilled];
      violated('busy_killed', `${one?.machine.name} was taken away under job ${one?.job.id}`);
    }
  }

  /** What is written anywhere: a log line, a task's body, a document by its path. */
  written(where: string, text: string): void {
    if (where.startsWith('deadletters/') && REFUSED.test(text)) {
      this.options.violated('given_up', `${where}: ${text.slice(0, 300)}`);
    }
    if (SUCCESS_AS_FAILURE.test(text)) this.options.violated('world_contract', `${where}: ${text.slice(0, 300)}`);
    const bytes = where.includes('/') ? Buffer.byteLength(text) : 0;
    if (bytes > LARGEST_DOCUMENT) this.options.violated('large_document', `${where} has ${bytes} bytes`);
    if (SECRETS.some((secret) => text.includes(secret))) {
      this.options.violated('secret', `${where}: ${text.slice(0, 200)}`);
    }
  }

  #accepted(machine: EmulatedMachine): void {
    const {setting, violated} = this.options;
    const twin = this.#names.get(machine.name);
    if (twin) violated('two_machines', `${machine.name} is in ${twin.place} and in ${machine.place}`);
    this.#names.set(machine.name, machine);
    if (isUnclaimed(machine)) return;
    this.#hold(machine);
    if (poolOf(machine) === setting.drained?.pool) this.#checkDrained(machine, setting.drained);
  }

  #hold(machine: EmulatedMachine): void {
    const {setting, violated} = this.options;
    const held = this.#heldBy(machine);
    held.add(machine);
    const pool = poolOf(machine);
    const home = homeOf(pool);
    const named = home === 'large' ? 'arm' : home;
    const limit = pool === 'runs' ? RUNS_MAX : (setting.maxRunners[named as keyof Setting['maxRunners']] ?? 0);
    if (held.size > limit) {
      violated('too_many_runners', `${held.size} VMs of pool ${pool}, which may have ${limit}: ${namesOf(held)}`);
    }
    // What is not ours is in no pool of ours.
    const ofAll = [...this.#held].filter(([name]) => POOLS.has(homeOf(name))).flatMap(([, machines]) => [...machines]);
    if (setting.total !== undefined && ofAll.length > setting.total) {
      violated(
        'too_many_runners',
        `${ofAll.length} VMs of all pools, which may have ${setting.total}: ${namesOf(ofAll)}`,
      );
    }
  }

  /** What was on its way when the pool was drained may still come; a job that was queued since then gets no VM. */
  #checkDrained(machine: EmulatedMachine, {pool, fromMs, forMs}: Drained): void {
    const {github, startMs, violated} = this.options;
    const since = startMs + fromMs;
    const now = github.scheduler.now();
    const id = Number(machine.job?.split('-')[0]);
    if (now < since || now >= since + forMs || !github.queue.has(id)) return;
    const {createdAtMs} = github.queue.job(id);
    if (createdAtMs > since)
      violated('drained_pool', `${machine.name} was made for pool ${pool} while that was drained`);
  }

  #heldBy(machine: EmulatedMachine): Set<EmulatedMachine> {
    const pool = poolOf(machine);
    const held = this.#held.get(pool) ?? new Set();
    this.#held.set(pool, held);
    return held;
  }
}

const POOLS = new Set(['arm', 'spot', 'shared', 'runs', 'large']);

function namesOf(machines: Iterable<EmulatedMachine>): string {
  return [...machines].map(({name, status}) => `${name} ${status}`).join(', ');
}

function poolOf(machine: EmulatedMachine): string {
  return machine.pool ?? 'none';
}
