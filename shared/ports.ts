import type {Clock} from './clock';
import type {ConfigFor, FunctionName} from './config/config-types';
import type {SecretSource} from './config/credentials';
import type {SecretCheck} from './config/secret-check';
import type {AddVersion} from './config/secret-manager';
import type {SecretReader} from './config/secrets';
import type {InvalidConfiguration} from './errors';
import type {Discovery, GitHub, GitHubFor, Inspection} from './github/github';
import type {AppMaker} from './github/manifest';
import type {Logger} from './logger';
import type {Host} from './model/host';
import type {JobDocument} from './model/job';
import type {Pool} from './model/pool';
import {isOver, type RunnerDocument} from './model/runner';
import type {PersistentVm, VmReference} from './providers/persistent-vm';
import type {NamedProvider, RunnerProvider} from './providers/provider';
import type {Random} from './random';
import type {Store, Transaction} from './store/store';
import type {Tasks} from './tasks/tasks';
import type {Tracer} from './telemetry/tracer';

/** The ports that the core works with: everything with a side effect. One for each request, because the logger carries the request's fields. */
export interface Context {
  readonly deployment: string;
  readonly pools: readonly Pool[];
  /** The Docker hosts that are configured. */
  readonly hosts: readonly Host[];
  /** Hard limit of runners over all ephemeral pools; undefined: only the limits of the pools apply. */
  readonly maxRunners?: number;
  readonly store: Store;
  readonly tasks: Tasks;
  readonly github: GitHubFor;
  /**
   * The provider of a pool by name, or of the type that a record names: the pool may have another provider by now, or may have been removed.
   *
   * @throws Refused for a pool that gets no machine for each job, and for a type that this version does not have.
   */
  readonly provider: (pool: string, type?: string) => RunnerProvider;
  /** Every provider that may have machines of this deployment: those of its pools, and of the types that live records name. */
  readonly providers: (types: Iterable<string>) => readonly NamedProvider[];
  /** The port of a persistent VM. */
  readonly vm: (reference: VmReference) => PersistentVm;
  readonly clock: Clock;
  readonly random: Random;
  readonly logger: Logger;
}

/** The pool of this name; undefined: the configuration has none, or not any more. */
export function poolOf(context: Pick<Context, 'pools'>, name: string): Pool | undefined {
  return context.pools.find((pool) => pool.name === name);
}

/** GitHub's API in the scope of the runner. */
export function githubOf(
  context: Pick<Context, 'github'>,
  runner: Pick<RunnerDocument, 'scope' | 'installationId'>,
): GitHub {
  return context.github(runner.scope, runner.installationId ?? undefined);
}

/** What a function creates from its configuration alone, without a call. `webhook` uses nothing else. Created once per process. */
export interface ServicesBase<T extends FunctionName = FunctionName> {
  readonly config: ConfigFor<T>;
  /** What is wrong with the configuration, of `api` alone: `config` then lacks what could not be read. Undefined: nothing. */
  readonly invalid: InvalidConfiguration | undefined;
  readonly clock: Clock;
  readonly random: Random;
  /** Its lines contain the function's name. */
  readonly logger: Logger;
  readonly secrets: SecretReader;
  /** Creates a check of a value against secrets. Create one for all requests, because it remembers when the secrets were last read. */
  readonly secretCheck: (sources: readonly SecretSource[]) => SecretCheck;
  /** Signs each task. With `TRACING=true` each call is a span, and the task carries the trace context. */
  readonly tasks: Tasks;
  readonly tracer: Tracer;
  /** Makes a value the newest version of a secret; only the set-up page of `api` calls it. */
  readonly addVersion: AddVersion;
}

/** Every function except `webhook`, which uses only `ServicesBase`. */
export type ControllingFunction = Exclude<FunctionName, 'webhook'>;

/** All ports and clients of a function. Created once per process. */
export interface Services<T extends ControllingFunction = ControllingFunction> extends ServicesBase<T> {
  /** The configuration with the project, and the region or zone of each pool, filled in. */
  readonly config: ConfigFor<T> & {readonly project: string};
  /** Whether the project, and the place of each pool, are known. Of `api` alone they need not be: then there are no pools, and `invalid` says what is missing. */
  readonly isPlaced: boolean;
  /** With `TRACING=true` each call of the context's ports is a span. */
  readonly context: Context;
  /** `context` for a request that asks for a dry run: it changes nothing at GitHub, and notes no limit of an App. */
  readonly whileDry: Context;
  /** Created by the first call; only the sweep calls it. */
  readonly discovery: () => Discovery;
  /** As `discovery`; only the doctor calls it. */
  readonly inspection: () => Inspection;
  /** Of the Apps in `GITHUB_APPS`, in their order. */
  readonly moreInspections: () => readonly Inspection[];
  /** Only the set-up page of `api` calls it. */
  readonly appMaker: () => AppMaker;
}

/** Options of every operation that a person requests. `dryRun`: only answers what would be done. */
export interface OperationOptions {
  readonly dryRun: boolean;
}

/** Whether no runner on record under the name of the job's runner is alive. */
export async function isRunnerGone(
  reader: Pick<Transaction, 'get'>,
  {runner}: Pick<JobDocument, 'runner'>,
): Promise<boolean> {
  const document = runner === null ? undefined : await reader.get('runners', runner);
  return !document || isOver(document);
}
