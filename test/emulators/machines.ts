/** A machine as a person beside the provider sees it. The same object for as long as the machine exists. */
export interface EmulatedMachine {
  readonly name: string;
  readonly place: string;
  /** By its label; undefined: it has none. */
  readonly pool: string | undefined;
  /** `<job id>-<run attempt>`, by its label. */
  readonly job: string | undefined;
  readonly isSpot: boolean;
  readonly isRunning: boolean;
  /** In the provider's own words, for messages. */
  readonly status: string;
  /** Milliseconds since the epoch; changes with each start. */
  readonly startedAtMs: number | undefined;
  /** What it was given to connect with. */
  readonly jitConfig: string | undefined;
  /** How it is held once it has prepared itself; undefined: it was made for a job. */
  readonly standby?: 'stopped' | 'suspended' | undefined;
}

/**
 * `accepted`: it will start, or `failed`. `deleting`, `stopping`, `suspending`, `reset`: somebody asked for it. `preempted`, `host_error`: it
 * happened to the machine. `expired`: it was there for longer than it may.
 * `metadata`: it was given something while it is there. `notice`: its guest has been told that it will be preempted, and heeds that.
 */
export type MachineEventKind =
  | 'accepted'
  | 'running'
  | 'failed'
  | 'stopping'
  | 'suspending'
  | 'reset'
  | 'deleting'
  | 'deleted'
  | 'terminated'
  | 'notice'
  | 'preempted'
  | 'host_error'
  | 'expired'
  | 'metadata';

export interface MachineEvent {
  readonly kind: MachineEventKind;
  readonly machine: EmulatedMachine;
}

/** A machine that is there from the start, whoever made it. */
export interface GivenMachine {
  readonly name: string;
  /** Its labels; none unless given. */
  readonly deployment?: string;
  readonly pool?: string;
  /** The value of the label that keeps it. */
  readonly kept?: string;
  /** Where no pool has its machines. */
  readonly isElsewhere?: boolean;
  /** Stopped unless given. */
  readonly isRunning?: boolean;
  readonly jitConfig?: string;
}

/** How a spot machine is taken back. */
export interface Preemption {
  /** Its guest ends the runner at the notice; else the machine takes the runner along. */
  readonly isHeeded?: boolean;
}

/** What a scenario does to any provider's machines and places. A place is named as a scenario names it: `us-central1-a`. */
export interface MachineFaults {
  /** Creations that are accepted fail in the end. */
  failLate(failure: {readonly code: string; readonly times: number}): void;
  /** No new machine has room there. */
  stockOut(place: string): void;
  /** Room for so many CPUs, four to a machine, over all places. Refused at once, or where the provider can, in the end. */
  quota(cpus: number, refused: 'request' | 'operation'): void;
  /** Takes no new machine, and no list shows its machines. */
  placeDown(place: string): void;
  /** No guest may tell anything of itself, by a policy of the organisation. Left out: nothing hangs on what guests tell. */
  forbidReports?(): void;
  /** Takes all of these back. */
  recover(): void;
}

/** What tests need to know of any provider's world, and to do in it: an emulated provider has one of these beside its service. */
export interface MachineWorld {
  readonly faults: MachineFaults;
  observe(observer: (event: MachineEvent) => void): void;
  machines(): EmulatedMachine[];
  /** Creations that were accepted, also of machines that failed or are gone. */
  created(): number;
  /** How often each kind of event happened. */
  counts(): Readonly<Record<string, number>>;
  add(given: GivenMachine): EmulatedMachine;
  /** The guest of a standby machine has prepared itself, and says so. Left out: the provider holds none. */
  tellPrepared?(machine: EmulatedMachine): void;
  /** The guest shuts down. */
  powerOff(machine: EmulatedMachine): void;
  /** The start-up script fails, and ends the machine. Left out: the provider sees no more of it than that the guest shuts down. */
  failStart?(machine: EmulatedMachine): void;
  /** The provider takes a spot machine back. */
  preempt(machine: EmulatedMachine, how?: Preemption): void;
  /** The host under a running machine breaks. */
  failHost(machine: EmulatedMachine): void;
}
