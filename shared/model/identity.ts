import type {JobEvent} from './job-event';
import {hasLabels, type RunnerDocument} from './runner';
import {isInScope} from './scope';

/**
 * Whether GitHub may have a registration of ours under the runner's name whose id is not on record: GitHub's answer was lost, or the
 * execution crashed before it recorded the id. False for documents of older versions, which do not record the attempt.
 */
export function wasRegistrationTried({registrationTriedAt}: Pick<RunnerDocument, 'registrationTriedAt'>): boolean {
  return typeof registrationTriedAt === 'number';
}

/** What an event, or a job at GitHub, says about the runner of the job. */
export type RunnerMention = Pick<JobEvent, 'repository' | 'labels' | 'runnerId' | 'receivedAt'>;

/**
 * Whether the runner on record is the runner that an event mentions by the same name. A name is not an identity: anybody may register a
 * runner of this name in another scope. So the job's repository must be in the runner's scope, and the mentioned registration id must be
 * the one on record. While no id is on record, the first id mentioned after our attempt to register is accepted, if the runner has the
 * labels that the job asks for.
 */
export function isMentionedRunner(
  runner: RunnerDocument,
  {repository, labels, runnerId, receivedAt}: RunnerMention,
): boolean {
  if (!isInScope(runner.scope, repository)) return false;
  if (runner.githubId !== null) return runnerId === null || runnerId === runner.githubId;
  if (runner.state === 'requested' || runner.state === 'gone' || runner.state === 'failed') return false;
  if (!hasLabels(runner, labels)) return false;
  const {registrationTriedAt} = runner;
  if (registrationTriedAt === undefined) return true;
  return registrationTriedAt !== null && (receivedAt === null || receivedAt >= registrationTriedAt);
}

/** A registration as GitHub's list of runners shows it. */
export interface SeenRegistration {
  readonly id: number;
  readonly name: string;
  readonly status: 'online' | 'offline';
  readonly busy: boolean;
}

/** Whether the registration, listed in the runner's scope, belongs to the runner on record. */
export function isRegistrationOf(
  runner: Pick<RunnerDocument, 'name' | 'githubId' | 'registrationTriedAt'>,
  registration: SeenRegistration,
): boolean {
  if (runner.githubId !== null) return runner.githubId === registration.id;
  return wasRegistrationTried(runner) && runner.name === registration.name && isUnused(registration);
}

/** Whether the registration is offline and idle. Only such a registration is taken for ours when the name is the only evidence. */
export function isUnused({status, busy}: Pick<SeenRegistration, 'status' | 'busy'>): boolean {
  return status === 'offline' && !busy;
}
