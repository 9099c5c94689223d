import type {DiscoveredDelivery} from '../../github/discovery';
import type {Action} from './actions';
import type {Observed} from './observed';

/** GitHub delivers an event once; this is how often we ask for more. */
// mutation: most redeliveries
const MOST_REDELIVERIES = 3;
const MOST_A_PASS = 200;
const ACTIONS = new Set(['queued', 'waiting', 'in_progress', 'completed']);

/** Events of jobs that arrived by no attempt are delivered again: each at most three times, the newest attempt of it. */
export function redeliverFailed(observed: Observed): Action[] {
  const counts = countRedeliveries(observed);
  const actions: Action[] = [];
  for (const [guid, attempts] of failedEvents(observed)) {
    const newest = attempts.reduce((a, b) => (b.deliveredAt > a.deliveredAt ? b : a));
    if ((counts[guid] ?? 0) >= MOST_REDELIVERIES || actions.length >= MOST_A_PASS) continue;
    actions.push({kind: 'redeliver', reason: 'failed_delivery', delivery: newest});
  }
  return actions;
}

/**
 * How often each event that did not arrive was delivered again, by GUID: as far as we know, or as GitHub lists it. The list knows of a
 * request whose answer was lost, and forgets; what we know does not.
 */
export function countRedeliveries(observed: Pick<Observed, 'deliveries' | 'redelivered'>): Record<string, number> {
  const counts: Record<string, number> = {};
  for (const [guid, attempts] of failedEvents(observed)) {
    const listed = attempts.filter(({redelivery}) => redelivery).length;
    counts[guid] = Math.max(observed.redelivered[guid] ?? 0, listed);
  }
  return counts;
}

/** The attempts of each event of a job that arrived by none of them. */
function failedEvents({deliveries}: Pick<Observed, 'deliveries'>): Map<string, DiscoveredDelivery[]> {
  const events = new Map<string, DiscoveredDelivery[]>();
  for (const delivery of deliveries) {
    if (delivery.event !== 'workflow_job' || !ACTIONS.has(delivery.action ?? '')) continue;
    events.set(delivery.guid, [...(events.get(delivery.guid) ?? []), delivery]);
  }
  return new Map([...events].filter(([, attempts]) => !attempts.some(({ok}) => ok)));
}
