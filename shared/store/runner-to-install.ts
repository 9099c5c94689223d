import {TtlCache} from '../cache';
import type {Clock} from '../clock';
import {MINUTE_MS} from '../durations';
import {RUNNER_VERSIONS, type RunnerToInstallReader, runnerToInstall} from '../model/facts';
import type {Store} from './store';

/** How long what the sweep has read is kept in memory, in milliseconds. It reads every six hours. */
const KEPT_MS = 10 * MINUTE_MS;

/**
 * Reads what new machines are told of the runner application: what the sweep keeps of it. Rejects while the store cannot be read. `isFresh`: not from
 * memory, for what two functions have to agree on.
 */
export function runnerToInstallReader(store: Pick<Store, 'get'>, clock: Pick<Clock, 'now'>): RunnerToInstallReader {
  const cache = new TtlCache<{readonly runner: ReturnType<typeof runnerToInstall>}>(clock);
  const read = async () => {
    const facts = await store.get('facts', RUNNER_VERSIONS);
    const isKnown = facts?.kind === 'runner_versions';
    return {runner: isKnown ? runnerToInstall(facts, clock.now()) : undefined};
  };
  return async ({isFresh = false} = {}) => {
    if (isFresh) cache.delete('runner');
    return (await cache.load('runner', read, KEPT_MS)).runner;
  };
}
