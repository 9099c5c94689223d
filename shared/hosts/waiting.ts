import {type DockerPool, isDocker} from '../model/host';
import {isBeingCreated, type RunnerDocument} from '../model/runner';
import {demandTask, makeTask} from '../model/tasks';
import type {Context} from '../ports';

type Records = Pick<Context, 'pools' | 'store'>;

/** States of a runner that no host has yet: without a try, and after a host turned out to have no room. */
const WAITING_STATES = ['requested', 'creating'] as const;

/** The pools whose containers may run on the host. */
export function poolsOfHost({pools}: Pick<Context, 'pools'>, host: string): DockerPool[] {
  return pools.filter(isDocker).filter(({provider}) => provider.hosts.includes(host));
}

/** Runners of the pool that no host has yet, at most `limit` of each state. */
export async function runnersWithoutHost({store}: Records, pool: string, limit: number): Promise<RunnerDocument[]> {
  const found = await Promise.all(WAITING_STATES.map((state) => store.find('runners', {where: {pool, state}, limit})));
  const waiting: RunnerDocument[] = [];
  for (const {data} of found.flat()) {
    const container = data.state === 'creating' ? await store.get('containers', data.name) : undefined;
    if (isBeingCreated(data) && !container) waiting.push(data);
  }
  return waiting;
}

/** How many runners wait for one of the hosts, as far as `limit`. */
export async function countWaiting(context: Records, hosts: readonly string[], limit: number): Promise<number> {
  const own = context.pools
    .filter(isDocker)
    .filter(({provider}) => provider.hosts.some((name) => hosts.includes(name)));
  const found = await Promise.all(own.map(({name}) => runnersWithoutHost(context, name, limit)));
  return found.flat().length;
}

/**
 * Enqueues tasks for runners that no host has yet: the retries of their own tasks may come much later. `cause` makes the names of the tasks
 * differ from those of earlier ones.
 */
export async function serveWaiting(
  context: Records & Pick<Context, 'tasks'>,
  host: string,
  {most, cause}: {readonly most: number; readonly cause: string},
): Promise<number> {
  let left = most;
  for (const {name} of poolsOfHost(context, host)) {
    if (left <= 0) break;
    for (const runner of (await runnersWithoutHost(context, name, left)).slice(0, left)) {
      const task = runner.covers === null ? makeTask(runner.name, cause) : demandTask(runner.madeFor, cause);
      await context.tasks.enqueue(task);
      left--;
    }
  }
  return most - left;
}
