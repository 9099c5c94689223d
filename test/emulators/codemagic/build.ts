import {parseRunnerName} from '../../../shared/model/names';
import type {EmulatedMachine} from '../machines';

export type BuildStatus =
  | 'queued'
  | 'preparing'
  | 'fetching'
  | 'building'
  | 'finishing'
  | 'finished'
  | 'failed'
  | 'canceled'
  | 'timeout';

/** A build, which is a machine until it has ended. */
export interface EmulatedBuild extends EmulatedMachine {
  readonly id: string;
  /** Counts the builds of all applications. */
  readonly index: number;
  readonly app: string;
  readonly workflow: string;
  readonly branch: string;
  readonly instanceType: string | undefined;
  readonly labels: readonly string[];
  readonly variables: Readonly<Record<string, string>>;
  readonly createdAtMs: number;
  readonly finishedAtMs: number | undefined;
  readonly status: BuildStatus;
}

/** What a build is started with. */
export interface BuildStart {
  readonly app: string;
  readonly workflow: string;
  readonly branch: string;
  readonly instanceType?: string;
  readonly labels?: readonly string[];
  readonly variables?: Readonly<Record<string, string>>;
}

/** A build as the model keeps it. */
export type Kept = {-readonly [Key in keyof EmulatedBuild]: EmulatedBuild[Key]} & {
  cancelEnd?: () => void;
  /** It takes no concurrency, and nobody's time ends it. */
  isGiven: boolean;
  /** It waits for ever. */
  isStuck: boolean;
  cancelledInVain: number;
};

export const RUNNER = 'SLIPWAY_RUNNER';
export const DEPLOYMENT = 'SLIPWAY_DEPLOYMENT';
export const JIT_CONFIG = 'ACTIONS_RUNNER_INPUT_JITCONFIG';

/** A build that waits in the queue. */
export function newBuild(
  {app, workflow, branch, instanceType, labels = [], variables = {}}: BuildStart,
  {createdAtMs, index, isStuck}: Pick<Kept, 'createdAtMs' | 'index' | 'isStuck'>,
): Kept {
  // As an ObjectId, which begins with the second in which it was made.
  const id = Math.floor(createdAtMs / 1000).toString(16) + index.toString(16).padStart(16, '0');
  const name = variables[RUNNER] ?? `build-${index}`;
  return {
    ...{id, index, app, workflow, branch, instanceType, labels, variables, createdAtMs, isStuck, name},
    isGiven: false,
    cancelledInVain: 0,
    place: app,
    pool: parseRunnerName(variables[DEPLOYMENT] ?? '', name)?.pool,
    job: marked(labels, 'slipway-job'),
    isSpot: false,
    status: 'queued',
    finishedAtMs: undefined,
    startedAtMs: undefined,
    jitConfig: variables[JIT_CONFIG],
    get isRunning() {
      return this.status === 'building';
    },
  };
}

const ENDED: ReadonlySet<BuildStatus> = new Set<BuildStatus>(['finished', 'failed', 'canceled', 'timeout']);

export function hasEnded({status}: {readonly status: BuildStatus}): boolean {
  return ENDED.has(status);
}

function marked(labels: readonly string[], key: string): string | undefined {
  return labels.find((label) => label.startsWith(`${key}=`))?.slice(key.length + 1);
}
