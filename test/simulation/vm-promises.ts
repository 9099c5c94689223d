import type {ComputeWorld} from '../emulators/compute/model';
import type {Job} from '../emulators/github/job';
import type {GitHubWorld} from '../emulators/github/model';
import type {PersistentVm} from './persistent-vm';
import {LABELS, VM} from './pools';
import type {Violation} from './safety';
import {isVmAlone, type Scenario, sweepIntervalMs} from './scenario';

const MINUTE = 60_000;

/** Idle time, boot time, outages and what the sweep makes up for are less, all told. */
const HELD_MS = 2.5 * 60 * MINUTE;

/** After two sweeps: the minute that a job has the webhook's way to itself; some seconds for what is under way, and for clocks. */
const LATE_MS = 2 * MINUTE;

interface VmPromisesOptions {
  readonly vm: PersistentVm;
  readonly github: GitHubWorld;
  readonly compute: ComputeWorld;
  readonly scenario: Scenario;
  readonly violated: (rule: Violation['rule'], detail: string) => void;
}

/**
 * What is promised of the persistent VM at each moment: it is neither started nor kept up for a job that its runner cannot take; and where
 * nothing goes wrong but with the VM itself, it is not left down for long while a job waits that it can take.
 */
export class VmPromises {
  /** Jobs that its runner can take and that are not over. */
  readonly #open = new Set<Readonly<Job>>();
  #wantedAtMs: number;
  #startedAtMs = 0;
  /** Since when it is down while a job waits. */
  #waitsSinceMs: number | undefined;
  #isBroken = false;

  constructor(private readonly options: VmPromisesOptions) {
    const {vm, github, compute} = options;
    this.#wantedAtMs = github.scheduler.now();
    github.observe((event) => {
      if (event.kind !== 'job' || !canTake(event.job)) return;
      this.#wantedAtMs = github.scheduler.now();
      if (event.job.status === 'completed') this.#open.delete(event.job);
      else this.#open.add(event.job);
    });
    compute.observe(({kind, instance}) => {
      if (instance !== vm.instance || kind !== 'running') return;
      this.#startedAtMs = github.scheduler.now();
      if (this.#idleMs() > HELD_MS && !this.#mayNotKnow()) this.#broken('vm_held', 'was started for nobody');
    });
  }

  /** Somebody starts the VM: that counts as a job that it can take. */
  startByHand(): void {
    this.#wantedAtMs = this.options.github.scheduler.now();
  }

  /** After each step. */
  check(): void {
    if (this.#isBroken) return;
    const {vm, github, scenario} = this.options;
    const now = github.scheduler.now();
    if (vm.isUp() && !this.#areListsBad() && Math.min(this.#idleMs(), now - this.#startedAtMs) > HELD_MS) {
      this.#broken(
        'vm_held',
        `is up, and no job that its runner takes was there for ${this.#idleMs() / MINUTE} minutes`,
      );
    }
    const isWaitedFor = !vm.isUp() && [...this.#open].some(({status}) => status === 'queued');
    this.#waitsSinceMs = isWaitedFor ? (this.#waitsSinceMs ?? now) : undefined;
    if (
      this.#waitsSinceMs !== undefined &&
      now - this.#waitsSinceMs > LATE_MS + 2 * sweepIntervalMs(scenario) &&
      isVmAlone(scenario)
    ) {
      this.#broken('vm_late', `is down for ${(now - this.#waitsSinceMs) / MINUTE} minutes while a job waits`);
    }
  }

  #idleMs(): number {
    return this.#open.size > 0 ? 0 : this.options.github.scheduler.now() - this.#wantedAtMs;
  }

  /** While GitHub does not tell the runner's labels, the VM is started. */
  #mayNotKnow(): boolean {
    const {faults} = this.options.scenario;
    return this.#areListsBad() || faults.some((fault) => fault.on === 'github_down' || fault.on === 'call');
  }

  #areListsBad(): boolean {
    return (this.options.scenario.setting.badPages ?? 0) > 0;
  }

  #broken(rule: Violation['rule'], what: string): void {
    this.#isBroken = true;
    this.options.violated(rule, `${VM.name} ${what}`);
  }
}

function canTake({labels}: Readonly<Job>): boolean {
  return labels.includes(VM.label) && labels.every((label) => LABELS.vm.includes(label));
}
