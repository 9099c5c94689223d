import {MINUTE_MS} from '../../durations';
import {isListed, jobUrlOf, machineFinder, type Observed} from '../observed';
import type {PersistenceTracker} from '../persistence';
import {type EndRunner, type Rule, runnerOf} from '../rule';

/**
 * So long after the end of its job the provider knows whether it preempted the VM. Compute Engine does from the notice on. EC2 says why an
 * instance ended when it ends, two minutes after the notice.
 */
const KNOWN_AFTER_MS = 3 * MINUTE_MS;

interface EndInterrupted extends EndRunner<'interrupted_job'> {
  readonly lastLook: boolean;
  /** The first sweep that missed the machine, or this one, in milliseconds since the epoch; undefined: its provider was not listed. */
  readonly missingSince: number | undefined;
}

/**
 * Ends runners whose job failed, none of its steps did, and whose VM may have been preempted: as soon as the provider says that it was, else after
 * three minutes.
 */
export const endInterrupted: Rule<EndInterrupted> = {
  plan: planEnds,
  act: ({lastLook, missingSince, ...action}, repairs) =>
    repairs.endPerhapsPreempted(action, {lastLook, ...(missingSince === undefined ? {} : {missingSince})}),
  subject: runnerOf,
};

function planEnds(observed: Observed, now: number, tracker: PersistenceTracker): EndInterrupted[] {
  const machineOf = machineFinder(observed);
  const leaving = (observed.runners ?? []).filter(({state, mayBePreempted}) => state === 'draining' && mayBePreempted);
  return leaving.map((runner) => {
    const machine = machineOf(runner);
    const wasListed = isListed(observed, runner);
    const isDead = wasListed && (!machine || machine.status === 'stopped');
    const missingMs = wasListed && !machine ? tracker.observe(`missing ${runner.name}`) : 0;
    return {
      kind: 'end_runner',
      reason: 'interrupted_job',
      runner: runner.name,
      isDead,
      force: false,
      jobUrl: jobUrlOf(observed, runner),
      lastLook: now - runner.stateAt >= KNOWN_AFTER_MS,
      missingSince: wasListed ? now - missingMs : undefined,
    };
  });
}
