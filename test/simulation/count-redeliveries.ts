import type {Discovery} from '../../shared/github/github';
import type {Violation} from './safety';

/** What is promised: each event is asked for again no more often, probes left out. */
const MOST_TRIES = 5;
/** 900 points a minute are GitHub's limit, of which each has five: with what was saved up, and clocks that are wrong, no more than twice that. */
const MOST_A_MINUTE = 360;
/** One probe a minute, by clocks that are wrong by five seconds each. */
const PROBES_MS = 45_000;
/** What is delivered so shortly after a success says nothing yet. */
const SHORTLY_MS = 5_000;

interface Watched {
  readonly now: () => number;
  readonly violated: (rule: Violation['rule'], detail: string) => void;
}

/** Watches how often each event is delivered again, by what the sweep last saw of the newest deliveries. */
export function countRedeliveries(discovery: Discovery, {now, violated}: Watched): Discovery {
  const guids = new Map<number, string>();
  const tries = new Map<string, number>();
  const sentAt: number[] = [];
  let isDown = false;
  let probedAt = Number.NEGATIVE_INFINITY;
  return {
    ...discovery,
    async deliveries(hook, from) {
      const page = await discovery.deliveries(hook, from);
      for (const {id, guid} of page.deliveries) guids.set(id, guid);
      if (from.cursor === null && !from.failuresOnly && page.deliveries.length > 0) {
        const success = page.deliveries.find(({ok}) => ok);
        const failed = page.deliveries.filter(({ok}) => !ok);
        const fresh = failed.filter(({redelivery}) => !redelivery);
        isDown = success
          ? fresh.some(({deliveredAt}) => deliveredAt - success.deliveredAt > SHORTLY_MS)
          : failed.length > 0;
      }
      return page;
    },
    async redeliver(attempt) {
      const minuteAgo = now() - 60_000;
      while ((sentAt[0] ?? Number.POSITIVE_INFINITY) <= minuteAgo) sentAt.shift();
      sentAt.push(now());
      if (sentAt.length > MOST_A_MINUTE) violated('redelivered_too_often', `${sentAt.length} redeliveries in a minute`);
      const guid = guids.get(attempt.id) ?? `of attempt ${attempt.id}`;
      if (isDown) {
        const sinceMs = now() - probedAt;
        if (sinceMs < PROBES_MS) violated('redelivered_too_often', `a probe ${sinceMs} ms after the other, of ${guid}`);
        probedAt = now();
      } else {
        const count = (tries.get(guid) ?? 0) + 1;
        tries.set(guid, count);
        if (count > MOST_TRIES) violated('redelivered_too_often', `event ${guid} was delivered again ${count} times`);
      }
      await discovery.redeliver(attempt);
    },
  };
}
