import type {Fault, JobPlan, Scenario, Setting} from './scenario';
import type {StandbySetting} from './standby-promises';

const MINUTE = 60_000;

/** Late enough that the standby machines are ready. */
const JOB: JobPlan = {
  ...{atMs: 20 * MINUTE, repository: 'acme/app', kind: 'arm', durationMs: MINUTE, matrix: 1, maxParallel: 1},
};

const SETTING: Setting = {
  ...{maxRunners: {arm: 8, spot: 1, shared: 4}, idleMinutes: 10, hooks: 1, routing: 'oldest', busyLieMs: 0},
  ...{listingMs: 0, removalMs: 0, bootMs: 20_000, skewMs: 0, webhookDelayMs: 0, taskDelayMs: 0},
};

/** Jobs of one matrix that come to ready standby machines. */
export function jobsOnStandby(standby: StandbySetting, matrix: number, faults: readonly Fault[] = []): Scenario {
  return {
    ...{seed: 7, setting: {...SETTING, standby}},
    ...{jobs: [{...JOB, matrix, maxParallel: matrix}], faults},
  };
}

/** Cases that a seed comes upon seldom. */
export const STANDBY_CASES: Readonly<Record<string, Scenario>> = {
  'of eight jobs at once, one gets the standby machine': jobsOnStandby({hold: 'stopped', count: 1}, 8),
  'an execution dies when the standby machine has its JIT config, and the job gets another machine': jobsOnStandby(
    {hold: 'stopped', count: 1},
    1,
    [{on: 'call', port: 'compute', method: 'setMetadata', nth: 1, effect: 'dies_after'}],
  ),
  'an execution dies when a standby machine is resumed, before it has its JIT config': jobsOnStandby(
    {hold: 'suspended', count: 1},
    1,
    [{on: 'call', port: 'compute', method: 'setMetadata', nth: 1, effect: 'dies_before'}],
  ),
  'a standby machine that is claimed finds no capacity': jobsOnStandby({hold: 'suspended', count: 2}, 2, [
    ...['us-central1-a', 'us-central1-b'].map(
      (zone) => ({on: 'stock_out', zone, fromMs: 19 * MINUTE, forMs: 10 * MINUTE}) as const,
    ),
  ]),
  'GitHub does not say whether the runner of a standby machine was registered': jobsOnStandby(
    {hold: 'stopped', count: 1},
    1,
    [{on: 'call', port: 'github', method: 'createJitConfig', nth: 1, effect: 'lost'}],
  ),
};
