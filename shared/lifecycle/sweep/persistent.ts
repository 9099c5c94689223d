import type {Action} from './actions';
import type {Observed} from './observed';

/** Its own check takes a minute or two beyond `idleMinutes`; after so long it got lost. */
const LOST_MS = 10 * 60_000;
/** Each check that finds the VM busy goes on by itself: another one is begun no more often. */
const EVERY_MS = 60 * 60_000;

/** A persistent VM that is up with nothing to do, long after its stop was due: its check got lost. */
export function checkPersistent({vms, jobs}: Observed, now: number): Action[] {
  return vms.flatMap(({id, pools, idleMinutes, document}): Action[] => {
    const forMs = now - document.activeAt - idleMinutes * 60_000;
    if (document.state === 'stopped' || document.runs.length > 0 || forMs < LOST_MS) return [];
    if (document.stopLeaseUntil > now) return [];
    if ([...jobs.values()].some(({pool, status}) => status === 'queued' && pools.includes(pool))) return [];
    // An even number begins a new round of readings; one that grows is a name that no task had before.
    const reading = 2 * (1_000 + Math.floor(forMs / EVERY_MS));
    return [{kind: 'vm_check', reason: 'lost_stop', vm: id, reading}];
  });
}
