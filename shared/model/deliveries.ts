/** A part of GitHub's list of deliveries that is yet to be read, newest first. */
export interface UnreadDeliveries {
  /** Down to attempts of this time. */
  readonly until: number;
  /** Where the part begins, and where reading goes on, as GitHub names places in its list; null: at the newest. */
  readonly from: string | null;
  readonly cursor: string | null;
  /** First the failures alone, then everything: GitHub's filter leaves out what got no answer. */
  readonly failuresOnly: boolean;
}

/** How far a hook's deliveries were read, and how it does. */
export interface HookReading {
  /** Since when attempts are looked at next. */
  readonly since: number;
  readonly unread: readonly UnreadDeliveries[];
  /** The newest attempts all failed. */
  readonly isDown: boolean;
  /** When an event was last sent to see whether it is still down. */
  readonly probedAt: number;
  /** The first success after it was down. */
  readonly recoveredAt: number;
}

/** `locks/deliveries`: what the sweep knows of each hook. */
export interface DeliveriesDocument {
  /** By the key of the hook. */
  readonly hooks: Readonly<Record<string, HookReading>>;
  /** Redeliveries that are saved up, and when. */
  readonly allowance: {readonly calls: number; readonly at: number};
  /** So many documents `locks/deliveries-<n>` hold the events that did not arrive. */
  readonly pages: number;
  readonly expireAt: number;
}

/** An event of a job that did not arrive. Times in milliseconds since the epoch. */
export interface FailedEvent {
  /** Key of the hook. */
  readonly hook: string;
  /** Of the newest attempt that was listed, by which it is asked for again. */
  readonly id: number;
  readonly action: string;
  /** The first attempt. */
  readonly at: number;
  /** The newest attempt, made or asked for. */
  readonly last: number;
  /** The newest attempt that was listed. */
  readonly listed: number;
  /** How often it was asked for again; probes are none. */
  readonly tries: number;
  /** It arrived, or was given up. */
  readonly isOver: boolean;
}

/** `locks/deliveries-<n>` */
export interface FailedEventsDocument {
  /** By GUID. */
  readonly events: Readonly<Record<string, FailedEvent>>;
  readonly expireAt: number;
}
