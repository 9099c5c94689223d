const PATIENCE_MS = 60_000;

/** When each job was delivered, and when Compute Engine accepted a VM for it; times in milliseconds. */
export class BurstWatch {
  readonly #deliveredAt = new Map<string, number>();
  readonly #insertedAt = new Map<string, number>();
  /** VMs of each job that has any. */
  readonly vmsPerJob = new Map<string, number>();
  #changed: () => void = () => undefined;

  /** The first one counts. */
  delivered(job: string, at = performance.now()): void {
    if (!this.#deliveredAt.has(job)) this.#deliveredAt.set(job, at);
  }

  inserted(job: string, at = performance.now()): void {
    if (!this.#insertedAt.has(job)) this.#insertedAt.set(job, at);
    this.vmsPerJob.set(job, (this.vmsPerJob.get(job) ?? 0) + 1);
    this.#changed();
  }

  /** From here on it counts anew. */
  forget(): void {
    this.#deliveredAt.clear();
    this.#insertedAt.clear();
    this.vmsPerJob.clear();
  }

  /** Resolves when so many jobs have a VM. */
  async until(jobs: number): Promise<void> {
    const {promise, resolve, reject} = Promise.withResolvers<void>();
    const timer = setTimeout(
      () => reject(new Error(`found VMs for ${this.#insertedAt.size} of ${jobs} jobs after ${PATIENCE_MS} ms`)),
      PATIENCE_MS,
    );
    this.#changed = () => this.#insertedAt.size >= jobs && resolve();
    this.#changed();
    await promise.finally(() => clearTimeout(timer));
  }

  /** Of each job with a VM, from its delivery to its first insert. */
  latenciesMs(): number[] {
    return [...this.#insertedAt].map(([job, at]) => at - (this.#deliveredAt.get(job) ?? Number.NaN));
  }

  /** From the first delivery to the last insert. */
  spanMs(): number {
    return Math.max(...this.#insertedAt.values()) - Math.min(...this.#deliveredAt.values());
  }
}
