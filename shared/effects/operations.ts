import type {RunnerDocument} from '../model/runner';
import type {RunnerScope} from '../model/scope';

/** What a person may ask of the control plane. `dryRun`: answers what would be done, and does nothing. */
export interface OperationOptions {
  readonly dryRun: boolean;
}

/** `operation`: Compute Engine's name of the operation; null in a dry run. */
export type StartResult =
  | {readonly status: 'starting'; readonly operation: string | null}
  | {readonly status: 'already_running' | 'stopping'};

export type StopResult =
  | {readonly status: 'stopping'; readonly operation: string | null}
  | {readonly status: 'already_stopped' | 'busy'};

/** Runners without a job, made because somebody asked for them. */
export interface RunnersRequest {
  /** Name of a pool of type `gce`. */
  readonly pool: string;
  readonly scope: RunnerScope;
  /** Beside those that the pool registers such a runner with anyway. */
  readonly labels: readonly string[];
  readonly count: number;
  /** The same key gives the same runners. */
  readonly key: string;
}

export interface RequestedRunners {
  readonly runners: readonly Pick<RunnerDocument, 'name' | 'pool' | 'state'>[];
}

/** `draining`: it is on its way out. `busy`: it runs a job, and `force` was not set. `gone`: it was over already. */
export type RemoveResult = {readonly status: 'draining' | 'busy' | 'gone'};

/** The dead letter's work is in its queue again, as the task of that name. */
export type RetryResult = {readonly status: 'enqueued'; readonly task: string};
