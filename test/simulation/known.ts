import type {Explanation} from '../../shared/diagnosis/verdict';
import type {JobKey} from '../../shared/model/job';
import type {RunnerDocument} from '../../shared/model/runner';
import type {InProcessTasks} from '../../shared/tasks/local/in-process';
import {sweepIntervalMs} from './scenario';
import type {SimulatedWorld} from './simulated-world';
import type {WorldHistory} from './world-history';

const MINUTE = 60_000;

/** Answers of GitHub are kept for so long, and asking takes its time. */
export const KEPT_MS = 70_000;

/** What is said of a job that is queued on record, and who said it: the record alone, or after GitHub was asked. */
export interface Told extends Pick<Explanation, 'verdict' | 'because' | 'do' | 'since' | 'position'> {
  readonly by: 'record' | 'github';
}

/** What is on record, read in another way than the verdicts read it. */
export interface OnRecord {
  /** Slots that somebody holds, by pool. */
  readonly held: ReadonlyMap<string, number>;
  /** Jobs that have no slot, by pool, in the order in which they get one. */
  readonly queues: ReadonlyMap<string, readonly JobKey[]>;
  /** Names of the breakers that are open. */
  readonly openBreakers: ReadonlySet<string>;
  readonly runners: ReadonlyMap<string, RunnerDocument>;
}

/** All that the world knows. */
export interface Known {
  readonly world: SimulatedWorld;
  readonly history: WorldHistory;
  readonly record: OnRecord;
  readonly tasks: InProcessTasks;
  /** `maxRunners` of each pool, as it is deployed now. */
  readonly limits: ReadonlyMap<string, number>;
  /** Since when a job is told that its runner is created while nothing creates it; kept from look to look. */
  readonly uncreated: Map<JobKey, number>;
}

/** How late news may be on record: webhooks and tasks are late, the sweep makes up for those that are lost, and nobody hears of anything in an outage. */
export function newsMs({scenario, faultPlan}: SimulatedWorld): number {
  const {webhookDelayMs, taskDelayMs, badPages = 0, brokenLists, webhooksOff} = scenario.setting;
  const isHard = faultPlan.struck.size > 0 || badPages > 0 || brokenLists !== undefined || webhooksOff === true;
  const slowMs = isHard ? 45 * MINUTE : 0;
  return webhookDelayMs + taskDelayMs + 5 * MINUTE + 3 * sweepIntervalMs(scenario) + slowMs;
}
