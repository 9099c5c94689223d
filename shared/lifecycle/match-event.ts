import type {Config} from '../config/config';
import {isPersistent, type Pool} from '../config/pool';
import type {JobEvent} from './job-event';
import {type IgnoreReason, matchJob, takesRepository} from './matching';
import {parseRunnerName} from './naming';

/** What a webhook may be, once parsed. */
export type Trigger =
  | {readonly kind: 'other'; readonly reason: 'event' | 'action' | 'labels'; readonly detail: string}
  | {readonly kind: 'job'; readonly event: Omit<JobEvent, 'pool' | 'delivery'>; readonly isPublic: boolean};

export type EventMatch =
  | {readonly kind: 'accepted'; readonly event: Omit<JobEvent, 'delivery'>}
  | {readonly kind: 'ignored'; readonly reason: IgnoreReason | 'event' | 'action' | 'labels'; readonly detail: string};

/**
 * Whether an event concerns this deployment, and which pool. An event that names one of our runners always does: a runner may take
 * a job that no pool matches, and pools change while VMs live; not hearing of its end would leave the VM behind.
 */
export function matchEvent(trigger: Trigger, config: Pick<Config, 'deployment' | 'pools'>): EventMatch {
  if (trigger.kind === 'other') return {kind: 'ignored', reason: trigger.reason, detail: trigger.detail};
  const {event, isPublic} = trigger;
  const match = matchJob({repository: event.repository, isPublic, labels: event.labels}, config.pools);
  if (match.kind === 'matched') return {kind: 'accepted', event: {...event, pool: match.pool.name}};

  const ours = event.runnerName ? parseRunnerName(config.deployment, event.runnerName) : undefined;
  if (ours) return {kind: 'accepted', event: {...event, pool: ours.pool}};
  const host = event.runnerName ? persistentPool(event.runnerName, event.repository, config.pools) : undefined;
  if (host) return {kind: 'accepted', event: {...event, pool: host.name}};
  return match;
}

/** The pool whose persistent VM runs the job, although no pool matches it. */
function persistentPool(runnerName: string, repository: string, pools: readonly Pool[]): Pool | undefined {
  return pools.find(
    (pool) =>
      isPersistent(pool) &&
      (pool.provider.runnerName ?? pool.provider.instance).toLowerCase() === runnerName.toLowerCase() &&
      takesRepository(pool, repository),
  );
}
