import {createMemoryStore} from '../../shared/store/memory';
import {type Billed, countedStore} from './counted-store';
import {aSystem, type TestSystem} from './system';
import {aVmSystem} from './vm-system';

/** Calls for one job. Tokens of the installation, which hold for an hour, are not among `github`. */
export interface Calls {
  readonly github: number;
  readonly compute: number;
  /** Created. */
  readonly tasks: number;
  readonly reads: number;
  readonly writes: number;
  readonly deletes: number;
}

export interface CallsPerJob {
  /** Of each job, in order. */
  readonly jobs: readonly Calls[];
  readonly perJob: Calls;
  /** Installation tokens that were fetched, whatever the number of jobs. */
  readonly tokens: number;
  /** Reads of what the deployment knows of itself, which a process keeps for minutes, whatever the number of jobs. */
  readonly factReads: number;
  /** What the last job wrote: collections, in order. */
  readonly written: readonly string[];
}

const TOKEN = 'apps/create-installation-access-token';

/** Jobs one after the other, each on a VM of its own, in the simulated system. */
export async function ephemeralJobs(count: number): Promise<CallsPerJob> {
  const {options, billed} = counting();
  const system = await aSystem(options);
  return measured(system, billed, count, async () => {
    system.queueJob();
    await system.finish();
  });
}

/** Jobs one after the other on a persistent VM, which stops in between. */
export async function persistentJobs(count: number): Promise<CallsPerJob> {
  const {options, billed} = counting();
  const system = await aVmSystem(options);
  return measured(system, billed, count, async () => {
    system.queueGpuJob();
    await system.untilDown();
  });
}

function counting() {
  let billed: Billed | undefined;
  const options: Parameters<typeof aSystem>[0] = {
    makeStore: (clock) => {
      const counted = countedStore(createMemoryStore({clock}));
      billed = counted.billed;
      return counted.store;
    },
  };
  return {
    options,
    billed: () => {
      if (!billed) throw new Error('the system made no store');
      return billed;
    },
  };
}

async function measured(
  system: TestSystem,
  billed: () => Billed,
  count: number,
  run: () => Promise<void>,
): Promise<CallsPerJob> {
  try {
    const jobs: Calls[] = [];
    const factReads = billed().factReads;
    let written: string[] = [];
    for (let job = 0; job < count; job += 1) {
      const before = soFar(system, billed());
      const writes = billed().written.length;
      await run();
      jobs.push(difference(soFar(system, billed()), before));
      written = billed().written.slice(writes);
    }
    const tokens = system.github.requests.filter(({operationId}) => operationId === TOKEN).length;
    const collections = written.map((path) => path.slice(0, path.indexOf('/')));
    return {
      jobs,
      perJob: average(jobs),
      tokens,
      factReads: billed().factReads - factReads,
      written: collections,
    };
  } finally {
    await system.close();
  }
}

function soFar({github, computeServer, tasks}: TestSystem, {reads, writes, deletes}: Billed): Calls {
  return {
    github: github.requests.filter(({operationId}) => operationId !== TOKEN).length,
    compute: computeServer.requests.length,
    tasks: tasks.requests.length,
    reads,
    writes,
    deletes,
  };
}

function difference(after: Calls, before: Calls): Calls {
  return {
    github: after.github - before.github,
    compute: after.compute - before.compute,
    tasks: after.tasks - before.tasks,
    reads: after.reads - before.reads,
    writes: after.writes - before.writes,
    deletes: after.deletes - before.deletes,
  };
}

function average(jobs: readonly Calls[]): Calls {
  const mean = (field: keyof Calls) => jobs.reduce((sum, calls) => sum + calls[field], 0) / jobs.length;
  return {
    github: mean('github'),
    compute: mean('compute'),
    tasks: mean('tasks'),
    reads: mean('reads'),
    writes: mean('writes'),
    deletes: mean('deletes'),
  };
}
