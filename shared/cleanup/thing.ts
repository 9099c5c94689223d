import type {Registration} from '../github/github';
import type {RunnerDocument} from '../model/runner';
import type {StandbyDocument} from '../model/standby';
import type {Registered, SeenMachine} from '../sweep/observed';

export const CLEANUP_TARGETS = ['registrations', 'machines', 'all'] as const;

/** What a clean-up is to remove. */
export type CleanupTarget = (typeof CLEANUP_TARGETS)[number];

/** `runner`: a runner on record whose machine is not made yet. */
export const THING_KINDS = ['machine', 'registration', 'runner'] as const;

/** Something of this deployment that could be removed. */
export interface Thing {
  readonly kind: (typeof THING_KINDS)[number];
  /** Of the runner. */
  readonly name: string;
  /** Of a machine: its zone, region, subnet or host. Of a registration or a runner: its repository or organization. Null: not known. */
  readonly place: string | null;
  /** Why it can be removed, or why it stays. A sentence without a point at its end. */
  readonly because: string;
}

/** Something that may be removed, with what is on record of it. */
export type Suspect =
  /** A runner on record that is not over, with its machine; undefined: none is listed where it would be. */
  | {readonly kind: 'runner'; readonly runner: RunnerDocument; readonly machine: SeenMachine | undefined}
  /** A machine whose runner is over, or on no record. */
  | {readonly kind: 'machine'; readonly machine: SeenMachine; readonly former: RunnerDocument | undefined}
  /** A standby machine that no job has claimed. */
  | {readonly kind: 'standby'; readonly standby: StandbyDocument; readonly machine: SeenMachine | undefined}
  /** A registration with a name of ours, of a runner that is over, or on no record. Its machine is not listed. */
  | {
      readonly kind: 'registration';
      readonly registration: Registration;
      readonly at: Omit<Registered, 'id'>;
      readonly former: RunnerDocument | undefined;
    };

/** How the thing is removed. */
export type Removal =
  | {readonly by: 'runner'; readonly runner: RunnerDocument}
  | {
      readonly by: 'machine';
      readonly machine: SeenMachine;
      readonly registration: Registered | null;
      readonly namesakes: readonly Registered[];
    }
  | {readonly by: 'standby'; readonly name: string}
  | {readonly by: 'registration'; readonly name: string; readonly registration: Registered};

/** `remove`: how it goes. `skip`: why it stays. `nothing`: there is nothing of this target. */
export type Judgement =
  | {readonly kind: 'remove'; readonly thing: Thing; readonly removal: Removal}
  | {readonly kind: 'skip'; readonly thing: Thing}
  | {readonly kind: 'nothing'};
