import type {GitHubWorld} from '../emulators/github/model';
import type {SeededRandom} from '../emulators/seeded-random';
import type {FaultPlan} from './fault-plan';
import type {Fault, JobPlan, Scenario, Setting} from './scenario';

const MINUTE = 60_000;
const HOUR = 60 * MINUTE;
export const WHOLE_PAGE = 100;

export type WebhookDown = Extract<Fault, {on: 'webhook_down'}>;

/** One world in ten: the webhook is down, once or twice, for up to six hours, and nothing else goes wrong. */
export function drawOutages(
  random: SeededRandom,
  jobs: readonly JobPlan[],
): {readonly setting: Partial<Setting>; readonly faults: Fault[]} | undefined {
  if (random.next() >= 0.1) return undefined;
  const pick = <T>(items: readonly T[]): T => items[random.below(items.length)] as T;
  const faults: Fault[] = Array.from({length: 1 + random.below(2)}, () => ({
    on: 'webhook_down',
    fromMs: Math.max(0, pick(jobs).atMs + random.below(6 * MINUTE) - 3 * MINUTE),
    forMs: MINUTE + random.below(pick([10 * MINUTE, HOUR, 6 * HOUR])),
    ...(random.next() < 0.5 ? {answer: 503 as const} : {}),
  }));
  const {fromMs, forMs} = faults[0] as WebhookDown;
  if (random.next() < 0.3) {
    faults.push({on: 'flood', atMs: fromMs + random.below(forMs), count: pick([300, 1_000, 2_500])});
  }
  if (random.next() < 0.3) faults.push({on: 'webhook', nth: 1 + random.below(10), effect: 'never_arrives'});
  const deliveriesAPage = pick([WHOLE_PAGE, WHOLE_PAGE, 7]);
  return {setting: {webhookDelayMs: 0, deliveriesAPage, hooks: 1}, faults};
}

/** Whether nothing goes wrong in it but the delivery of webhooks. */
export function isOutageAlone({faults}: Pick<Scenario, 'faults'>): boolean {
  return (
    faults.some(({on}) => on === 'webhook_down') &&
    faults.every((fault) => fault.on === 'webhook_down' || fault.on === 'flood' || isNeverArriving(fault))
  );
}

/** Events about jobs of somebody else's labels, each under a GUID of its own. */
export function planFloods(github: GitHubWorld, faultPlan: FaultPlan, faults: readonly Fault[]): void {
  const {scheduler} = github;
  for (const fault of faults) {
    if (fault.on !== 'flood') continue;
    scheduler.at(scheduler.now() + fault.atMs, () => {
      const job = github.queue.jobs()[0];
      if (!job) return;
      faultPlan.note(fault);
      const other = {...job, status: 'queued', conclusion: null, runner: null, labels: ['ubuntu-latest']} as const;
      for (let n = 0; n < fault.count; n++) github.announceJob(other, 'queued');
    });
  }
}

function isNeverArriving(fault: Fault): boolean {
  return fault.on === 'webhook' && fault.effect === 'never_arrives';
}
