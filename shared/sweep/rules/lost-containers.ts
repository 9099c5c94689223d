import {MINUTE_MS} from '../../durations';
import type {ContainerDocument} from '../../model/container';
import {maxLifetimeMs} from '../../model/runner';
import {minutesOf, type Observed} from '../observed';
import type {PlannedAction, Rule} from '../rule';

interface AbandonContainer extends PlannedAction {
  readonly kind: 'abandon';
  readonly reason: 'host_lost';
  readonly runner: string;
}

/**
 * Ends containers that a host was told of and that nobody hears of any more: the host is silent, or not configured any more, and the
 * container's own time is over, at which its agent kills it, and again at its own start.
 */
export const endLostContainers: Rule<AbandonContainer> = {
  plan: (observed, now) =>
    observed.containers
      .filter((container) => !isHeard(observed, container) && isTimeOver(observed, container, now))
      .map(({name}) => ({kind: 'abandon', reason: 'host_lost', runner: name})),
  act: async ({runner}, repairs) => ({decision: await repairs.abandonContainer(runner)}),
  subject: ({runner}) => ({runner}),
};

function isHeard({hosts}: Observed, {host}: ContainerDocument): boolean {
  return hosts.some(({name, silent}) => name === host && !silent);
}

/** One that the host was never told of keeps waiting, unless the host is not configured any more. */
function isTimeOver(observed: Observed, container: ContainerDocument, now: number): boolean {
  const {state, host, pool, handedOverAt, createdAt} = container;
  if (state === 'assigned') return !observed.hosts.some(({name}) => name === host);
  const minutes = minutesOf(observed, pool);
  // Its image may have been pulled for as long as a boot may take.
  const mostMs = minutes.bootMinutes * MINUTE_MS + maxLifetimeMs(minutes);
  return now - (handedOverAt ?? createdAt) >= mostMs;
}
