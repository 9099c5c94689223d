import type {Placement} from '../model/placement';
import type {Secret} from '../secret';

export interface CreateRequest {
  /** Runner name = VM name. */
  readonly name: string;
  readonly pool: string;
  /** The job that the runner is made for, `<job id>-<run attempt>`; a label, nothing more. */
  readonly job: string;
  readonly encodedJitConfig: Secret;
  /**
   * Awaited before each insert, so that the placement is durably known before a machine can exist there. What it throws ends the creation
   * before the insert (the runner is no longer wanted, or the lease was lost).
   */
  readonly beforeInsert: (placement: Placement) => Promise<void>;
  /** Called about every 25 seconds while the provider waits for the machine, so that the lease is renewed. */
  readonly onWaiting?: () => Promise<void>;
}

/** What decides which placements are tried: no secret, so that a dry run can ask too. */
export type PlacementRequest = Pick<CreateRequest, 'name' | 'pool' | 'job'>;

export interface MachineReference {
  readonly name: string;
  /** The provider's own id of the machine, where it is not the name. */
  readonly id?: string;
  /** Unknown: every place of the pool is looked into. */
  readonly place?: string;
}

export interface Machine {
  readonly name: string;
  /** Zone, subnet, region or host. */
  readonly place: string;
  readonly status: string;
}

/**
 * How the attempt to make a machine ended. Only `created` leaves one behind; `uncertain` may. `quotaScope`: what the quota counts over, such as
 * a region or an account; a breaker stands for each.
 */
export type CreateOutcome =
  | {readonly kind: 'created'; readonly placement: Placement}
  | {readonly kind: 'no_capacity'; readonly tried: readonly Placement[]; readonly message: string}
  | {readonly kind: 'quota'; readonly message: string; readonly quotaScope: string}
  | {readonly kind: 'rate_limited'; readonly message: string; readonly retryAfterSeconds: number}
  | {readonly kind: 'uncertain'; readonly placement: Placement; readonly message: string}
  | {readonly kind: 'name_taken'; readonly placement: Placement; readonly message: string}
  | {readonly kind: 'refused'; readonly message: string};

/** What makes runners. Every provider passes the same contract suite (test/contracts/provider.ts). */
export interface Provider {
  /**
   * What would be tried for this request, in order; the same answer for the same name as long as the pool and its places stay the same.
   *
   * @throws Refused when the pool names no place. Unavailable when the provider's service does not say which places there are.
   */
  placements(request: PlacementRequest): Promise<readonly Placement[]>;
  create(request: CreateRequest): Promise<CreateOutcome>;
  /** A machine of this name that carries this deployment's label; undefined if there is none, or it is somebody else's. */
  find(machine: MachineReference): Promise<Machine | undefined>;
  /** Returns when the deletion is accepted. Never touches a machine without this deployment's label. */
  delete(machine: MachineReference): Promise<'accepted' | 'absent'>;
}
