import type {Scheduler} from '../emulators/scheduler';

interface Entry {
  readonly timeMs: number;
  readonly order: number;
  readonly action: () => void;
  cancelled: boolean;
}

/** Entries in one turn of Node's loop. */
const STEPS_A_TURN = 100;

/**
 * Virtual time for many executions at once. Unlike `VirtualScheduler`, whoever sleeps here lets the others run: time passes only when
 * `run` takes the next entry. Deterministic: entries run by time, then in the order they were made.
 */
export class EventScheduler implements Scheduler {
  #now: number;
  #order = 0;
  /** A binary heap, the first entry in front. */
  readonly #heap: Entry[] = [];

  constructor(startMs = Date.parse('2026-11-01T00:00:00Z')) {
    this.#now = startMs;
  }

  now(): number {
    return this.#now;
  }

  at(timeMs: number, action: () => void): () => void {
    const entry = {timeMs, order: this.#order++, action, cancelled: false};
    this.#push(entry);
    return () => {
      entry.cancelled = true;
    };
  }

  sleep(ms: number): Promise<void> {
    return this.reach(this.#now + ms);
  }

  reach(timeMs: number): Promise<void> {
    return new Promise((resolve) => {
      this.at(timeMs, resolve);
    });
  }

  /**
   * Runs one entry after the other, and after each all that follows from it without time passing, until nothing is planned before
   * `untilMs` or `isOver`, asked after each step, says so.
   */
  async run(untilMs: number, isOver: () => boolean): Promise<void> {
    await quiet();
    await new Promise<void>((resolve, reject) => {
      let isDone = false;
      const end = (settle: () => void) => {
        isDone = true;
        settle();
      };
      const step = () => {
        if (isDone) return;
        try {
          if (isOver() || !this.#runNext(untilMs)) end(resolve);
        } catch (error) {
          end(() => reject(error));
        }
      };
      // Node runs what follows from an immediate before it runs the next one of the same turn, and a turn of its loop costs a call of the system.
      const turn = () => {
        for (let index = 0; index < STEPS_A_TURN; index++) setImmediate(step);
        setImmediate(() => isDone || turn());
      };
      turn();
    });
  }

  /** Whether there was an entry to run, or one that was cancelled. */
  #runNext(untilMs: number): boolean {
    const next = this.#heap[0];
    if (!next || next.timeMs > untilMs) return false;
    this.#pop();
    if (next.cancelled) return true;
    this.#now = Math.max(this.#now, next.timeMs);
    next.action();
    return true;
  }

  #push(entry: Entry): void {
    const heap = this.#heap;
    let index = heap.length;
    heap.push(entry);
    while (index > 0) {
      const parent = (index - 1) >> 1;
      const above = heap[parent] as Entry;
      if (!isBefore(entry, above)) break;
      heap[index] = above;
      index = parent;
    }
    heap[index] = entry;
  }

  #pop(): void {
    const heap = this.#heap;
    const last = heap.pop() as Entry;
    if (heap.length === 0) return;
    let index = 0;
    for (;;) {
      let child = 2 * index + 1;
      if (child >= heap.length) break;
      const right = heap[child + 1];
      if (right && isBefore(right, heap[child] as Entry)) child += 1;
      const below = heap[child] as Entry;
      if (!isBefore(below, last)) break;
      heap[index] = below;
      index = child;
    }
    heap[index] = last;
  }
}

function isBefore(a: Entry, b: Entry): boolean {
  return a.timeMs < b.timeMs || (a.timeMs === b.timeMs && a.order < b.order);
}

/** Resolves when every promise that can go on has done so: all of them do before the event loop's next turn. */
function quiet(): Promise<void> {
  return new Promise((resolve) => {
    setImmediate(resolve);
  });
}
