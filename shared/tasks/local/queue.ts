import type {TimerClock} from '../../clock';
import {backoffMs} from '../../model/backoff';
import {answerInTime, type DispatchResult, dispatchHeaders} from './dispatch';
import {DEFAULT_QUEUE_LIMITS, DispatchRate, type QueueLimits} from './limits';
import {type QueuedTask, type QueueOptions, type QueueTask, type TaskEntry, TaskRegister} from './register';

/**
 * A queue in this process with the semantics of Cloud Tasks: named tasks, names that stay taken, delays, retries with back-off, limits of
 * rate and concurrency. At least once, unordered; tasks are lost only when the process ends.
 */
export class InProcessQueue<Payload> {
  readonly name: string;
  readonly limits: QueueLimits;
  readonly #options: QueueOptions<Payload>;
  readonly #timers: TimerClock;
  readonly #tasks: TaskRegister<Payload>;
  readonly #rate: DispatchRate;
  readonly #inFlight = new Set<Promise<void>>();
  readonly #closing = new AbortController();
  #disarm: (() => void) | undefined;
  #paused = false;

  constructor(options: QueueOptions<Payload>) {
    this.name = options.name;
    this.limits = {...DEFAULT_QUEUE_LIMITS, ...options.limits};
    this.#options = options;
    this.#timers = options.timers;
    this.#tasks = new TaskRegister(this.limits);
    this.#rate = new DispatchRate(this.limits.maxDispatchesPerSecond, this.#timers.now());
  }

  /** Creates a task. `exists`: a task of this name waits, runs, or ended less than `tombstoneMs` ago. Throws when the queue is closed. */
  create(task: QueueTask<Payload>): 'created' | 'exists' {
    if (this.#closing.signal.aborted) throw new Error(`queue ${this.name} is closed and takes no task`);
    const nowMs = this.#timers.now();
    const added = this.#tasks.add(
      {
        name: task.name,
        payload: task.payload,
        createTimeMs: nowMs,
        scheduleTimeMs: Math.max(nowMs, task.scheduleTimeMs ?? nowMs),
        attempts: 0,
        responses: 0,
        previousStatus: undefined,
        running: false,
        dispatchDeadlineMs: task.dispatchDeadlineMs ?? this.limits.dispatchDeadlineMs,
      },
      nowMs,
    );
    if (added) this.#arm();
    return added ? 'created' : 'exists';
  }

  /** Returns a task that has not ended. */
  get(name: string): QueuedTask<Payload> | undefined {
    const entry = this.#tasks.get(name);
    return entry && {...entry};
  }

  /** All tasks that have not ended, in the order of their creation. */
  pending(): QueuedTask<Payload>[] {
    return this.#tasks.all().map((entry) => ({...entry}));
  }

  /** Deletes a task. Returns false if there is none. The result of a running attempt is ignored. */
  delete(name: string): boolean {
    const entry = this.#tasks.get(name);
    if (entry) this.#tasks.addTombstone(entry, this.#timers.now());
    return entry !== undefined;
  }

  /** Dispatches a task immediately, regardless of its time, the limits and a pause. Returns false if there is none. */
  run(name: string): boolean {
    const entry = this.#tasks.get(name);
    if (entry && !entry.running) void this.#start(entry);
    return entry !== undefined;
  }

  isPaused(): boolean {
    return this.#paused;
  }

  /** Pauses the queue: tasks are accepted, but not dispatched. */
  pause(): void {
    this.#paused = true;
    this.#disarm?.();
  }

  resume(): void {
    this.#paused = false;
    this.#arm();
  }

