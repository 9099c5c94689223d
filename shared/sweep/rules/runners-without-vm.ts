import {MINUTE_MS} from '../../durations';
import {isBeingCreated, isEnding} from '../../model/runner';
import {isListed, jobUrlOf, machineFinder, type Observed, ourMachines} from '../observed';
import type {PersistenceTracker} from '../persistence';
import {type EndRunner, type Rule, runnerOf} from '../rule';

/** A runner is deleted within a minute or two after its end. After this many milliseconds the task that deletes it was lost. */
const LOST_AFTER_MS = 5 * MINUTE_MS;

interface End extends EndRunner<'lost_stop' | 'stopped_vm' | 'vanished_vm'> {
  /** The first sweep that missed the machine, in milliseconds since the epoch. */
  readonly missingSince?: number;
}

/** Ends runners whose VM vanished or stopped, which two sweeps must see, and runners whose deletion was lost. */
export const endRunnersWithoutVm: Rule<End> = {
  plan: planEnds,
  act: ({missingSince, ...action}, repairs) => {
    const hasStopped = action.reason === 'stopped_vm';
    return repairs.endRunner(action, missingSince === undefined ? {hasStopped} : {hasVanished: true, missingSince});
  },
  subject: runnerOf,
};

function planEnds(observed: Observed, now: number, tracker: PersistenceTracker): End[] {
  const machineOf = machineFinder(observed);
  const ours = new Set(ourMachines(observed));
  const actions: End[] = [];
  for (const runner of observed.runners ?? []) {
    if (isBeingCreated(runner)) continue;
    if (!isListed(observed, runner)) {
      for (const sighting of ['machine', 'missing']) tracker.carryOver(`${sighting} ${runner.name}`);
      continue;
    }
    const machine = machineOf(runner);
    if (machine && !ours.has(machine)) continue;
    const rest = {runner: runner.name, force: false, jobUrl: jobUrlOf(observed, runner)};
    if (isEnding(runner)) {
      // Either the deletion of the VM is running, or its task was lost.
      // mutation: ending is under way
      if (now - runner.stateAt < LOST_AFTER_MS || (machine && machine.status === 'stopping')) continue;
      const isDead = !machine || machine.status === 'stopped';
      actions.push({kind: 'end_runner', reason: 'lost_stop', ...rest, isDead});
    } else if (!machine || machine.status === 'stopped') {
      // A stopped machine that is missing later was there until then.
      const missingSince = machine ? undefined : now - tracker.observe(`missing ${runner.name}`);
      if (!tracker.hasPersisted(`machine ${runner.name}`)) continue;
      const end = {kind: 'end_runner', ...rest, isDead: true} as const;
      actions.push(
        missingSince === undefined ? {...end, reason: 'stopped_vm'} : {...end, reason: 'vanished_vm', missingSince},
      );
    }
  }
  return actions;
}
