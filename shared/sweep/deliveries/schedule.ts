import {MINUTE_MS} from '../../durations';
import type {DiscoveredDelivery} from '../../github/github';
import type {FailedEvent, HookReading} from '../../model/deliveries';
import {RETENTION_MS} from './failed-events';

/** Pauses before the tries of an event, since the attempt before, in milliseconds. The first try is immediate. */
const PAUSES_MS = [0, MINUTE_MS, 5 * MINUTE_MS, 30 * MINUTE_MS, 3 * 60 * MINUTE_MS] as const;
/** How long after the last try an event is given up, in milliseconds. */
const LAST_TRY_GRACE_MS = 10 * MINUTE_MS;
const PROBE_INTERVAL_MS = MINUTE_MS;
/** Tolerance for the scheduler’s minutes and for clock differences, in milliseconds. */
const TOLERANCE_MS = 5_000;
/** Deliveries within this many milliseconds count as simultaneous. */
const SIMULTANEOUS_MS = 5_000;
/** 95 % of GitHub's secondary limit: 900 points a minute, of which a redelivery costs 5. */
const REDELIVERIES_PER_MINUTE = 171;
/**
 * After this many milliseconds a queued job may be over. The event of its end is redelivered first, so that no runner is created for the
 * job.
 */
const RECENT_MS = 15 * MINUTE_MS;
/** Order of redelivery: first the events that start jobs, then those that release runners. */
const ORDER = ['recently queued', 'completed', 'queued', 'in_progress', 'waiting'];

export interface Allowance {
  /** Number of redeliveries that may be sent now. */
  readonly calls: number;
  readonly at: number;
}

export interface Redelivery {
  readonly guid: string;
  readonly event: FailedEvent;
  /** The redelivery tests whether the webhook answers. It does not count as a try of the event. */
  readonly isProbe: boolean;
}

export interface RedeliveryPlan {
  readonly send: readonly Redelivery[];
  /** Events whose tries are used up, or that GitHub no longer redelivers. */
  readonly givenUp: readonly [guid: string, event: FailedEvent][];
}

/** Adds the redeliveries that were gained since the last sweep, however often the sweep is started. */
export function redeliveryAllowance(saved: Allowance, now: number): Allowance {
  // mutation: redeliveries a minute
  return {
    calls: Math.min(REDELIVERIES_PER_MINUTE, saved.calls + ((now - saved.at) / MINUTE_MS) * REDELIVERIES_PER_MINUTE),
    at: now,
  };
}

/**
 * Updates the health of a hook by its newest attempts, given newest first. A hook is down while its latest deliveries fail and none
 * succeeded after them. An event that keeps failing while others arrive does not make its hook down. The first success makes the hook up.
 */
export function healthAfter(reading: HookReading, newest: readonly DiscoveredDelivery[]): HookReading {
  if (newest.length === 0) return reading;
  const arrived = newest.find(({ok, event}) => ok && event === 'workflow_job')?.deliveredAt;
  const arrivedAt = Math.max(reading.arrivedAt ?? 0, arrived ?? 0);
  const known = arrivedAt > 0 ? {...reading, arrivedAt} : reading;
  const success = newest.find(({ok}) => ok)?.deliveredAt;
  const isDown = newest.some(
    ({ok, redelivery, deliveredAt}) =>
      !ok && (success === undefined || (!redelivery && deliveredAt > success + SIMULTANEOUS_MS)),
  );
  const {failedWith: _, ...healthy} = known;
  if (isDown) return {...healthy, isDown, failedWith: newest[0]?.statusCode ?? null};
  return reading.isDown ? {...healthy, isDown, recoveredAt: success ?? reading.recoveredAt} : known;
}

/**
 * Decides which events are redelivered now. A hook that is down gets one event per minute as a probe. A hook that is up gets the events
 * that are due: after growing pauses, or immediately after the hook recovered. Events of hooks that are not in `readings` are not
 * redelivered.
 */
export function planRedeliveries(
  events: readonly (readonly [string, FailedEvent])[],
  readings: ReadonlyMap<string, HookReading>,
  {now, calls}: {readonly now: number; readonly calls: number},
): RedeliveryPlan {
  const due: Redelivery[] = [];
  const probes = new Map<string, Redelivery>();
  const givenUp: [string, FailedEvent][] = [];
  for (const [guid, event] of events) {
    const reading = readings.get(event.hook);
    const {at, last, tries} = event;
    if (now - at >= RETENTION_MS) givenUp.push([guid, event]);
    else if (!reading) continue;
    else if (reading.isDown) {
      // mutation: probed a moment ago
      if (now - reading.probedAt < PROBE_INTERVAL_MS - TOLERANCE_MS) continue;
      const probe = {guid, event, isProbe: true};
      const other = probes.get(event.hook);
      if (!other || isBetterProbe(probe, other, now)) probes.set(event.hook, probe);
    } else {
      // mutation: pause before next try
      const pause = PAUSES_MS[tries];
      if (pause === undefined) {
        if (now - last >= LAST_TRY_GRACE_MS) givenUp.push([guid, event]);
      } else if (last < reading.recoveredAt || now - last >= pause - (tries === 0 ? 0 : TOLERANCE_MS)) {
        due.push({guid, event, isProbe: false});
      }
    }
  }
  const rank = new Map(due.map((one) => [one, rankOf(one, now)]));
  due.sort((a, b) => (rank.get(a) ?? 0) - (rank.get(b) ?? 0) || a.event.at - b.event.at);
  // The events of a job’s start and end use different queues, and one may overtake the other.
  const hasEnds = due.some(({event}) => event.action === 'completed' && event.tries === 0);
  const ready = hasEnds ? due.filter((one) => !wasQueuedLongAgo(one, now)) : due;
  return {send: [...probes.values(), ...ready].slice(0, Math.floor(calls)), givenUp};
}

/** The event with one more redelivery recorded. */
export function tried(event: FailedEvent, {isProbe}: Pick<Redelivery, 'isProbe'>, now: number): FailedEvent {
  return {...event, last: now, tries: isProbe ? event.tries : event.tries + 1};
}

/** Prefers the event that was tried least recently: an event that fails by itself says nothing about the hook. */
function isBetterProbe(a: Redelivery, b: Redelivery, now: number): boolean {
  const [old, other] = [wasQueuedLongAgo(a, now), wasQueuedLongAgo(b, now)];
  return old === other ? a.event.last < b.event.last : other;
}

function rankOf(one: Redelivery, now: number): number {
  const {action} = one.event;
  return ORDER.indexOf(action === 'queued' && !wasQueuedLongAgo(one, now) ? 'recently queued' : action);
}

function wasQueuedLongAgo({event}: Redelivery, now: number): boolean {
  return event.action === 'queued' && now - event.at >= RECENT_MS;
}
