import {isDown} from '../../providers/vm';
import type {JobDocument, VmDocument} from '../../store/documents';
import {isBeingStarted, isStopping} from '../vm';
import type {Action} from './actions';
import {type Observed, settledMs} from './observed';

/** Its own check takes a minute or two beyond `idleMinutes`; after so long it got lost. */
const LOST_MS = 10 * 60_000;
/** Each check that finds the VM busy goes on by itself: another one is begun no more often. */
const EVERY_MS = 60 * 60_000;
/** A VM that is down is asked for once in this time: a task of one name is made once. */
const RESTART_EVERY_MS = 60_000;

/** Of a pool with a persistent VM: the job is there for it to take, and was not turned away. */
export function waitsForVm({status, demand}: JobDocument): boolean {
  return status === 'queued' && demand === 'covered';
}

/** A persistent VM that went down by itself (a power off in the guest, a host error, a stop by hand) while a job waits for it. */
export function restartPersistent(observed: Observed, now: number): Action[] {
  const {vms, jobs, seen, webhooks} = observed;
  return vms.flatMap(({pools, status, document}): Action[] => {
    if (status === undefined || !isDown(status) || isSeenTo(document, now)) return [];
    const waiting = [...jobs].filter(
      ([key, job]) =>
        pools.includes(job.pool) &&
        waitsForVm(job) &&
        now - job.updatedAt >= settledMs(webhooks) &&
        seen.get(key)?.job.status === 'queued',
    );
    const [oldest] = waiting.sort(([, a], [, b]) => a.queuedAt - b.queuedAt);
    if (!oldest) return [];
    const cause = `vm-down-${Math.floor(now / RESTART_EVERY_MS)}`;
    return [{kind: 'demand', reason: 'vm_down', job: oldest[0], cause}];
  });
}

/** Somebody starts it, or stops it and has it started again, or tries in vain for lack of capacity. */
function isSeenTo(document: VmDocument, now: number): boolean {
  return isBeingStarted(document, now) || isStopping(document, now) || document.startFailures > 0;
}

/** A persistent VM that is up with nothing to do, long after its stop was due: its check got lost. */
export function checkPersistent({vms, jobs}: Observed, now: number): Action[] {
  return vms.flatMap(({id, pools, idleMinutes, document}): Action[] => {
    const forMs = now - document.activeAt - idleMinutes * 60_000;
    if (document.state === 'stopped' || document.runs.length > 0 || forMs < LOST_MS) return [];
    if (document.stopLeaseUntil > now) return [];
    if ([...jobs.values()].some((job) => waitsForVm(job) && pools.includes(job.pool))) return [];
    // An even number begins a new round of readings; one that grows is a name that no task had before.
    const reading = 2 * (1_000 + Math.floor(forMs / EVERY_MS));
    return [{kind: 'vm_check', reason: 'lost_stop', vm: id, reading}];
  });
}
