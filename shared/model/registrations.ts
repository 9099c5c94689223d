import {HOUR_MS} from '../durations';
import {type RunnerScope, scopeName} from './scope';

/**
 * GitHub takes 1,500 registrations of runners in five minutes for one repository or organization. One App cannot reach that: its 900 points a
 * minute are 180 registrations. Several Apps can.
 *
 * @see https://docs.github.com/en/actions/reference/limits#existing-system-limits
 */
export const REGISTRATIONS_IN_FIVE_MINUTES = 1_500;

/**
 * Time between two turns, in milliseconds: 285 a minute. In five minutes these are 1,425. The rest is for turns that are used late, and for
 * registrations whose answer was lost and which were tried again.
 */
export const REGISTRATION_SPACING_MS = 60_000 / 285;

/** So much that was not used is still good, in milliseconds: a burst after a pause does not wait for the first turns. */
const SAVED_MS = 5_000;

const RETENTION_MS = HOUR_MS;

/** `facts/registrations.<scope>`: when the next registration in the scope may begin, where several Apps register. */
export interface RegistrationsDocument {
  readonly kind: 'registrations';
  /** In milliseconds since the epoch. */
  readonly nextAt: number;
  readonly expireAt: number;
}

/** Id in `facts` of the registrations of a scope. GitHub compares names without case, and has no `~` in them. */
export function registrationsId(scope: RunnerScope): string {
  return `registrations.${scope.kind}.${scopeName(scope).toLowerCase().replace('/', '~')}`;
}

/** Reserves the next `count` turns. `firstAt`: when the first of them is, which may have passed. */
export function reserveTurns(
  before: Pick<RegistrationsDocument, 'nextAt'> | undefined,
  count: number,
  now: number,
): {readonly firstAt: number; readonly document: RegistrationsDocument} {
  const firstAt = Math.max(before?.nextAt ?? 0, now - SAVED_MS);
  const nextAt = firstAt + count * REGISTRATION_SPACING_MS;
  return {firstAt, document: {kind: 'registrations', nextAt, expireAt: now + RETENTION_MS}};
}
