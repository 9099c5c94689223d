import {isOver, type RunnerDocument} from './runner';

/** What a provider said about the deletion of a runner's machine, and when, in milliseconds since the epoch. */
export interface Removal {
  readonly result: 'accepted' | 'absent';
  readonly at: number;
  /** The machine counts until it is gone, which is recorded when it is known: `registration: 'pickup'`. */
  readonly isUnderWay?: true;
  /** Until when an absent machine was there, as far as it was seen, in milliseconds since the epoch; left out: nobody saw it. */
  readonly seenUntil?: number;
}

/**
 * Records the end of the runner's machine: the time at which its deletion was accepted. A machine that is absent has ended before: when it was
 * seen last, if it was seen at all; else while its runner drained, if it did, because then the answer to an earlier deletion was lost;
 * otherwise it was taken away, and the end is when that was found. An end is recorded once, however often a deletion is repeated. The machine of a runner that was over already moves `stateAt`, by which
 * the sweep goes through ended runners: it has passed the record, and did not count the machine (shared/sweep/usage.ts).
 */
export function endMachine(runner: RunnerDocument, removal: Removal | undefined, now: number): RunnerDocument {
  if (typeof runner.machineEndedAt === 'number') return runner;
  if (!removal || typeof runner.machineCreatedAt !== 'number') return runner;
  const machineEndedAt = removal.result === 'accepted' ? removal.at : endOfAbsent(runner, removal);
  if (machineEndedAt === null) return runner;
  return {...runner, machineEndedAt, ...(isOver(runner) ? {stateAt: now} : {})};
}

/** Null: it is not known that there ever was a machine. */
function endOfAbsent(runner: RunnerDocument, {at, seenUntil}: Removal): number | null {
  // A runner of which no machine was ever accepted may drain as well: it lost its job during its creation.
  // mutation: machine that never was
  if (runner.machineAccepted !== true && runner.runs === null) return null;
  if (isOver(runner)) return null;
  // mutation: machine that was seen
  if (seenUntil !== undefined) return Math.max(seenUntil, runner.machineCreatedAt ?? seenUntil);
  return runner.state === 'draining' ? runner.stateAt : at;
}