  /** Time of the next possible dispatch. Undefined when no task waits, the queue is paused, or the limit of concurrency is reached. */
  nextAt(): number | undefined {
    const first = this.#tasks.first();
    if (!first || this.#paused || !this.#hasRoom()) return undefined;
    const nowMs = this.#timers.now();
    return Math.max(first.scheduleTimeMs, this.#rate.availableAt(nowMs));
  }

  /** Dispatches every task that is due now once, as far as the rate allows, and waits for these dispatches. Returns their number. */
  async dispatchDue(): Promise<number> {
    const nowMs = this.#timers.now();
    const due = this.#tasks.waiting().filter((entry) => entry.scheduleTimeMs <= nowMs);
    const started: Promise<void>[] = [];
    for (let entry = due[0]; entry && !this.#paused; entry = due[0]) {
      if (!this.#hasRoom()) {
        await Promise.race(this.#inFlight);
        continue;
      }
      due.shift();
      if (!this.#tasks.has(entry) || entry.running) continue;
      if (!this.#rate.take(this.#timers.now())) break;
      started.push(this.#start(entry));
    }
    await Promise.all(started);
    return started.length;
  }

  /** Dispatches until no task is due now, including tasks that the dispatched ones create. Later retries and delays stay. */
  async drain(): Promise<number> {
    let total = 0;
    for (let count = await this.dispatchDue(); count > 0; count = await this.dispatchDue()) total += count;
    await this.idle();
    return total;
  }

  /** Resolves when no dispatch is in flight. */
  async idle(): Promise<void> {
    while (this.#inFlight.size > 0) await Promise.all(this.#inFlight);
  }

  /** Closes the queue: stops dispatching, aborts running dispatches and cancels its timers. */
  async close(): Promise<void> {
    this.pause();
    this.#closing.abort(new Error(`queue ${this.name} is closed`));
    await this.idle();
  }

  #hasRoom(): boolean {
    return this.#inFlight.size < this.limits.maxConcurrentDispatches;
  }

  #arm(): void {
    if (this.#options.autoDispatch === false) return;
    this.#disarm?.();
    const nextMs = this.nextAt();
    if (nextMs !== undefined) this.#disarm = this.#timers.at(nextMs, () => this.#pump());
  }

  #pump(): void {
    const nowMs = this.#timers.now();
    for (const entry of this.#tasks.waiting()) {
      if (entry.scheduleTimeMs > nowMs || this.#paused || !this.#hasRoom() || !this.#rate.take(nowMs)) break;
      void this.#start(entry);
    }
    this.#arm();
  }

  #start(entry: TaskEntry<Payload>): Promise<void> {
    entry.running = true;
    const attempt = this.#attempt(entry).finally(() => {
      this.#inFlight.delete(attempt);
      if (!this.#closing.signal.aborted && this.#options.autoDispatch !== false && !this.#paused) this.#pump();
    });
    this.#inFlight.add(attempt);
    return attempt;
  }

  async #attempt(entry: TaskEntry<Payload>): Promise<void> {
    const {attempts: retries, responses: executions, previousStatus, scheduleTimeMs} = entry;
    const headers = dispatchHeaders(this.name, entry.name, {retries, executions, previousStatus, scheduleTimeMs});
    entry.attempts += 1;
    const {name, payload} = entry;
    const result = await answerInTime(
      (signal) => this.#options.dispatch({queue: this.name, name, payload, headers, signal}),
      {timers: this.#timers, deadlineMs: this.#timers.now() + entry.dispatchDeadlineMs, closing: this.#closing.signal},
    );
    entry.running = false;
    if (this.#tasks.has(entry)) this.#settle(entry, result);
  }

  #settle(entry: TaskEntry<Payload>, result: DispatchResult | undefined): void {
    const nowMs = this.#timers.now();
    if (result) {
      entry.responses += 1;
      entry.previousStatus = result.status;
    }
    if (result && result.status >= 200 && result.status < 300) {
      this.#tasks.addTombstone(entry, nowMs);
    } else if (
      this.limits.maxAttempts >= 0 &&
      entry.attempts >= this.limits.maxAttempts &&
      !this.#closing.signal.aborted
    ) {
      this.#tasks.addTombstone(entry, nowMs);
      this.#options.onExhausted?.({...entry});
    } else {
      const waitMs = Math.max(backoffMs(this.limits, entry.attempts), (result?.retryAfterSeconds ?? 0) * 1000);
      entry.scheduleTimeMs = nowMs + waitMs;
    }
  }
}
