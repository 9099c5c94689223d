import type {RunnerScope} from '../../../shared/model/scope';
import type {RunnerGroup} from './account';
import type {Job} from './job';
import type {RunnerSession} from './runner-session';

/** A runner as GitHub keeps it. Times are milliseconds since the epoch. */
export interface Registration {
  readonly id: number;
  readonly name: string;
  readonly scope: RunnerScope;
  readonly group: RunnerGroup;
  readonly ephemeral: boolean;
  /** Proves that a JIT config belongs to this registration and not to an earlier one of the name. */
  readonly nonce: string;
  readonly createdAtMs: number;
  /** Lists leave it out before this. */
  readonly listedAtMs: number;
  /** Lower case; none is added by GitHub to a JIT runner. */
  labels: string[];
  /** The process on the VM, while it is connected. */
  session: RunnerSession | null;
  /** What it runs, whether or not the process is still there. */
  job: Job | null;
  /** `busy` reads false before this although it runs a job. */
  busyFromMs: number;
  /** Gone from the lists; the object lives on in whoever holds it. */
  removed: boolean;
}

export function isIdle(runner: Registration): boolean {
  return !runner.removed && runner.session !== null && runner.job === null;
}
