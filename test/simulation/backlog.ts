import {type Scenario, sweepIntervalMs} from './scenario';

type Backlog = Pick<Scenario, 'jobs' | 'setting'>;

/** From a job's turn to the next one's, its own time left out. A slot comes free when the news of the end arrives, which may itself be late. */
function aroundMs(setting: Backlog['setting']): number {
  const {bootMs, webhookDelayMs, taskDelayMs} = setting;
  return 3 * sweepIntervalMs({setting}) + bootMs + 3 * (webhookDelayMs + taskDelayMs);
}

/** How long the pools need for all jobs one after the other, at the worst. */
export function backlogMs({jobs, setting}: Backlog): number {
  const drainedMs = setting.drained?.forMs ?? 0;
  const limit = Math.min(setting.total ?? Number.POSITIVE_INFINITY, ...Object.values(setting.maxRunners));
  const around = aroundMs(setting);
  const workOf = (plans: typeof jobs) =>
    plans.reduce((sum, {matrix, durationMs}) => sum + matrix * (durationMs + around), 0);
  const ofVm = jobs.filter(({kind}) => kind === 'vm');
  return drainedMs + workOf(jobs.filter(({kind}) => kind !== 'vm' && kind !== 'vmHuge')) / limit + workOf(ofVm);
}

/** How long the slowest matrix takes whatever the pools: `max-parallel` jobs at a time, each of which may be held back once more. */
export function longestMatrixMs({jobs, setting}: Backlog): number {
  const lengths = jobs.map(({matrix, maxParallel, durationMs, approvedAfterMs = 0, heldBesideMs = 0, sentBack}) => {
    const turns = Math.ceil(matrix / Math.max(1, maxParallel));
    const heldMs = approvedAfterMs + (sentBack ? sentBack.afterMs + sentBack.forMs : 0);
    return turns * (durationMs + heldMs + aroundMs(setting)) + heldBesideMs;
  });
  return Math.max(0, ...lengths);
}
