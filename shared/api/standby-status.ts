import * as z from 'zod';
import type {RunnerDocument} from '../model/runner';
import {wantedStandby} from '../model/standby';
import type {Context} from '../ports';

/** `standby` of GET /status. */
export const StandbyStatus = z.array(
  z.object({
    pool: z.string(),
    wanted: z.int().meta({description: 'How many there should be now.'}),
    ready: z.int().meta({description: 'Stopped or suspended, and free for a job.'}),
    preparing: z.int().meta({description: 'On their way to being stopped or suspended.'}),
    claimed: z.int().meta({description: 'Those that runners of the pool run on, or start on, now.'}),
  }),
);

/** The standby machines of each pool that holds some. `runners`: the runners that are not over. */
export async function readStandbyStatus(
  {pools, store, clock, maxRunners}: Pick<Context, 'pools' | 'store' | 'clock' | 'maxRunners'>,
  runners: readonly RunnerDocument[],
): Promise<z.output<typeof StandbyStatus>> {
  const holding = pools.filter(({standby}) => standby !== undefined);
  return Promise.all(
    holding.map(async (pool) => ({
      pool: pool.name,
      wanted: wantedStandby(pool, clock.now(), maxRunners),
      ready: await store.count('standby', {pool: pool.name, state: 'ready'}),
      preparing: await store.count('standby', {pool: pool.name, state: 'preparing'}),
      claimed: runners.filter((runner) => runner.pool === pool.name && runner.standby).length,
    })),
  );
}
