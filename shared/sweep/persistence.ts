/** Two looks at a thing that is wrong are believed when they are this far apart: lists lag behind, and webhooks are under way. */
export const TWICE_MS = 2 * 60_000;
/** A thing that could not be looked at again is forgotten after this long. */
const KEPT_MS = 24 * 3600_000;
/** Of the document that they are kept in: some 2,000 VMs, or 600 registrations with names as long as GitHub allows. */
const MOST_BYTES = 128 * 1024;

/** What was seen to be wrong, and since when. A thing that is right again in between begins anew. */
export class PersistenceTracker {
  readonly #before: Readonly<Record<string, number>>;
  readonly #now: number;
  readonly #next = new Map<string, number>();

  constructor(before: Readonly<Record<string, number>>, now: number) {
    this.#before = before;
    this.#now = now;
  }

  /** Notes it; returns for how many milliseconds it has been seen. */
  observe(key: string): number {
    const first = this.#before[key] ?? this.#now;
    this.#next.set(key, first);
    return this.#now - first;
  }

  /** Whether it was seen before, long enough ago. */
  hasPersisted(key: string): boolean {
    return this.observe(key) >= TWICE_MS;
  }

  /** Keeps what begins like this, because it could not be looked at. */
  carryOver(prefix: string): void {
    for (const [key, first] of Object.entries(this.#before)) {
      if (key.startsWith(prefix) && this.#now - first < KEPT_MS && !this.#next.has(key)) this.#next.set(key, first);
    }
  }

  /** For the next sweep; the oldest, when there are too many. */
  toJSON(): Record<string, number> {
    const sorted = [...this.#next].sort(([, a], [, b]) => a - b);
    let bytes = 0;
    return Object.fromEntries(
      sorted.filter(([key]) => {
        bytes += Buffer.byteLength(key) + 18;
        return bytes <= MOST_BYTES;
      }),
    );
  }
}
