import type {Clock} from '../clock';
import type {GitHub, GitHubFor} from '../github/github';
import type {Pool} from '../model/pool';
import type {RunnerDocument} from '../model/runner';
import type {Provider} from '../providers/provider';
import type {PersistentVm, VmReference} from '../providers/vm';
import type {Random} from '../random';
import type {Store} from '../store/store';
import type {Tasks} from '../tasks/tasks';
import type {Logger} from '../telemetry/logger';

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
  readonly provider: (pool: string) => Provider;
  /** A persistent VM. */
  readonly vm: (reference: VmReference) => PersistentVm;
  readonly clock: Clock;
  readonly random: Random;
  readonly logger: Logger;
}

export function poolOf(context: Pick<Context, 'pools'>, name: string): Pool | undefined {
  return context.pools.find((pool) => pool.name === name);
}

export function githubOf(context: Context, runner: Pick<RunnerDocument, 'scope' | 'installationId'>): GitHub {
  return context.github(runner.scope, runner.installationId ?? undefined);
}
