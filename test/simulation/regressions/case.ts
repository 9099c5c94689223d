import type {JobPlan, Scenario, Setting} from '../scenario';

export const MINUTE = 60_000;
export const HOUR = 60 * MINUTE;

/** In which nothing is late, and nobody disturbs. */
export const SETTING: Setting = {
  maxRunners: {arm: 5, spot: 3, shared: 3},
  idleMinutes: 10,
  hooks: 1,
  routing: 'random',
  busyLieMs: 0,
  listingMs: 0,
  removalMs: 0,
  bootMs: 30_000,
  skewMs: 0,
  webhookDelayMs: 0,
  taskDelayMs: 0,
};

/** A job of two minutes, unless `more` says otherwise. */
export function job(atMs: number, more: Partial<JobPlan> = {}): JobPlan {
  return {atMs, repository: 'acme/app', kind: 'arm', durationMs: 2 * MINUTE, matrix: 1, maxParallel: 1, ...more};
}

/** By what is promised since. */
export type Cases = Readonly<Record<string, Scenario>>;
