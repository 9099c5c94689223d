/** A part of GitHub's list of deliveries that was not read yet. GitHub lists the newest delivery first. */
export interface UnreadDeliveries {
  /** The part ends at attempts of this time, in milliseconds since the epoch. */
  readonly until: number;
  /** GitHub's cursor of the part's first delivery; null: the newest delivery. */
  readonly from: string | null;
  /** GitHub's cursor at which the next read starts; null: the newest delivery. */
  readonly cursor: string | null;
  /** Whether the part is read with GitHub's filter for failures. It is read again without: the filter omits deliveries that got no answer. */
  readonly failuresOnly: boolean;
}

/** How far a hook's deliveries were read, and whether the hook's receiver is down. Times in milliseconds since the epoch. */
export interface HookReading {
  /** The next sweep reads attempts from this time on. */
  readonly since: number;
  readonly unread: readonly UnreadDeliveries[];
  /** True when all of the newest attempts failed. */
  readonly isDown: boolean;
  /** While the receiver is down: what it answered to the newest attempt; null: nothing. */
  readonly failedWith?: number | null;
  /** Time of the latest redelivery that probed whether the receiver is still down. */
  readonly probedAt: number;
  /** Time of the first success after the receiver was down. */
  readonly recoveredAt: number;
  /** Time of the newest event of a job that arrived; missing: none is known. */
  readonly arrivedAt?: number;
}

/** For sentences: what happened to the newest attempts of a receiver that is down. `webhook` answers 401 to a wrong signature alone. */
export function failureOfDeliveries({failedWith = null}: Pick<HookReading, 'failedWith'>): string {
  const failed = 'the newest deliveries of the webhook all failed';
  if (failedWith === 401)
    return `${failed}, answered 401: the webhook’s secret at GitHub and GITHUB_WEBHOOK_SECRET differ`;
  return failedWith === null ? failed : `${failed}, answered ${failedWith}`;
}

/** `locks/deliveries`: what the sweep knows of each hook. */
export interface DeliveriesDocument {
  /** By the key of the hook. */
  readonly hooks: Readonly<Record<string, HookReading>>;
  /** Number of redeliveries that the sweep may request, and the time at which it was computed. */
  readonly allowance: {readonly calls: number; readonly at: number};
  /** Number of documents `locks/deliveries-<n>`, which hold the events that did not arrive. */
  readonly pages: number;
  readonly expireAt: number;
}

/** An event of a job that did not arrive. Times in milliseconds since the epoch. */
export interface FailedEvent {
  /** Key of the hook. */
  readonly hook: string;
  /** Id of the newest attempt that GitHub listed; a redelivery is requested by this id. */
  readonly id: number;
  readonly action: string;
  /** Time of the first attempt. */
  readonly at: number;
  /** Time of the newest attempt, whether GitHub listed it or the sweep requested it. */
  readonly last: number;
  /** Time of the newest attempt that GitHub listed. */
  readonly listed: number;
  /** Number of redeliveries requested for this event; probes do not count. */
  readonly tries: number;
  /** True when the event arrived, or was given up. */
  readonly isOver: boolean;
}

/** `locks/deliveries-<n>`: one page of the events that did not arrive. */
export interface FailedEventsDocument {
  /** By GUID. */
  readonly events: Readonly<Record<string, FailedEvent>>;
  readonly expireAt: number;
}
