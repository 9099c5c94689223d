import type {TimerClock} from '../../clock';
import type {Dispatcher} from './dispatch';
import type {QueueLimits} from './limits';

/** A task that is not done yet. Times in milliseconds since the Unix epoch. */
export interface QueuedTask<Payload> {
  /** The id, without its queue. */
  readonly name: string;
  readonly payload: Payload;
  readonly createTimeMs: number;
  /** When the next attempt is due; for a running task, when this one was. */
  readonly scheduleTimeMs: number;
  /** Dispatches so far, a running one included. */
  readonly attempts: number;
  /** Dispatches that were answered. */
  readonly responses: number;
  readonly previousStatus: number | undefined;
  readonly running: boolean;
  readonly dispatchDeadlineMs: number;
}

type Writable<T> = {-readonly [K in keyof T]: T[K]};

/** A task as the queue changes it. */
export type TaskEntry<Payload> = Writable<QueuedTask<Payload>>;

/** The tasks of one queue, and the names of those that are gone. */
export class TaskRegister<Payload> {
  readonly #tombstoneMs: number;
  readonly #entries = new Map<string, TaskEntry<Payload>>();
  /** Name → until when it is taken. In the order of that time: each lives equally long. */
  readonly #tombstones = new Map<string, number>();

  constructor(limits: Pick<QueueLimits, 'tombstoneMs'>) {
    this.#tombstoneMs = limits.tombstoneMs;
  }

  /** False when the name is taken. */
  add(entry: TaskEntry<Payload>, nowMs: number): boolean {
    this.#dropExpired(nowMs);
    if (this.#entries.has(entry.name) || this.#tombstones.has(entry.name)) return false;
    this.#entries.set(entry.name, entry);
    return true;
  }

  /** The task is gone; its name stays taken for a while. */
  addTombstone(entry: TaskEntry<Payload>, nowMs: number): void {
    this.#entries.delete(entry.name);
    this.#tombstones.set(entry.name, nowMs + this.#tombstoneMs);
  }

  get(name: string): TaskEntry<Payload> | undefined {
    return this.#entries.get(name);
  }

  /** Is it still this very task, neither done nor deleted? */
  has(entry: TaskEntry<Payload>): boolean {
    return this.#entries.get(entry.name) === entry;
  }

  /** In the order they were created. */
  all(): TaskEntry<Payload>[] {
    return [...this.#entries.values()];
  }

  /** Those that wait, the one that is due first in front. */
  waiting(): TaskEntry<Payload>[] {
    return this.all()
      .filter((entry) => !entry.running)
      .sort((a, b) => a.scheduleTimeMs - b.scheduleTimeMs);
  }

  /** The one of `waiting` that is due first. */
  first(): TaskEntry<Payload> | undefined {
    let first: TaskEntry<Payload> | undefined;
    for (const entry of this.#entries.values()) {
      if (!entry.running && (!first || entry.scheduleTimeMs < first.scheduleTimeMs)) first = entry;
    }
    return first;
  }

  #dropExpired(nowMs: number): void {
    for (const [name, untilMs] of this.#tombstones) {
      if (untilMs > nowMs) return;
      this.#tombstones.delete(name);
    }
  }
}

export interface QueueOptions<Payload> {
  /** The queue's id. */
  readonly name: string;
  readonly timers: TimerClock;
  readonly dispatch: Dispatcher<Payload>;
  readonly limits?: Partial<QueueLimits>;
  /** `true` (default): tasks run when they are due. `false`: when `dispatchDue` or `drain` is called. */
  readonly autoDispatch?: boolean;
  /** Hears of each task that is deleted after its last attempt. */
  readonly onExhausted?: (task: QueuedTask<Payload>) => void;
}

export interface QueueTask<Payload> {
  readonly name: string;
  readonly payload: Payload;
  /** Default: now. */
  readonly scheduleTimeMs?: number;
  readonly dispatchDeadlineMs?: number;
}
