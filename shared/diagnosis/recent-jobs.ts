import {TtlCache} from '../cache';
import type {Clock} from '../clock';
import {MINUTE_MS} from '../durations';
import {withEndOfJob} from '../model/end-of-job';
import {type JobDocument, type JobKey, jobKeyOf} from '../model/job';
import {isOver, type RunnerDocument} from '../model/runner';
import type {Store} from '../store/store';
import {type TimelineEntry, timelineOf} from './timeline';

/** A job that has a runner, runs or has ended, with its way. */
export interface RecentJob {
  readonly job: JobDocument;
  /** Oldest first. */
  readonly timeline: readonly TimelineEntry[];
}

/** How long an ended job is shown, in milliseconds. */
const SHOWN_MS = 15 * MINUTE_MS;

/** Jobs that are shown at most, and read at once. */
const MOST_SHOWN = 50;

/** A job that ended is read again for so long, because a record may become visible later than one that was written after it. */
const OVERLAP_MS = 10_000;

/** How long the record of a runner is kept that is not over, so that each viewer's refresh does not read it again. */
const RUNNER_KEPT_MS = 10_000;

/**
 * The jobs that have a runner or run, and those that ended in the last quarter of an hour, with what the records tell of their way. Remembers what it has read: a
 * refresh reads the jobs that began or ended since the one before, and the runners that still change.
 */
export class RecentJobs {
  readonly #store: Store;
  readonly #clock: Clock;
  readonly #running = new Map<JobKey, JobDocument>();
  readonly #ended = new Map<JobKey, JobDocument>();
  /** Those among them whose runner was over when it was read, or was none of ours, so that it is not read again. */
  readonly #settled = new Set<JobKey>();
  readonly #runners: TtlCache<RunnerDocument | null>;
  /** Ended jobs up to this one were read. */
  #readTo: {readonly value: number; readonly id: string} | undefined;

  constructor(store: Store, clock: Clock) {
    this.#store = store;
    this.#clock = clock;
    this.#runners = new TtlCache<RunnerDocument | null>(clock, {maxEntries: 10 * MOST_SHOWN});
  }

  /** The newest, at most 50. `live`: the runners that are not over, `queued`: the jobs that wait, both as far as they were read. */
  async read(live: readonly RunnerDocument[], queued: readonly JobDocument[]): Promise<readonly RecentJob[]> {
    const now = this.#clock.now();
    const keys = live.flatMap(({runs}) => runs ?? []).slice(0, MOST_SHOWN);
    await Promise.all([this.#readRunning(keys), this.#readEnded(now)]);
    const running = keys
      .flatMap((key) => this.#running.get(key) ?? [])
      .filter((job) => !this.#ended.has(jobKeyOf(job)));
    const ended = [...this.#ended.values()].sort((a, b) => b.updatedAt - a.updatedAt);
    const byName = new Map(live.map((runner) => [runner.name, runner]));
    const booting = queued.filter(({runner}) => runner !== null);
    const shown = [...booting, ...running, ...ended].slice(0, MOST_SHOWN);
    return Promise.all(
      shown.map(async (job) => {
        const runner = job.runner === null ? undefined : (byName.get(job.runner) ?? (await this.#runner(job.runner)));
        return {job, timeline: timelineOf(job, undefined, runner ? [runner] : [], undefined)};
      }),
    );
  }

  /** The runner, which drains if its job is among those that ended, as far as they were read. */
  withEnd(runner: RunnerDocument): RunnerDocument {
    if (runner.runs === null) return runner;
    return withEndOfJob(runner, this.#ended.get(runner.runs) ?? this.#running.get(runner.runs));
  }

  /**
   * How many runners drain that are busy on record, by pool, as far as the ends of their jobs were read. `live`: the runners that are not over, as far
   * as they were read; of others the records of at most 50 are read, those whose jobs ended last.
   */
  async drainingByPool(live: readonly RunnerDocument[]): Promise<ReadonlyMap<string, number>> {
    const names = new Set<string | null>(live.map(({name}) => name));
    const ended = [...this.#ended.values()]
      .filter((job) => job.runner !== null && !names.has(job.runner) && !this.#settled.has(jobKeyOf(job)))
      .slice(-MOST_SHOWN);
    const others = await Promise.all(ended.map((job) => this.#drainingRunner(job)));
    const draining = [
      ...live.filter((runner) => this.withEnd(runner) !== runner),
      ...others.flatMap((one) => one ?? []),
    ];
    const counts = new Map<string, number>();
    for (const {pool} of draining) counts.set(pool, (counts.get(pool) ?? 0) + 1);
    return counts;
  }

  /** The runner of an ended job while it drains. Read afresh, because it is subtracted from a count of the store. */
  async #drainingRunner(job: JobDocument): Promise<RunnerDocument | undefined> {
    const runner = job.runner === null ? undefined : await this.#store.get('runners', job.runner);
    if (runner && withEndOfJob(runner, job) !== runner) return runner;
    this.#settled.add(jobKeyOf(job));
    return undefined;
  }

  async #readRunning(keys: readonly JobKey[]): Promise<void> {
    const wanted = new Set(keys);
    for (const key of this.#running.keys()) if (!wanted.has(key)) this.#running.delete(key);
    const unknown = keys.filter((key) => !this.#running.has(key));
    const read = await Promise.all(unknown.map((key) => this.#store.get('jobs', key)));
    for (const job of read) if (job) this.#running.set(jobKeyOf(job), job);
  }

  async #readEnded(now: number): Promise<void> {
    const oldest = now - SHOWN_MS;
    const after = this.#readTo && this.#readTo.value > oldest ? this.#readTo : {value: oldest, id: ''};
    const between = {after, last: now};
    const found = await this.#store.find('jobs', {
      where: {status: 'completed'},
      orderBy: 'updatedAt',
      between,
      limit: MOST_SHOWN,
    });
    for (const {id, data} of found) this.#ended.set(id, data);
    const last = found.at(-1);
    // The rest of a burst comes with the next refreshes.
    this.#readTo =
      found.length === MOST_SHOWN && last
        ? {value: last.data.updatedAt, id: last.id}
        : {value: now - OVERLAP_MS, id: ''};
    for (const [key, {updatedAt}] of this.#ended) if (updatedAt < oldest) this.#ended.delete(key);
    for (const key of this.#settled) if (!this.#ended.has(key)) this.#settled.delete(key);
  }

  /** Undefined: none of ours is on record under this name, as of a persistent VM. */
  async #runner(name: string): Promise<RunnerDocument | undefined> {
    const read = async () => (await this.#store.get('runners', name)) ?? null;
    const until = (runner: RunnerDocument | null) =>
      this.#clock.now() + (runner && isOver(runner) ? SHOWN_MS : RUNNER_KEPT_MS);
    return (await this.#runners.load(name, read, until)) ?? undefined;
  }
}
