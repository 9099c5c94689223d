import type {Delivery} from '../emulators/github/delivery';
import type {GitHubWorld} from '../emulators/github/model';
import {type WebhookDown, WHOLE_PAGE} from './outages';
import {sweepIntervalMs} from './scenario';
import type {SimulatedWorld} from './simulated-world';

const MINUTE = 60_000;

/** What an outage held back has arrived so soon after it, if it was not more than GitHub takes in that time. */
const SOON_MS = 5 * MINUTE;
const SOON_MOST = 300;

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
  // One probe and one round of redeliveries a sweep.
  const soonMs = SOON_MS * (sweepIntervalMs(scenario) / MINUTE);
  const outages = scenario.faults.filter((fault): fault is WebhookDown => fault.on === 'webhook_down');
  const held = events(github).filter(({first}) => isFailed(first));
  if (held.length > SOON_MOST || (scenario.setting.deliveriesAPage ?? WHOLE_PAGE) < WHOLE_PAGE) return;
  for (const {first, arrivedAtMs} of held) {
    if (first.statusCode === 500 || arrivedAtMs === undefined) continue;
    const atMs = first.deliveredAtMs - startMs;
    const endMs = Math.max(...outages.filter(({fromMs, forMs}) => fromMs <= atMs && atMs <= fromMs + forMs).map(endOf));
    const isAlone = outages.every((outage) => endOf(outage) <= endMs || outage.fromMs > endMs + soonMs);
    if (!isAlone || endMs < 0 || arrivedAtMs - startMs <= endMs + soonMs) continue;
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

function endOf({fromMs, forMs}: WebhookDown): number {
  return fromMs + forMs;
}
