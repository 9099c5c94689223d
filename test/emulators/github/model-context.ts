import type {Random} from '../../../shared/random';
import type {Scheduler} from '../scheduler';
import type {Identifiers} from './identifiers';
import type {Job} from './job';
import type {Latencies} from './latencies';
import type {Registration} from './registration';

/** What the parts of the model stand on. */
export interface ModelContext {
  readonly scheduler: Scheduler;
  readonly random: Random;
  readonly latencies: Latencies;
  readonly ids: Identifiers;
  readonly announce: (event: WorldEvent) => void;
}

export type RunnerChange = 'registered' | 'online' | 'offline' | 'busy' | 'idle' | 'removed' | 'relabelled';

/** What happened at GitHub, for whoever watches: the display of `npm start`, the checks of the simulation. */
export type WorldEvent =
  | {readonly kind: 'job'; readonly action: Job['status']; readonly job: Readonly<Job>}
  | {readonly kind: 'runner'; readonly change: RunnerChange; readonly runner: Readonly<Registration>};
