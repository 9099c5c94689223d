import type {Fault, Scenario, Setting} from '../scenario';
import type {StandbySetting} from '../standby-setting';
import {type Cases, SETTING as COMMON, HOUR, job, MINUTE} from './case';

const SETTING: Setting = {...COMMON, maxRunners: {arm: 8, spot: 1, shared: 4}, routing: 'oldest', bootMs: 20_000};

/** Late enough that the standby machines are ready. */
const READY_MS = 20 * MINUTE;

/** Jobs of one matrix that come to ready standby machines. */
export function jobsOnStandby(standby: StandbySetting, matrix: number, faults: readonly Fault[] = []): Scenario {
  return {
    ...{seed: 7, setting: {...SETTING, standby}},
    ...{jobs: [job(READY_MS, {durationMs: MINUTE, matrix, maxParallel: matrix})], faults},
  };
}

/** Sweeps see the machine several times before it is ready. */
function slowToPrepare(scenario: Scenario): Scenario {
  return {...scenario, setting: {...scenario.setting, bootMs: 9 * MINUTE}};
}

/** Cases that a seed comes upon seldom. */
export const STANDBY: Cases = {
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
  'a rate limit refuses the JIT config of a standby machine that is claimed': jobsOnStandby(
    {hold: 'stopped', count: 1},
    1,
    [{on: 'call', port: 'compute', method: 'setMetadata', nth: 1, effect: 'rate_limit'}],
  ),
  'a standby machine that takes minutes to prepare itself is left to it': slowToPrepare(
    jobsOnStandby({hold: 'stopped', count: 3}, 1),
  ),
  'a policy forbids the reports of standby machines, and holds back no job': jobsOnStandby(
    {hold: 'stopped', count: 3},
    1,
    [{on: 'policy', fromMs: 0, forMs: 90 * MINUTE}],
  ),
  'GitHub does not say whether the runner of a standby machine was registered': jobsOnStandby(
    {hold: 'stopped', count: 1},
    1,
    [{on: 'call', port: 'github', method: 'createJitConfig', nth: 1, effect: 'lost'}],
  ),
  'a job whose own provider has no quota left gets the standby machine of the fallback': {
    ...{seed: 7, setting: {...SETTING, provider: 'gce+ec2', standby: {hold: 'stopped', count: 1}}},
    jobs: [job(READY_MS, {kind: 'shared', durationMs: MINUTE})],
    faults: [{on: 'quota', cpus: 0, refused: 'request', of: 'ec2', fromMs: READY_MS - MINUTE, forMs: 10 * MINUTE}],
  },
  'a pool that is drained keeps no standby machine, and gets one again after that': {
    ...{seed: 7, jobs: [job(70 * MINUTE, {durationMs: MINUTE})], faults: []},
    setting: {
      ...{...SETTING, standby: {hold: 'stopped', count: 2}},
      drained: {pool: 'arm', fromMs: READY_MS, forMs: 20 * MINUTE},
    },
  },
  'a standby machine that is a day old is replaced, not kept beside its successor': {
    ...{seed: 7, jobs: [job(30 * HOUR, {durationMs: MINUTE})], faults: []},
    setting: {...SETTING, standby: {hold: 'stopped', count: 1}, rests: true},
  },
};
