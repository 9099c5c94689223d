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

/** Everything that the domain functions work with. Each request has its own context, whose logger carries the request's fields. */
export interface Context {
  readonly deployment: string;
  readonly pools: readonly Pool[];
  /** Hard limit of runners over all pools that create VMs; undefined: only the limits of the pools apply. */
  readonly maxRunners?: number;
  readonly store: Store;
  readonly tasks: Tasks;
  readonly github: GitHubFor;
  /** The provider of a pool by name; also of a pool that was removed from the configuration, whose runners have to be deleted. */
  readonly provider: (pool: string) => RunnerProvider;
  /** Every provider that may have machines of this deployment. */
  readonly providers: () => readonly RunnerProvider[];
  /** The port of a persistent VM. */
  readonly vm: (reference: VmReference) => PersistentVm;
  readonly clock: Clock;
  readonly random: Random;
  readonly logger: Logger;
}

/** The configured pool of this name; undefined if there is none, or if it was removed from the configuration. */
export function poolOf(context: Pick<Context, 'pools'>, name: string): Pool | undefined {
  return context.pools.find((pool) => pool.name === name);
}

/** GitHub in the scope in which the runner is registered or will be registered. */
export function githubOf(
  context: Pick<Context, 'github'>,
  runner: Pick<RunnerDocument, 'scope' | 'installationId'>,
): GitHub {
  return context.github(runner.scope, runner.installationId ?? undefined);
}

/** The services that a function creates from its configuration alone, without a network call. `webhook` needs no others. Created once for each process. */
export interface ServicesBase<T extends FunctionName = FunctionName> {
  readonly config: ConfigFor<T>;
  readonly clock: Clock;
  readonly random: Random;
  /** Its lines carry the function's name. */
  readonly logger: Logger;
  readonly secrets: SecretReader;
  /** Creates a check of the given secrets. Create one check for all requests: it remembers when the secrets were last read afresh. */
  readonly secretCheck: (sources: readonly SecretSource[]) => SecretCheck;
  /** Creates signed tasks. With `TRACING=true` each call is a span, and the task carries the trace. */
  readonly tasks: Tasks;
  readonly tracer: Tracer;
}

/** The functions that use `Services`: all except `webhook`. */
export type ControllingFunction = Exclude<FunctionName, 'webhook'>;

/** Everything that a function works with, created once for each process. */
export interface Services<T extends ControllingFunction = ControllingFunction> extends ServicesBase<T> {
  /** With the project, and the region or zone of each pool, filled in. */
  readonly config: ConfigFor<T> & {readonly project: string};
  /** With `TRACING=true` each call of the context's ports is a span. */
  readonly context: Context;
  /** Created on the first call, because only the sweep needs it. */
  readonly discovery: () => Discovery;
}

/** What a person may ask of the control plane. `dryRun`: answers what would be done, and does nothing. */
export interface OperationOptions {
  readonly dryRun: boolean;
}
