import type {Clock} from '../../clock';
import {readEach} from '../on-record';
import type {MachineList, MachineReference} from '../provider';
import {RunFailure} from './client/errors';
import type {Execution, Run} from './client/run';
import {isOwnExecution} from './environment';
import {type CloudRunPool, type Home, type JobPlace, jobOfExecution, jobOfPool} from './job';
import {executionsSince, oldestAlive} from './look';
import {machineOf} from './machine';

export interface ListOptions {
  readonly run: Run;
  readonly pools: readonly CloudRunPool[];
  readonly deployment: string;
  readonly home: Home;
  readonly clock: Clock;
}

/**
 * The executions of this deployment that have not ended: those of every job that a pool names, and those on record. What is on record and not
 * in the lists is asked for by its name: a pool may have been removed, or its minutes shortened, while its executions run.
 *
 * @throws RunFailure when no job could be listed.
 */
export async function listMachines(options: ListOptions, onRecord: readonly MachineReference[]): Promise<MachineList> {
  const {run, deployment, clock} = options;
  const found = new Map<string, Execution>();
  const unread = new Set<string>();
  let failure: unknown;
  const reading = async (region: string, read: () => Promise<readonly Execution[]>) => {
    try {
      for (const execution of await read()) found.set(execution.name, execution);
    } catch (error) {
      if (!(error instanceof RunFailure || error instanceof RangeError)) throw error;
      failure = error;
      // mutation: job that was not listed
      unread.add(region);
    }
  };
  const jobs = jobsOf(options);
  const since = oldestAlive(options.pools, clock.now());
  await Promise.all(jobs.map(({job, region}) => reading(region, () => executionsSince(run, job, since))));
  if (jobs.length > 0 && jobs.every(({region}) => unread.has(region)) && found.size === 0) throw failure;
  // mutation: executions on record
  const missing = onRecord.flatMap(({id}) => (id !== undefined && !found.has(id) ? placesOf(id) : []));
  await readEach(missing, ({id, region}) => reading(region, async () => oneOrNone(await run.getExecution(id))));
  const alive = [...found.values()].filter((one) => isOwnExecution(deployment, one) && !one.isFinished);
  const machines = alive.map((one) => machineOf(one, clock.now()));
  return unread.size === 0 ? {machines, complete: true} : {machines, complete: false, unreadPlaces: [...unread]};
}

/** The jobs of the pools, each once. A pool without a region has started nothing. */
export function jobsOf({pools, home}: Pick<ListOptions, 'pools' | 'home'>): readonly JobPlace[] {
  const jobs = new Map<string, JobPlace>();
  for (const pool of pools) {
    if (home.region === undefined && pool.provider.inOwnRegion) continue;
    const place = jobOfPool(pool, home);
    jobs.set(place.job, place);
  }
  return [...jobs.values()];
}

function placesOf(id: string): {readonly id: string; readonly region: string}[] {
  const region = jobOfExecution(id)?.region;
  return region === undefined ? [] : [{id, region}];
}

function oneOrNone(execution: Execution | undefined): readonly Execution[] {
  return execution ? [execution] : [];
}
