import type {Scenario} from './scenario';

const MINUTE = 60_000;

/** How long the pools need for all jobs one after the other, at the worst. */
export function backlogMs({jobs, setting}: Pick<Scenario, 'jobs' | 'setting'>): number {
  const limit = Math.min(...Object.values(setting.maxRunners));
  // A slot comes free when the news of the end arrives, which may itself be late.
  const aroundMs = 3 * MINUTE + setting.bootMs + 3 * (setting.webhookDelayMs + setting.taskDelayMs);
  const workOf = (plans: typeof jobs) =>
    plans.reduce((sum, {matrix, durationMs}) => sum + matrix * (durationMs + aroundMs), 0);
  const ofVm = jobs.filter(({kind}) => kind === 'vm');
  return workOf(jobs.filter(({kind}) => kind !== 'vm')) / limit + workOf(ofVm);
}
