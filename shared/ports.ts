import type {Clock} from './clock';
import type {ConfigFor, FunctionName} from './config/config-types';
import type {SecretSource} from './config/credentials';
import type {SecretCheck} from './config/secret-check';
import type {SecretReader} from './config/secrets';
import type {Discovery, GitHub, GitHubFor} from './github/github';
import type {Logger} from './logger';
import type {Pool} from './model/pool';
import type {RunnerDocument} from './model/runner';
import type {PersistentVm, RunnerProvider, VmReference} from './providers/provider';
import type {Random} from './random';
import type {Store} from './store/store';
import type {Tasks} from './tasks/tasks';
import type {Tracer} from './telemetry/tracer';

/** Everything with a side effect, passed in. One for each request: the logger carries the request's fields. */
export interface Context {
  readonly deployment: string;
  readonly pools: readonly Pool[];
  /** Hard limit over all pools that make VMs; undefined: none but the pools' own. */
  readonly maxRunners?: number;
  readonly store: Store;
  readonly tasks: Tasks;
  readonly github: GitHubFor;
  /** The provider of a pool by name; also for a pool that is not configured any more, whose runners have to go. */
  readonly provider: (pool: string) => RunnerProvider;
  /** Every provider that may have machines of this deployment. */
  readonly providers: () => readonly RunnerProvider[];
  /** A persistent VM. */
  readonly vm: (reference: VmReference) => PersistentVm;
  readonly clock: Clock;
  readonly random: Random;
  readonly logger: Logger;
}

/** The configured pool of this name; undefined: there is none, or not any more. */
export function poolOf(context: Pick<Context, 'pools'>, name: string): Pool | undefined {
  return context.pools.find((pool) => pool.name === name);
}

/** GitHub in the scope in which the runner is registered, or is to be. */
export function githubOf(
  context: Pick<Context, 'github'>,
  runner: Pick<RunnerDocument, 'scope' | 'installationId'>,
): GitHub {
  return context.github(runner.scope, runner.installationId ?? undefined);
}

/** What a function makes of its configuration alone, without asking anybody: all that `webhook` works with. Made once a process. */
export interface ServicesBase<T extends FunctionName = FunctionName> {
  readonly config: ConfigFor<T>;
  readonly clock: Clock;
  readonly random: Random;
  /** Its lines carry the function's name. */
  readonly logger: Logger;
  readonly secrets: SecretReader;
  /** Whether one of the secrets fits. Make one for all requests: it remembers when the secrets were last read afresh. */
  readonly secretCheck: (sources: readonly SecretSource[]) => SecretCheck;
  /** Signs each task. With `TRACING=true` each call is a span, and the task carries the trace. */
  readonly tasks: Tasks;
  readonly tracer: Tracer;
}

/** Every function but `webhook`, which works with less. */
export type ControllingFunction = Exclude<FunctionName, 'webhook'>;

/** Everything that a function works with, made once a process. */
export interface Services<T extends ControllingFunction = ControllingFunction> extends ServicesBase<T> {
  /** Every place is filled in: the project, and the region or zone of each pool. */
  readonly config: ConfigFor<T> & {readonly project: string};
  /** With `TRACING=true` each call of its ports is a span. */
  readonly context: Context;
  /** Made on the first call: only the sweep asks. */
  readonly discovery: () => Discovery;
}

/** What a person may ask of the control plane. `dryRun`: answers what would be done, and does nothing. */
export interface OperationOptions {
  readonly dryRun: boolean;
}
