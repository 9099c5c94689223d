import type {TimerClock} from '../../clock';
import type {Dispatcher} from './dispatch';
import type {QueueLimits} from './limits';

/** A task that has not ended. Times in milliseconds since the Unix epoch. */
export interface QueuedTask<Payload> {
  /** The id, without its queue. */
  readonly name: string;
  readonly payload: Payload;
  readonly createTimeMs: number;
  /** Time of the next attempt; for a running task, the planned time of this attempt. */
  readonly scheduleTimeMs: number;
  /** Number of dispatches, including a running one. */
  readonly attempts: number;
  /** Number of answered dispatches. */
  readonly responses: number;
  readonly previousStatus: number | undefined;
  readonly running: boolean;
  readonly dispatchDeadlineMs: number;
}

type Writable<T> = {-readonly [K in keyof T]: T[K]};

/** A task that the queue can change. */
export type TaskEntry<Payload> = Writable<QueuedTask<Payload>>;

/** The tasks of one queue, and the names of ended tasks. */
export class TaskRegister<Payload> {
  readonly #tombstoneMs: number;
  readonly #entries = new Map<string, TaskEntry<Payload>>();
  /** Name → time until which it is taken, in the order of that time: every name stays taken equally long. */
  readonly #tombstones = new Map<string, number>();

  constructor(limits: Pick<QueueLimits, 'tombstoneMs'>) {
    this.#tombstoneMs = limits.tombstoneMs;
  }

  /** Adds a task. Returns false if the name is taken. */
  add(entry: TaskEntry<Payload>, nowMs: number): boolean {
    this.#dropExpired(nowMs);
    if (this.#entries.has(entry.name) || this.#tombstones.has(entry.name)) return false;
    this.#entries.set(entry.name, entry);
    return true;
  }

  /** Removes the task. Its name stays taken for `tombstoneMs`. */
  addTombstone(entry: TaskEntry<Payload>, nowMs: number): void {
    this.#entries.delete(entry.name);
    this.#tombstones.set(entry.name, nowMs + this.#tombstoneMs);
  }

  get(name: string): TaskEntry<Payload> | undefined {
    return this.#entries.get(name);
  }

  /** Whether this very task has neither ended nor been deleted. */
  has(entry: TaskEntry<Payload>): boolean {
    return this.#entries.get(entry.name) === entry;
  }

  /** All tasks in the order of their creation. */
  all(): TaskEntry<Payload>[] {
    return [...this.#entries.values()];
  }

  /** Waiting tasks, the first due one first. */
  waiting(): TaskEntry<Payload>[] {
    return this.all()
      .filter((entry) => !entry.running)
      .sort((a, b) => a.scheduleTimeMs - b.scheduleTimeMs);
  }

  /** The waiting task that is due first. */
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
  /** Id of the queue. */
  readonly name: string;
  readonly timers: TimerClock;
  readonly dispatch: Dispatcher<Payload>;
  readonly limits?: Partial<QueueLimits>;
  /** `true` (default): tasks run when they are due. `false`: tasks run only when `dispatchDue` or `drain` is called. */
  readonly autoDispatch?: boolean;
  /** Called with each task that is deleted after its last attempt. */
  readonly onExhausted?: (task: QueuedTask<Payload>) => void;
}

export interface QueueTask<Payload> {
  readonly name: string;
  readonly payload: Payload;
  /** Default: now. */
  readonly scheduleTimeMs?: number;
  readonly dispatchDeadlineMs?: number;
}
