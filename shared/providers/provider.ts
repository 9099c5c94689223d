import type {Secret} from '../secret';

/** One way to try to make a machine: a rung of the ladder zone → machine type → spot/standard. */
export interface Rung {
  readonly zone: string;
  /** Undefined: the template's own machine type. */
  readonly machineType?: string;
  readonly spot: boolean;
}

export interface CreateRequest {
  /** Runner name = VM name. */
  readonly name: string;
  readonly pool: string;
  /** The job that the runner is made for, `<job id>-<run attempt>`; a label, nothing more. */
  readonly job: string;
  readonly encodedJitConfig: Secret;
  /**
   * Awaited before each insert, so that the place is durably known before a VM can exist there. Throwing from it
   * stops the ladder before the insert (the runner is no longer wanted, or the lease was lost).
   */
  readonly beforeInsert: (rung: Rung) => Promise<void>;
  /** Called about every 25 seconds while the provider waits for the machine, so that the lease is renewed. */
  readonly onWaiting?: () => Promise<void>;
}

export interface MachineReference {
  readonly name: string;
  /** Unknown: every zone of the pool is looked into. */
  readonly zone?: string;
}

export interface Machine {
  readonly name: string;
  readonly zone: string;
  readonly status: string;
}

/** How the attempt to make a machine ended. Only `created` leaves one behind; `uncertain` may. */
export type CreateOutcome =
  | {readonly kind: 'created'; readonly rung: Rung}
  | {readonly kind: 'no_capacity'; readonly tried: readonly Rung[]; readonly message: string}
  | {readonly kind: 'quota'; readonly message: string; readonly region: string}
  | {readonly kind: 'rate_limited'; readonly message: string; readonly retryAfterSeconds: number}
  | {readonly kind: 'uncertain'; readonly rung: Rung; readonly message: string}
  | {readonly kind: 'name_taken'; readonly rung: Rung; readonly message: string}
  | {readonly kind: 'refused'; readonly message: string};

/** What makes runners. Every provider passes the same contract suite (test/contracts/provider.ts). */
export interface Provider {
  create(request: CreateRequest): Promise<CreateOutcome>;
  /** A machine of this name that carries this deployment's label; undefined if there is none, or it is somebody else's. */
  find(machine: MachineReference): Promise<Machine | undefined>;
  /** Returns when the deletion is accepted. Never touches a machine without this deployment's label. */
  delete(machine: MachineReference): Promise<'accepted' | 'absent'>;
}
