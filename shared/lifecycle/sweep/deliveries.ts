import type {DiscoveredDelivery} from '../../github/discovery';
import type {Action} from './actions';
import type {Observed} from './observed';

/** GitHub delivers an event once; this is how often we ask for more. */
const MOST_REDELIVERIES = 3;
const MOST_A_PASS = 200;
const ACTIONS = new Set(['queued', 'waiting', 'in_progress', 'completed']);

/** Events of jobs that arrived by no attempt are delivered again: each at most three times, the newest attempt of it. */
export function redeliverFailed({deliveries, redelivered}: Observed): Action[] {
  const events = new Map<string, DiscoveredDelivery[]>();
  for (const delivery of deliveries) {
    if (delivery.event !== 'workflow_job' || !ACTIONS.has(delivery.action ?? '')) continue;
    events.set(delivery.guid, [...(events.get(delivery.guid) ?? []), delivery]);
  }
  const actions: Action[] = [];
  for (const [guid, attempts] of events) {
    const count = Math.max(redelivered[guid] ?? 0, attempts.filter(({redelivery}) => redelivery).length);
    const newest = attempts.reduce((a, b) => (b.deliveredAt > a.deliveredAt ? b : a));
    if (attempts.some(({ok}) => ok) || count >= MOST_REDELIVERIES || actions.length >= MOST_A_PASS) continue;
    actions.push({kind: 'redeliver', reason: 'failed_delivery', delivery: newest});
  }
  return actions;
}
