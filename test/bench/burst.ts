import {SECONDARY_LIMIT} from '../emulators/github/rate-limits';
import {DEPLOYED_RATES} from '../emulators/tasks/deployed-rates';
import {type Timed, throughBareLoop, throughFunctions} from './burst-run';
import {provisionUnderLimit} from './rate-limited-world';
import {type Bench, percentile, type Row} from './result';

const JOBS = 1_000;
const WITHIN_MS = 5_000;
const IN_TURN = 100;
const MINUTE = 60_000;
/** A JIT config is a write: 5 of the points. */
const MOST_A_MINUTE = SECONDARY_LIMIT / 5;
const LONG_MS = 20 * MINUTE;

/** 1,000 jobs in five seconds: how fast they get their VMs when nothing outside holds them up, and under GitHub's limit. */
export const burst: Bench = async (progress) => {
  const {provision} = DEPLOYED_RATES;
  const {maxConcurrentDispatches: concurrent} = provision;
  const load = {jobs: JOBS, withinMs: WITHIN_MS};
  progress(`burst: ${IN_TURN} jobs in turn`);
  const alone = await throughFunctions({jobs: IN_TURN, withinMs: 'in turn'}, concurrent);
  const bareAlone = await throughBareLoop({jobs: IN_TURN, withinMs: 'in turn'}, concurrent);
  progress(`burst: ${JOBS} jobs in ${WITHIN_MS / 1000} s`);
  const all = await throughFunctions(load, concurrent);
  const bareAll = await throughBareLoop(load, concurrent);

  progress(`burst: ${JOBS} jobs under GitHub's limit, on the virtual clock`);
  const limited = await provisionUnderLimit(provision, {...load, durationMs: LONG_MS});
  progress('burst: 180 jobs a minute for 20 minutes, on the virtual clock');
  const steady = await provisionUnderLimit(provision, {
    jobs: 20 * MOST_A_MINUTE,
    withinMs: 20 * MINUTE,
    durationMs: 2 * MINUTE,
  });
  const under = (measure: string, value: number, unit: string, target?: Row['target'], baseline?: number): Row => ({
    measure: `GitHub's limit: ${measure}`,
    value,
    unit,
    ...(baseline === undefined ? {} : {baseline, ratio: value / baseline}),
    ...(target ? {target} : {}),
  });
  return {
    bench: 'burst',
    rows: [
      {measure: 'jobs with exactly one VM', value: served(all), unit: `of ${JOBS}`, target: {atLeast: JOBS}},
      against(
        'delivery to insert, in turn, p50',
        percentile(alone.latenciesMs, 0.5),
        percentile(bareAlone.latenciesMs, 0.5),
      ),
      against(
        'delivery to insert, in turn, p99',
        percentile(alone.latenciesMs, 0.99),
        percentile(bareAlone.latenciesMs, 0.99),
      ),
      against('delivery to insert, burst, p50', percentile(all.latenciesMs, 0.5), percentile(bareAll.latenciesMs, 0.5)),
      against(
        'delivery to insert, burst, p99',
        percentile(all.latenciesMs, 0.99),
        percentile(bareAll.latenciesMs, 0.99),
      ),
      against('first delivery to last insert', all.spanMs, bareAll.spanMs),
      against('CPU time of a job in the burst', all.cpuMs, bareAll.cpuMs),
      under('jobs with exactly one VM', served(limited), `of ${JOBS}`, {atLeast: JOBS}),
      under('JIT configs a minute', perMinute(limited.createdAtMs), 'a minute', {atLeast: 0.95}, MOST_A_MINUTE),
      under('refusals', limited.refusals, 'refusals', {atMost: 0}),
      under('steady flow, JIT configs a minute', perMinute(steady.createdAtMs), 'a minute', undefined, MOST_A_MINUTE),
      under('steady flow, refusals', steady.refusals, 'refusals', {atMost: 0}),
    ],
    notes: [
      `webhook and provision each in one process, the queue and a world without latencies in a third, all over HTTP; ${concurrent} tasks at once, store in memory`,
      `baseline: a function that does nothing but ask for a JIT config and insert a VM, called directly, ${concurrent} at once: no webhook, no queue, no store`,
      'delivery to insert: until Compute Engine has accepted it; in a burst, the time in the queue for a processor included; after 50 jobs to warm up',
      `GitHub's limit: ${SECONDARY_LIMIT} points a minute, enforced by the simulated GitHub on a virtual clock; baseline: ${MOST_A_MINUTE} a minute`,
      `the queue as deployed, unless provision_rate says otherwise: ${provision.maxDispatchesPerSecond} a second, ${concurrent} at once`,
      'steady flow: 180 jobs of 2 minutes are queued a minute; the news of each start goes through the other queue',
    ],
  };
};

/** From the first to the last. */
export function perMinute(atMs: readonly number[]): number {
  const [first = 0, last = 0] = [atMs[0], atMs.at(-1)];
  return ((atMs.length - 1) / (last - first)) * MINUTE;
}

function served({vmsPerJob}: Pick<Timed, 'vmsPerJob'>): number {
  return [...vmsPerJob.values()].filter((vms) => vms === 1).length;
}

function against(measure: string, value: number, baseline: number): Row {
  return {measure, value, unit: 'ms', baseline, ratio: value / baseline};
}
