import type {Delivery} from '../emulators/github/delivery';
import type {GitHubWorld} from '../emulators/github/model';
import type {SeededRandom} from '../emulators/seeded-random';
import type {FaultPlan} from './fault-plan';
import type {Fault, JobPlan, Scenario, Setting} from './scenario';
import type {SimulatedWorld} from './simulated-world';

const MINUTE = 60_000;
const HOUR = 60 * MINUTE;

/** What an outage held back has arrived so soon after it, if it was not more than GitHub takes in that time. */
const SOON_MS = 5 * MINUTE;
const SOON_MOST = 300;
const WHOLE_PAGE = 100;

type WebhookDown = Extract<Fault, {on: 'webhook_down'}>;

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

interface Event {
  readonly first: Delivery;
  readonly arrivedAtMs: number | undefined;
}

/** The events of jobs that have failed so far, but for those that never arrive. */
function unarrived(github: GitHubWorld): Event[] {
  return events(github).filter(({arrivedAtMs, first}) => arrivedAtMs === undefined && first.statusCode !== 500);
}

/** Whether every event has arrived, looked up once a minute: there may be thousands. */
export function arrivalWatch(github: GitHubWorld): () => boolean {
  let lookedAtMs = Number.NEGATIVE_INFINITY;
  let hasAll = false;
  return () => {
    const now = github.scheduler.now();
    if (now - lookedAtMs >= MINUTE) {
      hasAll = unarrived(github).length === 0;
      lookedAtMs = now;
    }
    return hasAll;
  };
}

/** In the end every event has arrived; and what an outage held back in its last hours did so soon after it. */
export function checkArrivals(world: SimulatedWorld): void {
  const {github, startMs, scenario} = world;
  for (const {first} of unarrived(github)) {
    world.violated(
      'event_lost',
      `event ${first.guid} (${first.action}) of ${new Date(first.deliveredAtMs).toISOString()}`,
    );
  }
  const outages = scenario.faults.filter((fault): fault is WebhookDown => fault.on === 'webhook_down');
  const held = events(github).filter(({first}) => isFailed(first));
  if (held.length > SOON_MOST || (scenario.setting.deliveriesAPage ?? WHOLE_PAGE) < WHOLE_PAGE) return;
  for (const {first, arrivedAtMs} of held) {
    if (first.statusCode === 500 || arrivedAtMs === undefined) continue;
    const atMs = first.deliveredAtMs - startMs;
    const endMs = Math.max(...outages.filter(({fromMs, forMs}) => fromMs <= atMs && atMs <= fromMs + forMs).map(endOf));
    const isAlone = outages.every((outage) => endOf(outage) <= endMs || outage.fromMs > endMs + SOON_MS);
    if (!isAlone || endMs < 0 || arrivedAtMs - startMs <= endMs + SOON_MS) continue;
    const lateMs = arrivedAtMs - startMs - endMs;
    world.violated('event_late', `event ${first.guid} (${first.action}) arrived ${lateMs} ms after the outage`);
  }
}

function events(github: GitHubWorld): Event[] {
  const found = new Map<string, {first: Delivery; arrivedAtMs: number | undefined}>();
  for (const attempt of github.deliveries.list(() => true)) {
    if (attempt.event !== 'workflow_job') continue;
    const arrivedAtMs = isFailed(attempt) ? found.get(attempt.guid)?.arrivedAtMs : attempt.deliveredAtMs;
    found.set(attempt.guid, {first: attempt, arrivedAtMs});
  }
  return [...found.values()];
}

function isFailed({statusCode}: Delivery): boolean {
  return statusCode < 200 || statusCode >= 300;
}

function isNeverArriving(fault: Fault): boolean {
  return fault.on === 'webhook' && fault.effect === 'never_arrives';
}

function endOf({fromMs, forMs}: WebhookDown): number {
  return fromMs + forMs;
}
