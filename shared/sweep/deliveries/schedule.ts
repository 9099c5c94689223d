import type {DiscoveredDelivery} from '../../github/github';
import type {FailedEvent, HookReading} from '../../model/deliveries';
import {RETENTION_MS} from './failed-events';

const MINUTE_MS = 60_000;
/** Before each try, since the attempt before it: the first is made as soon as it is seen that the event did not arrive. */
const PAUSES_MS = [0, MINUTE_MS, 5 * MINUTE_MS, 30 * MINUTE_MS, 3 * 60 * MINUTE_MS] as const;
/** An event that has not arrived this long after its last try is given up. */
const LAST_TRY_GRACE_MS = 10 * MINUTE_MS;
const PROBE_INTERVAL_MS = MINUTE_MS;
/** The scheduler's minutes are not all of one length, and neither are our clocks. */
const TOLERANCE_MS = 5_000;
/** Deliveries this close to each other count as simultaneous. */
const SIMULTANEOUS_MS = 5_000;
/** 95 % of what GitHub's secondary limit lets us send: 900 points a minute, of which a redelivery is 5. */
const REDELIVERIES_PER_MINUTE = 171;
/** A job that was queued longer ago may be over: the event that says so is sent first, so that no runner is created for the job. */
const RECENT_MS = 15 * MINUTE_MS;
/** What gets jobs going, then what gives runners back. */
const ORDER = ['recently queued', 'completed', 'queued', 'in_progress', 'waiting'];

export interface Allowance {
  /** Redeliveries that are saved up. */
  readonly calls: number;
  readonly at: number;
}

export interface Redelivery {
  readonly guid: string;
  readonly event: FailedEvent;
  /** To see whether the webhook answers again: no try of this event. */
  readonly isProbe: boolean;
}

export interface RedeliveryPlan {
  readonly send: readonly Redelivery[];
  /** Events whose tries are used up, or which GitHub does not deliver again any more. */
  readonly givenUp: readonly [guid: string, event: FailedEvent][];
}

/** Redeliveries that may be sent by now, whatever the rate at which the sweep is started. */
export function redeliveryAllowance(saved: Allowance, now: number): Allowance {
  // mutation: redeliveries a minute
  return {
    calls: Math.min(REDELIVERIES_PER_MINUTE, saved.calls + ((now - saved.at) / MINUTE_MS) * REDELIVERIES_PER_MINUTE),
    at: now,
  };
}

/**
 * How a hook does after a look at its newest attempts, newest first. It is down while what was delivered last fails, and nothing succeeded
 * since; an event that goes on failing while others arrive does not make it so. It is up from the first success on.
 */
export function healthAfter(reading: HookReading, newest: readonly DiscoveredDelivery[]): HookReading {
  if (newest.length === 0) return reading;
  const success = newest.find(({ok}) => ok)?.deliveredAt;
  const isDown = newest.some(
    ({ok, redelivery, deliveredAt}) =>
      !ok && (success === undefined || (!redelivery && deliveredAt > success + SIMULTANEOUS_MS)),
  );
  if (isDown === reading.isDown) return reading;
  return {...reading, isDown, ...(isDown ? {} : {recoveredAt: success ?? reading.recoveredAt})};
}

/**
 * What is delivered again now. Of a hook that is down one event a minute, as a probe; else what is due: by growing pauses, or at once
 * after the hook came up again. Hooks that could not be looked at are left out of `readings`, and nothing of theirs is sent.
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
  // Both events pass through different queues, and one may overtake the other.
  const hasEnds = due.some(({event}) => event.action === 'completed' && event.tries === 0);
  const ready = hasEnds ? due.filter((one) => !wasQueuedLongAgo(one, now)) : due;
  return {send: [...probes.values(), ...ready].slice(0, Math.floor(calls)), givenUp};
}

/** The event after one more redelivery was requested. */
export function tried(event: FailedEvent, {isProbe}: Pick<Redelivery, 'isProbe'>, now: number): FailedEvent {
  return {...event, last: now, tries: isProbe ? event.tries : event.tries + 1};
}

/** The one that was not tried for longest: an event that fails by its own fault says nothing about the hook. */
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
