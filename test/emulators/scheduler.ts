import type {Clock} from '../../shared/clock';

/** A clock on which the world's models put what happens later. */
export interface Scheduler extends Clock {
  /** Runs `action` at `timeMs` (at once on the next turn when that is past). Returns what takes it back. */
  at(timeMs: number, action: () => void): () => void;
  /**
   * Resolves when `timeMs` is reached. On the virtual clock a waiting server request is what makes time pass: the clock
   * jumps to `timeMs`, running all that lies before it in order.
   */
  reach(timeMs: number): Promise<void>;
}

interface Entry {
  readonly timeMs: number;
  readonly order: number;
  readonly action: () => void;
}

/** Time stands still until somebody advances it. Deterministic: entries run by time, then in the order they were made. */
export class VirtualScheduler implements Scheduler {
  #now: number;
  #order = 0;
  #entries: Entry[] = [];

  constructor(startMs = Date.parse('2026-11-01T00:00:00Z')) {
    this.#now = startMs;
  }

  now(): number {
    return this.#now;
  }

  at(timeMs: number, action: () => void): () => void {
    const entry = {timeMs, order: this.#order++, action};
    this.#entries.push(entry);
    return () => {
      this.#entries = this.#entries.filter((other) => other !== entry);
    };
  }

  /** Sleeping code makes time pass, as `reach` does. */
  sleep(ms: number): Promise<void> {
    return this.reach(this.#now + ms);
  }

  async reach(timeMs: number): Promise<void> {
    this.advanceTo(timeMs);
  }

  /** Runs everything due up to `timeMs`, then stands there. */
  advanceTo(timeMs: number): void {
    for (let next = this.#due(timeMs); next; next = this.#due(timeMs)) {
      this.#entries = this.#entries.filter((other) => other !== next);
      this.#now = Math.max(this.#now, next.timeMs);
      next.action();
    }
    this.#now = Math.max(this.#now, timeMs);
  }

  advance(ms: number): void {
    this.advanceTo(this.#now + ms);
  }

  /** When the next entry is due; undefined when nothing is planned. */
  nextAt(): number | undefined {
    return this.#due(Number.POSITIVE_INFINITY)?.timeMs;
  }

  #due(timeMs: number): Entry | undefined {
    let first: Entry | undefined;
    for (const entry of this.#entries) {
      if (entry.timeMs > timeMs) continue;
      if (!first || entry.timeMs < first.timeMs || (entry.timeMs === first.timeMs && entry.order < first.order)) {
        first = entry;
      }
    }
    return first;
  }
}

/**
 * Time that passes by itself, `speed` times as fast as real time, for `npm start`. `close` takes back all that is planned, so that the
 * process can end.
 */
export class RealScheduler implements Scheduler {
  readonly #timers = new Set<NodeJS.Timeout>();
  readonly #startMs = Date.now();

  constructor(private readonly speed = 1) {}

  now(): number {
    return Math.round(this.#startMs + (Date.now() - this.#startMs) * this.speed);
  }

  at(timeMs: number, action: () => void): () => void {
    const timer = setTimeout(
      () => {
        this.#timers.delete(timer);
        action();
      },
      Math.max(0, timeMs - this.now()) / this.speed,
    );
    this.#timers.add(timer);
    return () => {
      clearTimeout(timer);
      this.#timers.delete(timer);
    };
  }

  sleep(ms: number): Promise<void> {
    return this.reach(this.now() + ms);
  }

  reach(timeMs: number): Promise<void> {
    return new Promise((resolve) => {
      this.at(timeMs, resolve);
    });
  }

  close(): void {
    for (const timer of this.#timers) clearTimeout(timer);
    this.#timers.clear();
  }
}
