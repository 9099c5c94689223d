import type {JobStatus} from '../emulators/github/job';
import type {EmulatedMachine, MachineEventKind} from '../emulators/machines';
import {isUnclaimed} from './held-machines';
import type {SimulatedWorld} from './simulated-world';

/** After these no runner comes up on the machine any more. */
const ENDS: ReadonlySet<MachineEventKind> = new Set([
  'failed',
  'deleting',
  'deleted',
  'terminated',
  'preempted',
  'host_error',
  'expired',
]);

/** What has happened in a world so far, and when: what a look at it as it is now does not tell. */
export class WorldHistory {
  /** Names of the machines whose creation was accepted. */
  readonly accepted = new Set<string>();
  readonly #acceptedAtMs = new Map<string, number>();
  /** Machines whose deletion was accepted, or whose creation failed in the end: their slot is free, however long they still run. */
  readonly leaving = new Set<EmulatedMachine>();
  /** Names of the machines that their provider took away. */
  readonly taken = new Set<string>();
  /** Names of the machines that were preempted, or whose guest heeded the notice and that somebody deleted before. */
  readonly preempted = new Set<string>();
  /** When a creation failed that had been accepted. */
  readonly failedAtMs: number[] = [];
  readonly #endedAtMs = new Map<string, number>();
  readonly #onlineAtMs = new Map<string, number>();
  readonly #connectedAtMs = new Map<string, number>();
  readonly #changedAtMs = new Map<string, number>();
  readonly #statuses = new Map<number, {readonly atMs: number; readonly status: JobStatus}[]>();

  constructor({scheduler, made, github, neighbours}: SimulatedWorld) {
    made.observe(({kind, machine}) => {
      if (kind === 'accepted') {
        this.accepted.add(machine.name);
        this.#acceptedAtMs.set(machine.name, scheduler.now());
        this.#endedAtMs.delete(machine.name);
      }
      if (kind === 'preempted' || kind === 'host_error') this.taken.add(machine.name);
      if (kind === 'preempted' || kind === 'notice') this.preempted.add(machine.name);
      if (kind === 'deleting' || kind === 'failed') this.leaving.add(machine);
      if (kind === 'failed') this.failedAtMs.push(scheduler.now());
      // A standby machine that has prepared itself is stopped, and started once it is claimed.
      if (kind === 'terminated' && isUnclaimed(machine)) return;
      if (ENDS.has(kind) && !this.#endedAtMs.has(machine.name)) this.#endedAtMs.set(machine.name, scheduler.now());
    });
    github.observe((event) => {
      if (event.kind === 'runner') {
        const {name} = event.runner;
        if (neighbours?.registrations.has(event.runner)) return;
        if (event.change === 'online') {
          this.#onlineAtMs.set(name, this.#onlineAtMs.get(name) ?? scheduler.now());
          this.#connectedAtMs.set(name, scheduler.now());
        } else this.#changedAtMs.set(name, scheduler.now());
        return;
      }
      const {id, status} = event.job;
      this.#statuses.set(id, [...(this.#statuses.get(id) ?? []), {atMs: scheduler.now(), status}]);
    });
  }

  /** When the newest creation of a machine of the name was accepted; undefined: none was. */
  acceptedAtMs(name: string): number | undefined {
    return this.#acceptedAtMs.get(name);
  }

  /** Since when no runner comes up any more on the machine of the name; undefined: it may, or there never was one. */
  endedAtMs(name: string): number | undefined {
    return this.#endedAtMs.get(name);
  }

  /** When the runner of the name was online for the first time; undefined: never. */
  onlineAtMs(name: string): number | undefined {
    return this.#onlineAtMs.get(name);
  }

  /** When it came online last. */
  connectedAtMs(name: string): number | undefined {
    return this.#connectedAtMs.get(name);
  }

  /** When it changed last but for coming online: registered, busy, idle or removed. */
  changedAtMs(name: string): number | undefined {
    return this.#changedAtMs.get(name);
  }

  /** The states that the job had at GitHub at any time since `sinceMs`. */
  statusesSince(jobId: number, sinceMs: number): ReadonlySet<JobStatus> {
    const all = this.#statuses.get(jobId) ?? [];
    const first = all.findLastIndex(({atMs}) => atMs <= sinceMs);
    return new Set(all.slice(Math.max(0, first)).map(({status}) => status));
  }
}
