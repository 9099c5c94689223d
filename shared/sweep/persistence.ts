import {DAY_MS, MINUTE_MS} from '../durations';
/** A sighting persists when two sweeps at least this many milliseconds apart saw it: lists lag behind, and webhooks may be on their way. */
export const PERSISTED_MS = 2 * MINUTE_MS;
/** How long a sighting that cannot be checked again is kept, in milliseconds. */
const RETENTION_MS = DAY_MS;
/** Maximum size of the stored sightings: about 2,000 VMs, or 600 registrations with the longest names. */
const MAX_BYTES = 128 * 1024;

/** Stores from sweep to sweep since when each sighting persists. A sighting that one sweep does not observe starts from zero. */
export class PersistenceTracker {
  readonly #before: Readonly<Record<string, number>>;
  readonly #now: number;
  readonly #next = new Map<string, number>();

  constructor(before: Readonly<Record<string, number>>, now: number) {
    this.#before = before;
    this.#now = now;
  }

  /** Records the sighting. Returns for how many milliseconds it has persisted. */
  observe(key: string): number {
    const first = this.#before[key] ?? this.#now;
    this.#next.set(key, first);
    return this.#now - first;
  }

  /** Records the sighting. Returns whether it has persisted for `PERSISTED_MS`. */
  hasPersisted(key: string): boolean {
    return this.observe(key) >= PERSISTED_MS;
  }

  /**
   * Keeps the sightings whose keys begin with `prefix`, because this sweep could not check them.
   *
   * @param checked keys that this sweep did check: without a new sighting they start again.
   */
  carryOver(prefix: string, checked: ReadonlySet<string> = new Set()): void {
    for (const [key, first] of Object.entries(this.#before)) {
      if (key.startsWith(prefix) && !checked.has(key) && this.#now - first < RETENTION_MS && !this.#next.has(key))
        this.#next.set(key, first);
    }
  }

  /** The sightings to store for the next sweep; the oldest ones if there are too many. */
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
