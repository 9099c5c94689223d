import type {Clock} from './clock';

export interface CacheOptions {
  /** Beyond that the entry that was made first is dropped. Default: no limit, for keys that the configuration bounds. */
  readonly maxEntries?: number;
}

interface Entry<V> {
  readonly value: V;
  /** From then on the value is not returned as a current one. */
  readonly untilMs: number;
}

/**
 * Values in the memory of a process that are current until a time. Neither a failed read nor `undefined` is ever kept: what is missing may
 * be made at any moment. A value whose time is over stays as `former` until it is replaced or dropped.
 */
export class TtlCache<V> {
  readonly #clock: Pick<Clock, 'now'>;
  readonly #maxEntries: number;
  readonly #entries = new Map<string, Entry<V>>();
  readonly #reads = new Map<string, Promise<V>>();

  constructor(clock: Pick<Clock, 'now'>, {maxEntries = Number.POSITIVE_INFINITY}: CacheOptions = {}) {
    this.#clock = clock;
    this.#maxEntries = maxEntries;
  }

  /** The current value. */
  get(key: string): V | undefined {
    return this.#current(key)?.value;
  }

  /** The last value, current or not: what to go on with when a new one cannot be read. */
  former(key: string): V | undefined {
    return this.#entries.get(key)?.value;
  }

  /** @param untilMs in milliseconds since the Unix epoch. */
  set(key: string, value: V, untilMs: number): void {
    // The order of a Map is that of the first insertion of a key.
    this.#entries.delete(key);
    this.#entries.set(key, {value, untilMs});
    if (this.#entries.size <= this.#maxEntries) return;
    const [oldest] = this.#entries.keys();
    if (oldest !== undefined) this.#entries.delete(oldest);
  }

  /** Drops the value; a read under way is neither kept nor shared with later callers. */
  delete(key: string): void {
    this.#entries.delete(key);
    this.#reads.delete(key);
  }

  /** As `delete`, but the value stays as `former`. */
  expire(key: string): void {
    const entry = this.#entries.get(key);
    if (entry) this.#entries.set(key, {value: entry.value, untilMs: Number.NEGATIVE_INFINITY});
    this.#reads.delete(key);
  }

  /**
   * The current value, else what `read` returns; callers at the same time share one read. Throws what `read` throws.
   *
   * @param keep milliseconds from the start of the read, or a function that returns until when the value is current.
   */
  async load(key: string, read: () => Promise<V>, keep: number | ((value: V) => number)): Promise<V> {
    const entry = this.#current(key);
    return entry ? entry.value : this.reload(key, read, keep);
  }

  /** As `load`, but reads also when there is a current value, which stays for other callers until the read has succeeded. */
  async reload(key: string, read: () => Promise<V>, keep: number | ((value: V) => number)): Promise<V> {
    const shared = this.#reads.get(key);
    if (shared) return shared;
    const startedMs = this.#clock.now();
    const reading = read();
    this.#reads.set(key, reading);
    const isLatest = () => this.#reads.get(key) === reading;
    try {
      const value = await reading;
      const untilMs = typeof keep === 'number' ? startedMs + keep : keep(value);
      if (value !== undefined && isLatest()) this.set(key, value, untilMs);
      return value;
    } finally {
      if (isLatest()) this.#reads.delete(key);
    }
  }

  /** A cache with the same values; what is set in one is not seen in the other. */
  copy(): TtlCache<V> {
    const copy = new TtlCache<V>(this.#clock, {maxEntries: this.#maxEntries});
    for (const [key, entry] of this.#entries) copy.#entries.set(key, entry);
    return copy;
  }

  #current(key: string): Entry<V> | undefined {
    const entry = this.#entries.get(key);
    return entry && this.#clock.now() < entry.untilMs ? entry : undefined;
  }
}
