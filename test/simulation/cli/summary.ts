import type {SeedResult} from './seed-result';

/** What all seeds of a run came to. */
export class Summary {
  done = 0;
  #failed = 0;
  #live = 0;
  #steps = 0;
  #jobs = 0;
  #creations = 0;
  readonly #faults = new Map<string, number>();
  readonly #startedAt = performance.now();

  /** @param days how long jobs go on coming in the world of one seed */
  constructor(
    private readonly planned: number,
    private readonly days: number,
  ) {}

  /** Time in which jobs came, in all worlds together: seeds times days. What a world takes to come to rest is not counted. */
  weeks(): number {
    return (this.done * this.days) / 7;
  }

  add(result: SeedResult): void {
    this.done += 1;
    this.#failed += result.violations.length > 0 ? 1 : 0;
    this.#live += result.isLivenessChecked ? 1 : 0;
    this.#steps += result.steps;
    this.#jobs += result.jobs;
    this.#creations += result.creations;
    for (const [kind, count] of Object.entries(result.faults)) {
      this.#faults.set(kind, (this.#faults.get(kind) ?? 0) + count);
    }
  }

  progress(): string {
    const weeks = `${this.weeks().toFixed(1)} simulated weeks`;
    return `${this.done} of ${this.planned} seeds of ${this.days} days (${weeks}), ${this.#failed} failed, ${this.#perSecond()} a second`;
  }

  text(): string {
    const faults = [...this.#faults].sort(([a], [b]) => a.localeCompare(b, 'en'));
    return [
      `${this.progress()}`,
      `${this.#jobs} jobs, ${this.#creations} VMs, ${this.#steps} steps; every job and leftover checked in ${this.#live} worlds`,
      'faults that struck:',
      ...faults.map(([kind, count]) => `  ${String(count).padStart(7)}  ${kind}`),
      '',
    ].join('\n');
  }

  #perSecond(): string {
    return (this.done / Math.max(0.001, (performance.now() - this.#startedAt) / 1000)).toFixed(1);
  }
}
