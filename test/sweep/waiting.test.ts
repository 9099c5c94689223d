import type {JobDocument} from '../../shared/model/job';
import {createMemoryStore} from '../../shared/store/memory';
import {explainWaiting, logWaiting} from '../../shared/sweep/waiting';
import {createLogger} from '../../shared/telemetry/create-logger';
import {aJob, aPool, NOW} from '../builders/lifecycle';
import {jobs, observed} from '../builders/sweep';
import {VirtualScheduler} from '../emulators/scheduler';

test('a pool whose jobs are younger than 200 of another pool has its line all the same', async () => {
  const clock = new VirtualScheduler(NOW);
  const log: Record<string, unknown>[] = [];
  const logger = createLogger({level: 'info', destination: {write: (line) => log.push(JSON.parse(line))}});
  const pools = [aPool({maxRunners: 0}), aPool({name: 'gpu', requires: ['gpu'], maxRunners: 0})];
  const context = {store: createMemoryStore({clock}), pools, hosts: [], clock, logger};
  const queued = (jobId: number, pool: string, secondsAgo: number): JobDocument =>
    aJob({jobId, queuedAt: NOW - secondsAgo * 1000}, {pool});
  const many = Array.from({length: 205}, (_, n) => queued(2_000 + n, 'arm', 1_000 - n));
  const few = [queued(3_001, 'gpu', 30), queued(3_000, 'gpu', 60)];

  const sweep = {context, webhooks: 'on', intervalSeconds: 60} as const;
  const waiting = await explainWaiting(sweep, observed({pools, jobs: jobs(...many, ...few)}));
  expect(logWaiting({context}, waiting, []).sort()).toEqual(['arm', 'gpu']);
  expect(log).toEqual([
    expect.objectContaining({decision: 'waiting', pool: 'arm', count: 205, oldest_job: '2000-1'}),
    expect.objectContaining({
      ...{decision: 'waiting', pool: 'gpu', count: 2, oldest_job: '3000-1', oldest_age_seconds: 60},
      ...{verdict: 'waiting_for_slot', verdicts: {waiting_for_slot: 1}},
    }),
  ]);
});
