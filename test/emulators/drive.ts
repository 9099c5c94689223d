import type {VirtualScheduler} from './scheduler';
import {QUEUES, type System} from './system';

/**
 * Lets the virtual time pass, from event to event: deliveries arrive, tasks are dispatched and awaited, until nothing is planned up to
 * `forMs` from now, or `until` says that it is enough.
 */
export async function drive(
  system: System,
  scheduler: VirtualScheduler,
  {forMs, until = () => false}: {forMs: number; until?: () => boolean},
): Promise<void> {
  const end = scheduler.now() + forMs;
  for (;;) {
    await settle(system);
    if (until()) return;
    const next = nextAt(system, scheduler);
    if (next === undefined || next > end) break;
    scheduler.advanceTo(next);
  }
  scheduler.advanceTo(end);
  await settle(system);
}

/** Everything that is due now, and what comes of it. */
async function settle(system: System): Promise<void> {
  do {
    await system.github.deliveries.settled();
    await system.sweeper.settled();
  } while ((await system.tasks.dispatchDue()) > 0);
}

function nextAt(system: System, scheduler: VirtualScheduler): number | undefined {
  const times = [scheduler.nextAt(), ...Object.values(QUEUES).map((queue) => system.tasks.queue(queue).nextAt())];
  const planned = times.filter((time) => time !== undefined);
  return planned.length > 0 ? Math.min(...planned) : undefined;
}
