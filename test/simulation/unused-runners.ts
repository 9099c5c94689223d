import type {RunnerDocument} from '../../shared/model/runner';
import {isInScope} from '../../shared/model/scope';
import type {Store} from '../../shared/store/store';
import type {GitHubWorld} from '../emulators/github/model';
import {homeOf} from './pools';
import type {Violation} from './safety';

/** So long an unassigned runner waits on record before a job that may have it gets another one by mistake: longer than any decision takes. */
const SURELY_MS = 60_000;

/** As many unassigned runners of each pool are looked at for one job. */
const LOOKED_AT = 3;

export interface UnusedRunnersOptions {
  readonly store: Pick<Store, 'get' | 'find'>;
  readonly github: GitHubWorld;
  readonly now: () => number;
  readonly violated: (rule: Violation['rule'], detail: string) => void;
}

/**
 * Watches that no job gets a runner of its own while an unassigned one waits that may be assigned to it: of its own pool, or of a pool that its
 * pool falls back to. A job that had a slot or a runner before leaves unassigned runners to others, and so does one that another pool serves.
 */
export class UnusedRunners {
  readonly #seen = new Set<string>();

  constructor(private readonly options: UnusedRunnersOptions) {}

  /** A record is about to be written. */
  written(where: string, json: string): void {
    if (!where.startsWith('runners/') || this.#seen.has(where)) return;
    this.#seen.add(where);
    const runner = JSON.parse(json) as RunnerDocument;
    if (runner.covers !== null && runner.state === 'requested' && homeOf(runner.pool) === runner.pool)
      void this.#check(runner, runner.covers);
  }

  async #check(made: RunnerDocument, key: NonNullable<RunnerDocument['covers']>): Promise<void> {
    const {store, github, now, violated} = this.options;
    const record = await store.get('jobs', key);
    const id = Number(key.split('-')[0]);
    if ((record && (record.creations > 0 || record.slot !== null)) || !github.queue.has(id)) return;
    const {labels, repository} = github.queue.job(id);
    const waiting = (await store.find('runners', {where: {spare: true}, limit: 10_000})).map(({data}) => data);
    const isFor = (one: RunnerDocument): boolean =>
      homeOf(one.pool) === made.pool &&
      (one.state === 'booting' || one.state === 'idle') &&
      one.runs === null &&
      labels.every((label) => one.labels.includes(label.toLowerCase())) &&
      isInScope(one.scope, repository) &&
      now() - (one.spareSince ?? now()) > SURELY_MS &&
      waiting.filter(({pool}) => pool === one.pool).length <= LOOKED_AT;
    const unused = waiting.find(isFor);
    if (unused) violated('unused_runner', `${made.name} is for job ${id}, for which ${unused.name} waits`);
  }
}
