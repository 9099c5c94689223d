/** A fault is acted on when it was observed twice, this far apart: lists lag behind, and webhooks are under way. */
export const PERSISTED_MS = 2 * 60_000;
/** A fault that could not be checked again is forgotten after this long. */
const RETENTION_MS = 24 * 3600_000;
/** Size of the stored faults: about 2,000 VMs, or 600 registrations with names as long as GitHub allows. */
const MAX_BYTES = 128 * 1024;

/** Remembers from sweep to sweep since when each fault persists. A fault that one sweep does not observe begins anew. */
export class PersistenceTracker {
  readonly #before: Readonly<Record<string, number>>;
  readonly #now: number;
  readonly #next = new Map<string, number>();

  constructor(before: Readonly<Record<string, number>>, now: number) {
    this.#before = before;
    this.#now = now;
  }

  /** Records that the fault is there now; returns for how many milliseconds it has persisted. */
  observe(key: string): number {
    const first = this.#before[key] ?? this.#now;
    this.#next.set(key, first);
    return this.#now - first;
  }

  /** Records that the fault is there now; returns whether it has persisted for `TWICE_MS`. */
  hasPersisted(key: string): boolean {
    return this.observe(key) >= PERSISTED_MS;
  }

  /** Keeps the faults whose keys begin with `prefix`, because this sweep could not check them. */
  carryOver(prefix: string): void {
    for (const [key, first] of Object.entries(this.#before)) {
      if (key.startsWith(prefix) && this.#now - first < RETENTION_MS && !this.#next.has(key))
        this.#next.set(key, first);
    }
  }

  /** The faults to store for the next sweep; the oldest, when there are too many. */
  toJSON(): Record<string, number> {
    const sorted = [...this.#next].sort(([, a], [, b]) => a - b);
    let bytes = 0;
    return Object.fromEntries(
      sorted.filter(([key]) => {
        bytes += Buffer.byteLength(key) + 18;
        return bytes <= MAX_BYTES;
      }),
    );
  }
}
