import type {WebhookWatch} from '../model/sweep';
import type {Sweep} from './context';
import type {Step} from './plan';

/** For so long no event of a job arrives, while there are jobs: the webhook is taken for silent. Reported as often, in milliseconds. */
const SILENCE_MS = 3600_000;

/**
 * Watches whether the webhook brings the jobs. Logs an error, once an hour, while none arrives and the sweep finds the jobs by itself: the
 * webhook may be switched off, or have another URL or secret, and every job waits for the sweep. `arrivedAt`: when the newest event of a
 * job arrived by GitHub's record; 0: never; undefined: GitHub does not show that, so that nothing is concluded.
 */
export function watchWebhook(
  {context, webhooks}: Sweep,
  before: WebhookWatch | undefined,
  steps: readonly Step[],
  arrivedAt: number | undefined,
): WebhookWatch | undefined {
  if (webhooks === 'off' || arrivedAt === undefined) return undefined;
  const now = context.clock.now();
  const known = before ?? {heardAt: now, foundAt: 0, reportedAt: 0};
  const watch = arrivedAt > known.heardAt ? {heardAt: arrivedAt, foundAt: 0, reportedAt: 0} : known;
  const hasFound = steps.some(({action}) => action.reason === 'uncovered_job');
  const foundAt = hasFound ? now : watch.foundAt;
  const silentMs = now - watch.heardAt;
  const isSilent = silentMs >= SILENCE_MS && now - foundAt < SILENCE_MS;
  if (!isSilent || now - watch.reportedAt < SILENCE_MS) return {...watch, foundAt};
  context.logger.error(
    'no event of a job arrives by the webhook, and the sweep has to find the jobs: look at the webhook’s URL, secret, event (workflow_job) and recent deliveries at GitHub',
    {decision: 'webhook_silent', silent_seconds: Math.round(silentMs / 1000)},
  );
  return {...watch, foundAt, reportedAt: now};
}
