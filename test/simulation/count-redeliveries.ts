import type {Discovery} from '../../shared/github/discovery';
import type {Violation} from './safety';

/** What is promised: each event is asked for again no more often. */
const MOST = 3;

/** Watches how often each event is delivered again. */
export function countRedeliveries(
  discovery: Discovery,
  violated: (rule: Violation['rule'], detail: string) => void,
): Discovery {
  const counts = new Map<string, number>();
  return {
    ...discovery,
    async redeliver(delivery) {
      await discovery.redeliver(delivery);
      const {guid} = delivery;
      const count = (counts.get(guid) ?? 0) + 1;
      counts.set(guid, count);
      if (count > MOST) violated('redelivered_too_often', `event ${guid} was delivered again ${count} times`);
    },
  };
}
