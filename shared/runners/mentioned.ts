import {isMentionedRunner} from '../model/identity';
import {type JobDocument, type JobKey, jobKeyOf} from '../model/job';
import {applyJobEvent, type JobChange, type JobEvent} from '../model/job-event';
import {matchJob} from '../model/matching';
import {isRfc1035, parseRunnerName} from '../model/names';
import {isOver, type RunnerDocument} from '../model/runner';
import type {Context} from '../ports';
import type {Transaction} from '../store/store';

/**
 * Which runner an event mentions. `foreign`: somebody else's runner with the name of one of ours. `runs_another`: one of ours, which on
 * record runs another job that is not over; an ephemeral runner runs only one job, so the mention is not believed.
 */
export type Mention = 'none' | 'ours' | 'foreign' | 'runs_another';

export interface Mentioned {
  readonly change: JobChange;
  readonly mention: Mention;
  /** The runner on record that runs or ran the job, with what the event tells of its registration. */
  readonly runner: RunnerDocument | undefined;
  /** Whether the event told more of it than is on record. */
  readonly isNews?: boolean;
}

/** What the event changes about its job, and which runner on record it mentions. Only reads. */
export async function readMention(
  transaction: Transaction,
  event: JobEvent,
  existing: JobDocument | undefined,
  now: number,
): Promise<Mentioned> {
  const key = jobKeyOf(event);
  const named = await runnerNamed(transaction, event.runnerName);
  const isForeign = named !== undefined && !isMentionedRunner(named, event);
  // A job on somebody else's runner is recorded without a runner.
  const ownEvent = isForeign ? {...event, runnerName: null, runnerId: null} : event;
  const change = applyJobEvent(existing, ownEvent, now);
  const found = ownEvent.runnerName === null ? await runnerOnRecord(transaction, change.job, key) : named;
  const other = found?.runs && found.runs !== key ? await transaction.get('jobs', found.runs) : undefined;
  // mutation: runner of another job
  if (other && other.status !== 'completed') return {change, mention: 'runs_another', runner: undefined};
  const mention = isForeign ? 'foreign' : found ? 'ours' : 'none';
  const runner = found && withRegistration(found, ownEvent);
  return {change, mention, runner, isNews: runner !== found};
}

/** The runner of this name on record. A text that cannot be the name of a VM is no runner of ours. */
async function runnerNamed(transaction: Transaction, name: string | null): Promise<RunnerDocument | undefined> {
  return name !== null && isRfc1035(name) ? transaction.get('runners', name) : undefined;
}

/** The runner that ran the job by our record, for an event that names none. */
async function runnerOnRecord(
  transaction: Transaction,
  {runner: name, status}: JobDocument,
  key: JobKey,
): Promise<RunnerDocument | undefined> {
  if (status !== 'in_progress' && status !== 'completed') return undefined;
  const runner = await runnerNamed(transaction, name);
  return runner && (runner.runs === key || isOver(runner)) ? runner : undefined;
}

/** The runner with the registration's id from the event, if no id is on record. */
function withRegistration(runner: RunnerDocument, {runnerId}: JobEvent): RunnerDocument {
  return runner.githubId === null && runnerId !== null ? {...runner, githubId: runnerId} : runner;
}

/** Whether the event was accepted only for the runner's name: no pool matches the job, and no runner of ours is mentioned. */
export function isForeignEvent(
  context: Context,
  event: JobEvent,
  {existing, mention}: {readonly existing: JobDocument | undefined; readonly mention: Mention},
): boolean {
  const {runnerName, repository, labels} = event;
  if (existing || mention === 'ours' || mention === 'runs_another' || runnerName === null) return false;
  if (!parseRunnerName(context.deployment, runnerName)) return false;
  return matchJob({repository, labels, isPublic: false}, context.pools).kind === 'ignored';
}

/** Logs a mention that changes no runner. */
export function logMention({logger}: Context, event: JobEvent, mention: 'foreign' | 'runs_another'): void {
  const {runnerName, runnerId, repository, status} = event;
  const fields = {decision: mention, runner: runnerName ?? '', runnerId, repository, job: jobKeyOf(event)};
  const message =
    mention === 'foreign'
      ? `${status} of a job of ${repository} names a runner ${runnerName} that is none of ours: no runner is touched`
      : `${status} of a job names runner ${runnerName}, which runs another job: the runner stays until that one ends`;
  logger.warning(message, fields);
}
