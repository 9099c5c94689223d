import type {Clock} from './clock';

export interface CacheOptions {
  /** When exceeded, the oldest entry is dropped. Default: no limit, for keys whose number the configuration limits. */
  readonly maxEntries?: number;
}

/** For so long callers share a read. One that never ends, such as that of an execution that died, then holds up nobody else. */
const SHARED_MS = 30_000;

interface Read<V> {
  readonly promise: Promise<V>;
  readonly startedMs: number;
}

interface Entry<V> {
  readonly value: V;
  /** When the value ceases to be current, in milliseconds since the Unix epoch. */
  readonly untilMs: number;
}

/**
 * Values in the memory of a process, each current until a certain time. Neither a failed read nor `undefined` is kept, because a missing thing
 * may be created at any moment. An expired value stays available through `former` until it is replaced or dropped.
 */
export class TtlCache<V> {
  readonly #clock: Pick<Clock, 'now'>;
  readonly #maxEntries: number;
  readonly #entries = new Map<string, Entry<V>>();
  readonly #reads = new Map<string, Read<V>>();

  constructor(clock: Pick<Clock, 'now'>, {maxEntries = Number.POSITIVE_INFINITY}: CacheOptions = {}) {
    this.#clock = clock;
    this.#maxEntries = maxEntries;
  }

  /** The current value; undefined if there is none. */
  get(key: string): V | undefined {
    return this.#current(key)?.value;
  }

  /** The last value, current or expired: a substitute if a new one cannot be read. */
  former(key: string): V | undefined {
    return this.#entries.get(key)?.value;
  }

  /** @param untilMs in milliseconds since the Unix epoch. */
  set(key: string, value: V, untilMs: number): void {
    // A Map orders its keys by their first insertion: deleting the key makes it the newest.
    this.#entries.delete(key);
    this.#entries.set(key, {value, untilMs});
    if (this.#entries.size <= this.#maxEntries) return;
    const [oldest] = this.#entries.keys();
    if (oldest !== undefined) this.#entries.delete(oldest);
  }

  /** Drops the value. The result of a read in progress is neither kept nor shared with later callers. */
  delete(key: string): void {
    this.#entries.delete(key);
    this.#reads.delete(key);
  }

  /** As `delete`, but the value stays available through `former`. */
  expire(key: string): void {
    const entry = this.#entries.get(key);
    if (entry) this.#entries.set(key, {value: entry.value, untilMs: Number.NEGATIVE_INFINITY});
    this.#reads.delete(key);
  }

  /**
   * The current value, else the result of `read`; callers within 30 s of its start share one read. Throws what `read` throws.
   *
   * @param keep how long the value is current: milliseconds from the start of the read, or a function that returns the end in milliseconds since the epoch.
   */
  async load(key: string, read: () => Promise<V>, keep: number | ((value: V) => number)): Promise<V> {
    const entry = this.#current(key);
    return entry ? entry.value : this.reload(key, read, keep);
  }

  /** As `load`, but always reads. Other callers get the current value until the read has succeeded. */
  async reload(key: string, read: () => Promise<V>, keep: number | ((value: V) => number)): Promise<V> {
    const startedMs = this.#clock.now();
    const shared = this.#reads.get(key);
    if (shared && startedMs - shared.startedMs < SHARED_MS) return shared.promise;
    const reading = read();
    this.#reads.set(key, {promise: reading, startedMs});
    const isLatest = () => this.#reads.get(key)?.promise === reading;
    try {
      const value = await reading;
      const untilMs = typeof keep === 'number' ? startedMs + keep : keep(value);
      if (value !== undefined && isLatest()) this.set(key, value, untilMs);
      return value;
    } finally {
      if (isLatest()) this.#reads.delete(key);
    }
  }

  /** An independent cache with the same values. */
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
