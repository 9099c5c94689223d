import type {JobEvent} from './job-event';
import {hasLabels, type RunnerDocument} from './runner';
import {liesIn} from './scope';

/**
 * Whether a registration of ours may stand under the runner's name although its id is not on record: an answer was lost, or an execution
 * died in between. Documents of older versions do not say: then it is not assumed.
 */
export function wasTried({registrationTriedAt}: Pick<RunnerDocument, 'registrationTriedAt'>): boolean {
  return typeof registrationTriedAt === 'number';
}

/** What an event, or a job at GitHub, says about who runs the job. */
export type RunnerMention = Pick<JobEvent, 'repository' | 'labels' | 'runnerId' | 'receivedAt'>;

/**
 * Whether the runner on record is the one that is spoken of under its name. A name is no identity: anybody may register a runner under it
 * elsewhere. The job's repository lies in the runner's scope, and the registration's id is the one on record. While that is not known,
 * the first id that comes after our own attempt to register is believed, if GitHub could have given the job to a runner with our labels.
 */
export function isMeant(runner: RunnerDocument, {repository, labels, runnerId, receivedAt}: RunnerMention): boolean {
  if (!liesIn(runner.scope, repository)) return false;
  if (runner.githubId !== null) return runnerId === null || runnerId === runner.githubId;
  if (runner.state === 'requested' || runner.state === 'gone' || runner.state === 'failed') return false;
  if (!hasLabels(runner, labels)) return false;
  const {registrationTriedAt} = runner;
  if (registrationTriedAt === undefined) return true;
  return registrationTriedAt !== null && (receivedAt === null || receivedAt >= registrationTriedAt);
}

/** A registered runner, as far as GitHub's list tells it from others. */
export interface SeenRegistration {
  readonly id: number;
  readonly name: string;
  readonly status: 'online' | 'offline';
  readonly busy: boolean;
}

/** Whether the registration, seen in `scope`, is that of the runner on record. */
export function isRegistrationOf(
  runner: Pick<RunnerDocument, 'name' | 'githubId' | 'registrationTriedAt'>,
  registration: SeenRegistration,
): boolean {
  if (runner.githubId !== null) return runner.githubId === registration.id;
  return wasTried(runner) && runner.name === registration.name && isUnused(registration);
}

/** Nothing runs there, and nobody is connected: with a name alone to go by, no other registration is taken for ours. */
export function isUnused({status, busy}: Pick<SeenRegistration, 'status' | 'busy'>): boolean {
  return status === 'offline' && !busy;
}
